import { readJpeg } from './jpeg.ts'
import {
  assertFormat,
  keepPiece,
  Reader,
  recordSize,
  type ScanResult,
  scanResult,
  textAt,
  Unreadable,
} from './reader.ts'

/** The accepted types, recognized by the first bytes, never by a name or a header. */
export const pictureTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'] as const
export type PictureType = (typeof pictureTypes)[number]

/** A checked picture without metadata such as place, author and camera. */
export interface Picture {
  readonly type: PictureType
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Why a picture is refused. */
export type Refusal = 'unknown-type' | 'unreadable' | 'too-many-pixels'

/** Limits what a decoder allocates, so that no picture is a decompression bomb. */
const maxPixels = 50_000_000

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
 * Reads a picture's structure from end to end, without decompressing it; returns its type, its size and its bytes
 * without metadata. A list names what stays: what shows the picture, its colour profile, its orientation (JPEG).
 * Everything else is dropped, and anything after its end is cut off. Truncated or invalid bytes are refused with a
 * reason; nothing is thrown.
 */
export function stripMetadata(bytes: Uint8Array): Picture | Refusal {
  const type = sniff(bytes)
  if (!type) return 'unknown-type'
  try {
    const { width, height, segments } = readers[type](new Reader(bytes))
    if (width === 0 || height === 0) return 'unreadable'
    if (width * height > maxPixels) return 'too-many-pixels'
    return { type, width, height, bytes: joined(segments) }
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable'
    throw error
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

const readers: Record<PictureType, (reader: Reader) => ScanResult> = {
  'image/jpeg': readJpeg,
  'image/png': readPng,
  'image/webp': readWebp,
  'image/gif': readGif,
}

// ---------------------------------------------------------------- PNG (ISO/IEC 15948, and APNG)

/** The chunks of the picture itself: a stream in pieces of any length. */
const streamChunks = ['IDAT', 'fdAT']
/** The chunks that say how to show it, with their maximum lengths. Each appears once, except for frames. */
const showingChunks: Readonly<Record<string, number>> = {
  ...{ IHDR: 13, PLTE: 768, IEND: 0, tRNS: 256, acTL: 8, fcTL: 26 },
  ...{
    cHRM: 32,
    gAMA: 4,
    iCCP: Number.POSITIVE_INFINITY,
    sBIT: 4,
    sRGB: 1,
    cICP: 4,
    mDCV: 24,
    cLLI: 8,
    bKGD: 6,
    pHYs: 9,
  },
}

function readPng(reader: Reader): ScanResult {
  const seen = scanResult()
  keepPiece(seen, reader.take(8))
  let filled = false
  // Animation frames (APNG) that are not announced before the picture are never shown.
  let animated = false
  const described = new Set<string>()
  for (let first = true; ; first = false) {
    reader.part()
    const from = reader.at
    const length = reader.long()
    const type = reader.text(4)
    assertFormat(/^[A-Za-z]{4}$/.test(type) && (type === 'IHDR') === first)
    const data = reader.take(length)
    reader.take(4)
    if (type === 'IHDR') {
      assertFormat(length === 13)
      const header = new Reader(data)
      recordSize(seen, header.long(), header.long())
    }
    if (type === 'fcTL') {
      assertFormat(length === 26)
      const frame = new Reader(data)
      frame.at = 4
      recordSize(seen, frame.long(), frame.long())
    }
    if (type === 'IDAT') filled = true
    const isStream = streamChunks.includes(type)
    const fits = isStream || (length <= (showingChunks[type] ?? -1) && !described.has(type))
    if (type === 'acTL') animated = fits && !filled
    const shows = fits && (animated || !['acTL', 'fcTL', 'fdAT'].includes(type))
    if (type !== 'fcTL') described.add(type)
    if (shows) keepPiece(seen, reader.bytes.subarray(from, reader.at))
    if (type === 'IEND') {
      assertFormat(length === 0)
      break
    }
  }
  assertFormat(filled)
  return seen
}

// ---------------------------------------------------------------- WebP (RFC 9649)

/** The chunks that show a picture. Each appears once, except for frames. */
const webpChunks = ['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']
/** The flags of VP8X for what stays: a colour profile, transparency, an animation. Not EXIF and XMP. */
const announcedBy: Readonly<Record<string, number>> = { ICCP: 0x20, ALPH: 0x10, ANIM: 0x02, ANMF: 0x02 }
const showingFlags = 0x20 | 0x10 | 0x02

function readWebp(reader: Reader): ScanResult {
  const seen = scanResult()
  reader.at = 4
  const size = reader.long(true)
  assertFormat(size >= 4)
  const body = new Reader(reader.take(size).subarray(4), reader)
  let flags = 0
  const isVisible = webpFrames(body, seen, (type, chunk) => {
    const flag = announcedBy[type]
    if (type !== 'VP8X') return flag === undefined || flags & flag ? chunk : undefined
    const plain = chunk.slice()
    flags = (plain[8] ?? 0) & showingFlags
    plain.set([flags, 0, 0, 0], 8)
    return plain
  })
  assertFormat(isVisible)
  const length = seen.segments.reduce((sum, piece) => sum + piece.length, 4)
  const header = new Uint8Array(12)
  header.set(reader.bytes.subarray(0, 12))
  new DataView(header.buffer).setUint32(4, length, true)
  seen.segments.unshift(header)
  return seen
}

/**
 * Reads chunks to the end; returns whether there was a picture among them. `shownAs` has the flag of each chunk that
 * stays; undefined inside a frame.
 */
function webpFrames(
  reader: Reader,
  seen: ScanResult,
  shownAs?: (type: string, chunk: Uint8Array) => Uint8Array | undefined,
): boolean {
  let isVisible = false
  const described = new Set<string>()
  while (reader.left > 0) {
    reader.part()
    const from = reader.at
    const type = reader.text(4)
    const length = reader.long(true)
    const repeated = described.has(type) || (isBitstream(type) && isVisible)
    if (type !== 'ANMF') described.add(type)
    const data = new Reader(reader.take(length), reader.whole)
    // Some encoders omit the padding of the last chunk.
    if (length % 2 === 1 && reader.left > 0) reader.take(1)
    if (type === 'VP8X') {
      assertFormat(shownAs !== undefined && length === 10 && from === 0)
      data.at = 4
      recordSize(seen, three(data) + 1, three(data) + 1)
    } else if (type === 'VP8 ') {
      data.at = 3
      assertFormat(length >= 10 && data.text(3) === '\x9d\x01\x2a')
      recordSize(seen, data.short(true) & 0x3fff, data.short(true) & 0x3fff)
      isVisible = true
    } else if (type === 'VP8L') {
      assertFormat(length >= 5 && data.byte() === 0x2f)
      // It contains its own transparency: a separate one would never be shown.
      assertFormat(!described.has('ALPH'))
      const bits = data.long(true)
      recordSize(seen, (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
      isVisible = true
    } else if (type === 'ANMF') {
      assertFormat(shownAs !== undefined && length >= 16 && !described.has('VP8 ') && !described.has('VP8L'))
      data.at = 6
      recordSize(seen, three(data) + 1, three(data) + 1)
      data.at = 16
      assertFormat(webpFrames(data, seen))
      isVisible = true
    } else {
      // A frame is kept unchanged, so it may contain nothing that would be dropped.
      assertFormat(shownAs !== undefined || type === 'ALPH')
      assertFormat(type !== 'ALPH' || !isVisible)
      assertFormat(type !== 'ANIM' || length === 6)
    }
    assertFormat(shownAs !== undefined || !repeated)
    if (shownAs && webpChunks.includes(type) && !repeated) {
      const chunk = shownAs(type, reader.bytes.subarray(from, reader.at))
      if (chunk) keepPiece(seen, chunk)
      if (chunk && length % 2 === 1 && (reader.at - from) % 2 === 1) keepPiece(seen, Uint8Array.of(0))
    }
  }
  return isVisible
}

/** A still picture has one of these, and so has each animation frame. A second one would be a hidden picture. */
const isBitstream = (type: string): boolean => type === 'VP8 ' || type === 'VP8L'

const three = (reader: Reader): number => reader.short(true) + reader.byte() * 0x10000

// ---------------------------------------------------------------- GIF (89a)

/** Application extensions for the number of repetitions, with their lengths. */
const repeatingApplications = ['NETSCAPE2.0', 'ANIMEXTS1.0']
const repeatingLength = 19
/** The length of a graphic control extension. */
const controlLength = 8

/** Whether an extension (from its label to its end) says how to show the picture. */
function isShowingExtension(extension: Uint8Array): boolean {
  // The name, of eleven letters, comes first.
  const application = extension[1] === 0xff && extension[2] === 11 ? textAt(extension, 3, 11) : ''
  if (repeatingApplications.includes(application)) return extension.length === repeatingLength
  return application === 'ICCRGBG1012' || (extension[1] === 0xf9 && extension.length === controlLength)
}

function readGif(reader: Reader): ScanResult {
  const seen = scanResult()
  const colours = (packed: number): number => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0)
  reader.at = 6
  recordSize(seen, reader.short(true), reader.short(true))
  reader.take(2 + colours(reader.byte()))
  keepPiece(seen, reader.bytes.subarray(0, reader.at))
  let isVisible = false
  while (true) {
    reader.part()
    const from = reader.at
    const block = reader.byte()
    if (block === 0x3b) break
    if (block === 0x2c) {
      const [left, top] = [reader.short(true), reader.short(true)]
      recordSize(seen, left + reader.short(true), top + reader.short(true))
      reader.take(colours(reader.byte()) + 1)
      isVisible = true
    } else {
      assertFormat(block === 0x21)
      reader.take(1)
    }
    for (let length = reader.byte(); length > 0; length = reader.byte()) {
      reader.part()
      reader.skip(length)
    }
    const read = reader.bytes.subarray(from, reader.at)
    if (block === 0x2c || isShowingExtension(read)) keepPiece(seen, read)
  }
  assertFormat(isVisible)
  keepPiece(seen, Uint8Array.of(0x3b))
  return seen
}
