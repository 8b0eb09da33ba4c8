/** What a picture may be: told by its first bytes, never by a name or a header. */
export const pictureTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'] as const
export type PictureType = (typeof pictureTypes)[number]

/** A picture that has been looked through, without what it said besides: where it was taken, by whom, with what. */
export interface Picture {
  readonly type: PictureType
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Why bytes are no picture that is taken. */
export type Refusal = 'unknown-type' | 'unreadable' | 'too-many-pixels'

/** What a decoder would unpack a few bytes into is bounded by this, so that no picture is a bomb to who opens it. */
const maxPixels = 50_000_000

/**
 * Segments, chunks, blocks and frames in a file. An honest picture of five megabytes has thousands; one made of empty ones has
 * millions, and each costs time and memory here.
 */
const maxParts = 100_000

/** The type of a picture by its first bytes. */
export function sniff(bytes: Uint8Array): PictureType | undefined {
  const begins = (text: string, at = 0): boolean => textAt(bytes, at, text.length) === text
  if (begins('\xff\xd8\xff')) return 'image/jpeg'
  if (begins('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (begins('GIF87a') || begins('GIF89a')) return 'image/gif'
  if (begins('RIFF') && begins('WEBP', 8)) return 'image/webp'
  return undefined
}

/**
 * Looks a picture through from end to end, without unpacking it: its type, how large it says it is, and its bytes without
 * metadata. What shows the picture stays byte for byte, and so do its colour profile and its orientation (JPEG); what follows
 * its end is cut off. Bytes that are cut short or make no sense are refused, never thrown over.
 */
export function pictureIn(bytes: Uint8Array): Picture | Refusal {
  const type = sniff(bytes)
  if (!type) return 'unknown-type'
  try {
    const { width, height, kept } = readers[type](new Reader(bytes))
    if (width === 0 || height === 0) return 'unreadable'
    if (width * height > maxPixels) return 'too-many-pixels'
    return { type, width, height, bytes: joined(kept) }
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable'
    throw error
  }
}

/** What one looking through found: the largest size that anything in it claims, and the pieces that stay, in order. */
interface Found {
  width: number
  height: number
  readonly kept: Uint8Array[]
}

const found = (): Found => ({ width: 0, height: 0, kept: [] })

/** Keeps a piece of the file; what follows on the one before becomes one with it, so that few are held. */
function keep(seen: Found, piece: Uint8Array): void {
  const last = seen.kept.at(-1)
  if (last && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
    seen.kept[seen.kept.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length)
  } else {
    seen.kept.push(piece)
  }
}

// A header may say little and a frame in it much: the larger of the two is what a decoder may make room for.
function enlarge(seen: Found, width: number, height: number): void {
  seen.width = Math.max(seen.width, width)
  seen.height = Math.max(seen.height, height)
}

class Unreadable extends Error {}

/** Reads on from where it is, and never past the end. */
class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** The reader of the file that this one reads a part of. */
  readonly whole: Reader
  #parts = 0
  at = 0

  constructor(bytes: Uint8Array, whole?: Reader) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.whole = whole ?? this
  }

  /** Counts one more part of the file. */
  part(): void {
    this.whole.#parts += 1
    demand(this.whole.#parts <= maxParts)
  }

  /** Passes over bytes. */
  skip(length: number): void {
    this.#step(length)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  #step(length: number): number {
    if (length > this.left) throw new Unreadable()
    const before = this.at
    this.at += length
    return before
  }

  byte = (): number => this.#view.getUint8(this.#step(1))
  short = (little = false): number => this.#view.getUint16(this.#step(2), little)
  long = (little = false): number => this.#view.getUint32(this.#step(4), little)
  take(length: number): Uint8Array {
    const from = this.#step(length)
    return this.bytes.subarray(from, from + length)
  }
  text = (length: number): string => textAt(this.take(length), 0, length)
}

const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

const demand = (holds: boolean): void => {
  if (!holds) throw new Unreadable()
}

const readers: Record<PictureType, (reader: Reader) => Found> = {
  'image/jpeg': readJpeg,
  'image/png': readPng,
  'image/webp': readWebp,
  'image/gif': readGif,
}

// ---------------------------------------------------------------- JPEG (ITU-T T.81, annex B)

/** Start of frame: C0–CF but DHT, JPG and DAC, and DHP, which says the size of a hierarchy of frames. */
const isFrame = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xde

/** APP0 JFIF, APP2 with a colour profile and APP14 Adobe say how to show the picture; the others, and comments, say more. */
function isShowing(marker: number, data: Uint8Array): boolean {
  const begins = (text: string): boolean => textAt(data, 0, text.length) === text
  if (marker === 0xe0) return begins('JFIF\0') || begins('JFXX\0')
  if (marker === 0xe2) return begins('ICC_PROFILE\0')
  if (marker === 0xee) return begins('Adobe')
  return !(marker >= 0xe0 && marker <= 0xef) && marker !== 0xfe
}

function readJpeg(reader: Reader): Found {
  const seen = found()
  let begun = false
  let turned = false
  keep(seen, reader.take(2))
  while (true) {
    reader.part()
    demand(reader.byte() === 0xff)
    let marker = reader.byte()
    while (marker === 0xff) marker = reader.byte()
    if (marker === 0xd9) break
    // TEM and restart markers stand alone; a second start, or a stuffed zero, stands nowhere.
    demand(marker > 0x01 && !(marker >= 0xd0 && marker <= 0xd8))
    // Not what fills the room before it.
    const from = reader.at - 2
    const length = reader.short()
    demand(length >= 2)
    const data = reader.take(length - 2)
    if (isFrame(marker)) {
      demand(data.length >= 6)
      const frame = new Reader(data)
      frame.at = 1
      const height = frame.short()
      enlarge(seen, frame.short(), height)
      // A height that a later segment tells (DNL) is none that bounds anything.
      demand(height > 0)
    }
    // The first one counts: to look through as many as fit would take long.
    if (marker === 0xe1 && !turned && isExif(data)) {
      turned = true
      const orientation = orientationIn(data)
      if (orientation > 1) keep(seen, exifOf(orientation))
    }
    if (!isShowing(marker, data)) continue
    keep(seen, reader.bytes.subarray(from, reader.at))
    if (marker === 0xda) {
      begun = true
      keep(seen, scanData(reader))
    }
  }
  demand(begun && seen.width > 0)
  keep(seen, Uint8Array.of(0xff, 0xd9))
  return seen
}

/** The compressed data of a scan: up to the next marker that is neither a stuffed FF nor a restart. */
function scanData(reader: Reader): Uint8Array {
  const { bytes, at } = reader
  let end = bytes.indexOf(0xff, at)
  while (true) {
    demand(end >= 0 && end + 1 < bytes.length)
    const next = bytes[end + 1] ?? 0
    if (next === 0xff) end += 1
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) end = bytes.indexOf(0xff, end + 2)
    else return reader.take(end - at)
  }
}

const isExif = (data: Uint8Array): boolean => textAt(data, 0, 6) === 'Exif\0\0'

/** The orientation that EXIF names (tag 0x0112 of its first directory); 1, upright, where there is none that can be read. */
function orientationIn(data: Uint8Array): number {
  const tiff = new Reader(data.subarray(6))
  try {
    const little = tiff.text(2) === 'II'
    tiff.at = 4
    tiff.at = Math.min(tiff.long(little), tiff.bytes.length)
    for (let entries = tiff.short(little); entries > 0; entries--) {
      const tag = tiff.short(little)
      const kind = tiff.short(little)
      tiff.take(4)
      const value = tiff.short(little)
      tiff.take(2)
      if (tag === 0x0112) return kind === 3 && value >= 1 && value <= 8 ? value : 1
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
  }
  return 1
}

/** A segment of EXIF that says an orientation and nothing else. */
const exifOf = (orientation: number): Uint8Array =>
  Uint8Array.from([
    ...[0xff, 0xe1, 0x00, 0x22, 0x45, 0x78, 0x69, 0x66, 0x00, 0x00], // APP1, 34 bytes, "Exif"
    ...[0x4d, 0x4d, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x08, 0x00, 0x01], // TIFF, big-endian, a directory of one
    ...[0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, orientation, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  ])

// ---------------------------------------------------------------- PNG (ISO/IEC 15948, and APNG)

/** The chunks that say how to show a picture. Those that a decoder must know (capital first letter) stay anyhow. */
const showingChunks = 'tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT'.split(' ')

function readPng(reader: Reader): Found {
  const seen = found()
  keep(seen, reader.take(8))
  let filled = false
  for (let first = true; ; first = false) {
    reader.part()
    const from = reader.at
    const length = reader.long()
    const type = reader.text(4)
    demand(/^[A-Za-z]{4}$/.test(type) && (type === 'IHDR') === first)
    const data = reader.take(length)
    reader.take(4)
    if (type === 'IHDR') {
      demand(length === 13)
      const header = new Reader(data)
      enlarge(seen, header.long(), header.long())
    }
    if (type === 'fcTL') {
      demand(length === 26)
      const frame = new Reader(data)
      frame.at = 4
      enlarge(seen, frame.long(), frame.long())
    }
    if (type === 'IDAT') filled = true
    if (/^[A-Z]/.test(type) || showingChunks.includes(type)) keep(seen, reader.bytes.subarray(from, reader.at))
    if (type === 'IEND') break
  }
  demand(filled)
  return seen
}

// ---------------------------------------------------------------- WebP (RFC 9649)

const webpChunks = ['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']
/** In the flags of VP8X: that there is EXIF, and that there is XMP. */
const metadataFlags = 0x08 | 0x04

function readWebp(reader: Reader): Found {
  const seen = found()
  reader.at = 4
  const size = reader.long(true)
  demand(size >= 4)
  const body = new Reader(reader.take(size).subarray(4), reader)
  const shown = webpFrames(body, seen, (type, chunk) => {
    if (type !== 'VP8X') return chunk
    const plain = chunk.slice()
    plain[8] = (plain[8] ?? 0) & ~metadataFlags
    return plain
  })
  demand(shown)
  const length = seen.kept.reduce((sum, piece) => sum + piece.length, 4)
  const header = new Uint8Array(12)
  header.set(reader.bytes.subarray(0, 12))
  new DataView(header.buffer).setUint32(4, length, true)
  seen.kept.unshift(header)
  return seen
}

/** Reads chunks to the end; whether there was a picture among them. `shownAs` says how each that stays does; none in a frame. */
function webpFrames(reader: Reader, seen: Found, shownAs?: (type: string, chunk: Uint8Array) => Uint8Array): boolean {
  let shown = false
  while (reader.left > 0) {
    reader.part()
    const from = reader.at
    const type = reader.text(4)
    const length = reader.long(true)
    const data = new Reader(reader.take(length), reader.whole)
    // The last one's padding is left out by some.
    if (length % 2 === 1 && reader.left > 0) reader.take(1)
    if (type === 'VP8X') {
      demand(shownAs !== undefined && length >= 10 && from === 0)
      data.at = 4
      enlarge(seen, three(data) + 1, three(data) + 1)
    } else if (type === 'VP8 ') {
      data.at = 3
      demand(length >= 10 && data.text(3) === '\x9d\x01\x2a')
      enlarge(seen, data.short(true) & 0x3fff, data.short(true) & 0x3fff)
      shown = true
    } else if (type === 'VP8L') {
      demand(length >= 5 && data.byte() === 0x2f)
      const bits = data.long(true)
      enlarge(seen, (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
      shown = true
    } else if (type === 'ANMF') {
      demand(shownAs !== undefined && length >= 16)
      data.at = 6
      enlarge(seen, three(data) + 1, three(data) + 1)
      data.at = 16
      demand(webpFrames(data, seen))
      shown = true
    } else {
      // A frame stays as it is, so it may hold nothing that would not.
      demand(shownAs !== undefined || type === 'ALPH')
    }
    if (shownAs && webpChunks.includes(type)) {
      keep(seen, shownAs(type, reader.bytes.subarray(from, reader.at)))
      if (length % 2 === 1 && (reader.at - from) % 2 === 1) keep(seen, Uint8Array.of(0))
    }
  }
  return shown
}

const three = (reader: Reader): number => reader.short(true) + reader.byte() * 0x10000

// ---------------------------------------------------------------- GIF (89a)

/** Extensions by applications that show something: how often to repeat, and a colour profile. */
const showingApplications = ['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012']

function readGif(reader: Reader): Found {
  const seen = found()
  const colours = (packed: number): number => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0)
  reader.at = 6
  enlarge(seen, reader.short(true), reader.short(true))
  reader.take(2 + colours(reader.byte()))
  keep(seen, reader.bytes.subarray(0, reader.at))
  let shown = false
  while (true) {
    reader.part()
    const from = reader.at
    const block = reader.byte()
    if (block === 0x3b) break
    let stays = true
    if (block === 0x2c) {
      const [left, top] = [reader.short(true), reader.short(true)]
      enlarge(seen, left + reader.short(true), top + reader.short(true))
      reader.take(colours(reader.byte()) + 1)
      shown = true
    } else {
      demand(block === 0x21)
      const label = reader.byte()
      // 0xFE is a comment; 0xFF an application's own, which begins with its name.
      const name = label === 0xff ? textAt(reader.bytes, reader.at + 1, 11) : ''
      stays = label === 0xff ? showingApplications.includes(name) : label !== 0xfe
    }
    for (let length = reader.byte(); length > 0; length = reader.byte()) {
      reader.part()
      reader.skip(length)
    }
    if (stays) keep(seen, reader.bytes.subarray(from, reader.at))
  }
  demand(shown)
  keep(seen, Uint8Array.of(0x3b))
  return seen
}
