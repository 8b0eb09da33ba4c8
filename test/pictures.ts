/** Pictures of 8 × 6 pixels that browsers show, the left half white; made by Chromium, the GIF by hand. */
const encoded = {
  jpeg:
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5mo' +
    'q6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAGAAgDASIAAhEB' +
    'AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAYEAEAAwEAAAAAAAAAAAAAAAAABUOCwf/EABUBAQEAAAAAAAAAAAAAAAAAAAIE/8QAGBEAAgMAAAAA' +
    'AAAAAAAAAAAAAAEDMTL/2gAMAwEAAhEDEQA/AKU3TrgAuyKXbP/Z',
  png:
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAYAAAD+Bd/7AAAAJUlEQVR4AczKsQ0AAAgCQcMoDudwLomtoaHlku8eFL3DH8pIGA4AAP//o+OcYQAA' +
    'AAZJREFUAwC/hxjBeXFS2AAAAABJRU5ErkJggg==',
  webp: 'UklGRjgAAABXRUJQVlA4ICwAAADQAQCdASoIAAYABABoJagCdAEalYU2wAD+9g50KLSeHun1rh+tt+nG7LbAAA==',
  webpLossless: 'UklGRiIAAABXRUJQVlA4TBYAAAAvB0ABAA/wKtWLdN8sc/4jDX2I6H8A',
  gif: 'R0lGODdhCAAGAIAAAP8AAAAA/ywAAAAACAAGAAACBoSPqcvtWgA7',
}

export type Kind = keyof typeof encoded

/** A picture that every browser can display. */
export const picture = (kind: Kind): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(encoded[kind]), codeOf)

export const kinds = Object.keys(encoded) as Kind[]

const codeOf = (letter: string): number => letter.charCodeAt(0)
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, codeOf)

/** Joins pieces of bytes or text. */
export function together(...pieces: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.map((piece) => (typeof piece === 'string' ? bytesOf(piece) : piece))
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const big = (value: number, bytes: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: bytes }, (_, at) => (value / 256 ** (bytes - 1 - at)) & 255)
const little = (value: number, bytes: number): Uint8Array<ArrayBuffer> => big(value, bytes).reverse()

/** `bytes` with a piece inserted at a position. */
export const inserted = (bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array<ArrayBuffer> =>
  together(bytes.subarray(0, at), piece, bytes.subarray(at))

/** A JPEG segment. It may follow the start (2) or JFIF (20). */
export const segment = (marker: number, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  together(Uint8Array.of(0xff, marker), big(data.length + 2, 2), data)

/** A PNG chunk. It may follow IHDR (33). Its checksum is not set, because nothing here checks it. */
export const pngChunk = (type: string, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  together(big(data.length, 4), type, data, big(0, 4))

/** A chunk of a WebP. */
export const webpChunk = (type: string, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  together(type, little(data.length, 4), data, new Uint8Array(data.length % 2))

/** A WebP of these chunks. */
export function webpOf(...chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = together('WEBP', ...chunks)
  return together('RIFF', little(body.length, 4), body)
}

/** A WebP that announces more than a picture: 0x08 EXIF, 0x04 XMP, 0x20 a colour profile. */
export function extendedWebp(flags: number, ...more: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const header = together(Uint8Array.of(flags, 0, 0, 0), little(7, 3), little(5, 3))
  return webpOf(webpChunk('VP8X', header), picture('webp').subarray(12), ...more)
}

/** A GIF application extension, or a comment (without a name). It may follow the colours (19). */
export const gifExtension = (name: string | null, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  together(
    name === null ? Uint8Array.of(0x21, 0xfe) : together(Uint8Array.of(0x21, 0xff, name.length), name),
    ...Array.from({ length: Math.ceil(data.length / 255) }, (_, at) => {
      const piece = data.subarray(at * 255, at * 255 + 255)
      return together(Uint8Array.of(piece.length), piece)
    }),
    Uint8Array.of(0),
  )

/** EXIF with a location, 48°51′24″ N, and an orientation. */
export function exifWithLocation(orientation = 1): Uint8Array<ArrayBuffer> {
  const entry = (tag: number, type: number, count: number, value: Uint8Array) =>
    together(big(tag, 2), big(type, 2), big(count, 4), value)
  const gps = together(
    big(2, 2),
    entry(1, 2, 2, together('N\0\0\0')),
    entry(2, 5, 3, big(68, 4)),
    big(0, 4),
    ...[48, 1, 51, 1, 24, 1].map((part) => big(part, 4)),
  )
  const directory = together(
    big(2, 2),
    entry(0x0112, 3, 1, together(big(orientation, 2), big(0, 2))),
    entry(0x8825, 4, 1, big(38, 4)),
    big(0, 4),
  )
  return together('Exif\0\0MM\0*', big(8, 4), directory, gps)
}

/** A picture with a location in every form that its format supports. It contains `secret`. */
export function withLocation(kind: Kind, orientation = 1): Uint8Array<ArrayBuffer> {
  const exif = exifWithLocation(orientation)
  const xmp = together(`<x:xmpmeta exif:GPSLatitude="${secret}"/>`)
  const named = together('http://ns.adobe.com/xap/1.0/\0', xmp)
  if (kind === 'jpeg') {
    const more = [segment(0xe1, exif), segment(0xe1, named), segment(0xed, together('Photoshop 3.0\0', secret))]
    // A thumbnail, perhaps of what was cropped away; unknown markers.
    more.push(segment(0xe0, together('JFXX\0\x10', secret)), segment(0xf0, together(secret)), segment(0x02, xmp))
    return together(inserted(picture(kind), 20, together(...more, segment(0xfe, xmp))), secret)
  }
  if (kind === 'png') {
    const chunks = [
      pngChunk('eXIf', exif.subarray(6)),
      ...['tEXt', 'zTXt', 'iTXt', 'tIME', 'teSt', 'sPLT', 'HIDE'].map((type) => pngChunk(type, xmp)),
    ]
    return together(inserted(picture(kind), 33, together(...chunks)), secret)
  }
  if (kind === 'gif') {
    const unknown = together('\x21\x99', Uint8Array.of(xmp.length), xmp, '\0')
    const more = together(gifExtension(null, xmp), gifExtension('XMP DataXMP', xmp), unknown)
    return together(inserted(picture(kind), 19, more), secret)
  }
  if (kind === 'webp')
    return extendedWebp(0x0c, webpChunk('HIDE', xmp), webpChunk('EXIF', exif), webpChunk('XMP ', xmp))
  return webpOf(picture(kind).subarray(12), webpChunk('XMP ', xmp), webpChunk('EXIF', exif))
}

/** A part of the location in {@link withLocation}. */
export const secret = '48,51.4N at home'

/** A PNG that states this size. */
export function pngOf(width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = picture('png')
  bytes.set(big(width, 4), 16)
  bytes.set(big(height, 4), 20)
  return bytes
}

/** A PNG made larger in bytes by a meaningless colour profile. */
export const heavyPng = (length: number): Uint8Array<ArrayBuffer> => {
  const bare = picture('png')
  const more = length - bare.length - 12
  return inserted(bare, 33, together(big(more, 4), 'iCCP', new Uint8Array(more), big(0, 4)))
}

/** An upload form. Its file name and type do not matter. */
export function upload(bytes: Uint8Array<ArrayBuffer>, name = 'face.txt', type = 'text/plain'): FormData {
  const form = new FormData()
  form.set('file', new File([bytes], name, { type }))
  return form
}
