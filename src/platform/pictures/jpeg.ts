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

/** Start of frame: C0 to CF except DHT, JPG and DAC. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

/** Arithmetic conditioning has at most this many entries of two bytes. */
const maxConditioningBytes = 16

/**
 * The length of the complete tables in a segment's data. A table begins with a byte, and `sizeAt` gives its length; an
 * incomplete table is dropped.
 */
function tablesLength(data: Uint8Array, sizeAt: (at: number) => number): number {
  let end = 0
  while (end < data.length && end + sizeAt(end) <= data.length) end += sizeAt(end)
  return end
}

/**
 * The length of the data that decoding needs, by the segment's own counts (ITU-T T.81, sections B.2.2 to B.2.4);
 * anything after it shows nothing. Undefined if decoding does not need the segment.
 */
function decodedLength(marker: number, data: Uint8Array): number | undefined {
  if (isFrame(marker)) return 6 + 3 * (data[5] ?? 0)
  switch (marker) {
    case 0xc4: // DHT: a class, sixteen counts, and so many values
      return tablesLength(data, (at) => 17 + data.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0))
    case 0xcc: // DAC
      return Math.min(data.length - (data.length % 2), maxConditioningBytes)
    case 0xda: // SOS: its components, and how the scan runs
      return 4 + 2 * (data[0] ?? 0)
    case 0xdb: // DQT: 64 values of one byte or two
      return tablesLength(data, (at) => 1 + ((data[at] ?? 0) >> 4 === 0 ? 64 : 128))
    case 0xdd: // DRI
      return 2
    default:
      return undefined
  }
}

/**
 * The part of a segment that is kept, by a list of what shows the picture; undefined if none is. Of APP0 JFIF,
 * everything before its thumbnail, which may show what was cropped away; of APP14 Adobe, its defined part; APP2, if it
 * is a colour profile.
 */
function showingPart(marker: number, segment: Uint8Array): Uint8Array | undefined {
  const begins = (text: string): boolean => textAt(segment, 4, text.length) === text
  if (marker === 0xe0 && begins('JFIF\0') && segment.length >= 18) {
    return Uint8Array.of(0xff, marker, 0, 16, ...segment.subarray(4, 16), 0, 0)
  }
  if (marker === 0xee && begins('Adobe') && segment.length >= 16) {
    return Uint8Array.of(0xff, marker, 0, 14, ...segment.subarray(4, 16))
  }
  if (marker === 0xe2 && begins('ICC_PROFILE\0')) return segment
  const data = segment.subarray(4)
  const length = decodedLength(marker, data)
  if (length === undefined) return undefined
  assertFormat(length > 0 && length <= data.length)
  return Uint8Array.of(0xff, marker, (length + 2) >> 8, (length + 2) & 0xff, ...data.subarray(0, length))
}

/**
 * Reads a JPEG (ITU-T T.81, annex B).
 * @throws Unreadable
 */
export function readJpeg(reader: Reader): ScanResult {
  const seen = scanResult()
  let begun = false
  let framed = false
  let turned = false
  const described = new Set<number>()
  keepPiece(seen, reader.take(2))
  while (true) {
    reader.part()
    assertFormat(reader.byte() === 0xff)
    let marker = reader.byte()
    while (marker === 0xff) marker = reader.byte()
    if (marker === 0xd9) break
    // TEM and restart markers stand alone; a second start or a stuffed zero is invalid here.
    assertFormat(marker > 0x01 && !(marker >= 0xd0 && marker <= 0xd8))
    // Fill bytes before a marker are dropped.
    const from = reader.at - 2
    const length = reader.short()
    assertFormat(length >= 2)
    const data = reader.take(length - 2)
    if (isFrame(marker)) {
      // One frame is one picture. In a hierarchy of frames, which no viewer shows, the others could hide data.
      assertFormat(data.length >= 6 && !framed)
      framed = true
      const frame = new Reader(data)
      frame.at = 1
      const height = frame.short()
      recordSize(seen, frame.short(), height)
      // A height that a later segment sets (DNL) would not limit anything.
      assertFormat(height > 0)
    }
    // Only the first one counts: reading as many as fit would take too long.
    if (marker === 0xe1 && !turned && isExif(data)) {
      turned = true
      const orientation = orientationIn(data)
      if (orientation > 1) keepPiece(seen, exifOf(orientation))
    }
    const part = showingPart(marker, reader.bytes.subarray(from, reader.at))
    // JFIF and Adobe describe the picture only once.
    if (!part || described.has(marker)) continue
    if (marker === 0xe0 || marker === 0xee) described.add(marker)
    keepPiece(seen, part)
    if (marker === 0xda) {
      begun = true
      keepPiece(seen, scanData(reader))
    }
  }
  assertFormat(begun && seen.width > 0)
  keepPiece(seen, Uint8Array.of(0xff, 0xd9))
  return seen
}

/** The compressed data of a scan: up to the next marker that is neither a stuffed FF nor a restart. */
function scanData(reader: Reader): Uint8Array {
  const { bytes, at } = reader
  let end = bytes.indexOf(0xff, at)
  while (true) {
    assertFormat(end >= 0 && end + 1 < bytes.length)
    const next = bytes[end + 1] ?? 0
    if (next === 0xff) end += 1
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) end = bytes.indexOf(0xff, end + 2)
    else return reader.take(end - at)
  }
}

const isExif = (data: Uint8Array): boolean => textAt(data, 0, 6) === 'Exif\0\0'

/** The orientation in EXIF (tag 0x0112 of its first directory); 1, upright, if there is none that can be read. */
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

/** Creates an EXIF segment that contains only an orientation. */
const exifOf = (orientation: number): Uint8Array =>
  Uint8Array.from([
    ...[0xff, 0xe1, 0x00, 0x22, 0x45, 0x78, 0x69, 0x66, 0x00, 0x00], // APP1, 34 bytes, "Exif"
    ...[0x4d, 0x4d, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x08, 0x00, 0x01], // TIFF, big-endian, a directory of one
    ...[0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, orientation, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  ])
