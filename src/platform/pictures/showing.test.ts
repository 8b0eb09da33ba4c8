import { describe, expect, it } from 'vitest'
import {
  extendedWebp,
  gifExtension,
  inserted,
  picture,
  pngChunk,
  secret,
  segment,
  together,
  webpChunk,
  webpOf,
} from '../../../test/pictures.ts'
import { stripMetadata } from './image.ts'

const hidden = together(secret)
const jpeg = picture('jpeg')

/** The bytes of a picture that are kept. */
function left(bytes: Uint8Array): Uint8Array {
  const read = stripMetadata(bytes)
  if (typeof read === 'string') throw new Error(`Refused: ${read}`)
  expect(String.fromCharCode(...read.bytes)).not.toContain(secret)
  return read.bytes
}

/** A GIF extension with a label, in one block. */
const extension = (label: number, data: Uint8Array) =>
  together(Uint8Array.of(0x21, label, data.length), data, Uint8Array.of(0))

describe('of a JPEG, only what shows it is kept', () => {
  it('no thumbnail from before it was cropped', () => {
    // A thumbnail of 4 × 1 pixels in JFIF: exactly as its header says, and with excess data.
    const thumbnail = together('JFIF\0\x01\x01\0\0\x01\0\x01\x04\x01', hidden.subarray(0, 12))
    const withThumbnail = together(jpeg.subarray(0, 2), segment(0xe0, together(thumbnail, hidden)), jpeg.subarray(20))
    expect(left(withThumbnail)).toEqual(jpeg)
    expect(left(inserted(jpeg, 20, segment(0xe0, together('JFXX\0\x13\x04\x01', hidden))))).toEqual(jpeg)
    expect(left(inserted(jpeg, 20, segment(0xe0, thumbnail)))).toEqual(jpeg)
  })

  it.each([0x02, 0x4f, 0xbf, 0xc8, 0xdc, 0xde, 0xdf, 0xe3, 0xef, 0xf0, 0xf7, 0xfd, 0xfe])(
    'no segment of a marker that shows nothing (%i)',
    (marker) => {
      expect(left(inserted(jpeg, 20, segment(marker, hidden)))).toEqual(jpeg)
    },
  )

  it('nothing after Adobe’s colour information', () => {
    const adobe = together('Adobe', new Uint8Array(7).fill(1))
    const plain = inserted(jpeg, 20, segment(0xee, adobe))
    expect(left(inserted(jpeg, 20, segment(0xee, together(adobe, hidden))))).toEqual(plain)
    expect(left(inserted(jpeg, 20, together(segment(0xee, adobe), segment(0xee, adobe))))).toEqual(plain)
  })

  it('nothing after the data that a decoding segment counts', () => {
    const tables: readonly [marker: number, data: Uint8Array][] = [
      [0xdd, Uint8Array.of(0, 0)],
      [0xdb, new Uint8Array(65).fill(1, 1)],
      [0xc4, together(Uint8Array.of(0, 1), new Uint8Array(15), Uint8Array.of(0))],
      [0xcc, Uint8Array.of(0, 1)],
    ]
    for (const [marker, data] of tables) {
      const plain = inserted(jpeg, 20, segment(marker, data))
      expect(left(plain), `${marker}`).toEqual(plain)
      if (marker !== 0xcc)
        expect(left(inserted(jpeg, 20, segment(marker, together(data, hidden)))), `${marker}`).toEqual(plain)
    }
    // The frame and the scan of the picture itself.
    for (const marker of [0xc0, 0xda]) {
      const at = jpeg.findIndex((byte, n) => byte === 0xff && jpeg[n + 1] === marker)
      const length = ((jpeg[at + 2] ?? 0) << 8) + (jpeg[at + 3] ?? 0)
      const data = jpeg.subarray(at + 4, at + 2 + length)
      const longer = together(
        jpeg.subarray(0, at),
        segment(marker, together(data, hidden)),
        jpeg.subarray(at + 2 + length),
      )
      expect(left(longer), `${marker}`).toEqual(jpeg)
    }
    expect(stripMetadata(inserted(jpeg, 20, segment(0xdd, Uint8Array.of(0))))).toBe('unreadable')
  })

  it('no second picture after the first', () => {
    expect(stripMetadata(together(jpeg.subarray(0, -2), jpeg.subarray(20)))).toBe('unreadable')
  })
})

describe('of a PNG, only what shows it is kept', () => {
  it.each(['HIDE', 'CgBI', 'JDAT', 'hIST', 'sPLT', 'heRe'])('no chunk of a type that shows nothing (%s)', (type) => {
    expect(left(inserted(picture('png'), 33, pngChunk(type, hidden)))).toEqual(picture('png'))
  })

  it('no longer chunk, and no more chunks, than showing it needs', () => {
    for (const type of ['gAMA', 'sRGB', 'cHRM', 'pHYs', 'bKGD', 'acTL']) {
      const long = pngChunk(type, together(hidden, hidden, hidden))
      expect(left(inserted(picture('png'), 33, long)), type).toEqual(picture('png'))
      const one = pngChunk(type, Uint8Array.of(1))
      expect(left(inserted(picture('png'), 33, together(one, one))), type).toEqual(inserted(picture('png'), 33, one))
    }
    expect(stripMetadata(together(picture('png').subarray(0, -12), pngChunk('IEND', hidden)))).toBe('unreadable')
  })

  it('no animation frames without an announcement', () => {
    const frame = together(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1), new Uint8Array(14))
    const frames = together(pngChunk('fcTL', frame), pngChunk('fdAT', together('\0\0\0\x02', hidden)))
    expect(left(inserted(picture('png'), 33, frames))).toEqual(picture('png'))
    const end = picture('png').length - 12
    const late = together(pngChunk('acTL', new Uint8Array(8)), frames)
    expect(left(inserted(picture('png'), end, late))).toEqual(picture('png'))
    const displayed = together(pngChunk('acTL', new Uint8Array(8)), pngChunk('fcTL', frame))
    expect(left(inserted(picture('png'), 33, displayed))).toEqual(inserted(picture('png'), 33, displayed))
  })
})

describe('of a GIF, only what shows it is kept', () => {
  it.each([0x00, 0x01, 0x2c, 0x99, 0xce, 0xfe])('no extension with a label that shows nothing (%i)', (label) => {
    expect(left(inserted(picture('gif'), 19, extension(label, hidden)))).toEqual(picture('gif'))
  })

  it('its timing and repetition, and nothing else in them', () => {
    const shows = together(
      gifExtension('NETSCAPE2.0', Uint8Array.of(1, 0, 0)),
      extension(0xf9, Uint8Array.of(4, 10, 0, 0)),
    )
    expect(left(inserted(picture('gif'), 19, shows))).toEqual(inserted(picture('gif'), 19, shows))
    const says = together(gifExtension('NETSCAPE2.0', hidden), extension(0xf9, hidden))
    expect(left(inserted(picture('gif'), 19, says))).toEqual(picture('gif'))
  })
})

describe('of a WebP, only what shows it is kept', () => {
  it('no chunk that shows nothing, no second picture, and no unknown flag', () => {
    const current = picture('webp').subarray(12)
    const second = webpChunk('VP8 ', together(current.subarray(8, 18), hidden))
    expect(left(webpOf(current, webpChunk('HIDE', hidden), second))).toEqual(picture('webp'))
    const reserved = extendedWebp(0xc1)
    reserved.set([1, 2, 3], 21)
    expect(left(reserved)).toEqual(extendedWebp(0))
    const animated = webpChunk('ANMF', together(new Uint8Array(16), current))
    expect(stripMetadata(webpOf(second, animated))).toBe('unreadable')
    for (const type of ['ICCP', 'ALPH']) {
      expect(left(webpOf(webpChunk(type, hidden), current)), type).toEqual(picture('webp'))
    }
    expect(stripMetadata(webpOf(current, webpChunk('ALPH', hidden)))).toBe('unreadable')
    const lossless = webpChunk('VP8L', Uint8Array.of(0x2f, 0, 0, 0, 0))
    expect(stripMetadata(webpOf(webpChunk('ALPH', hidden), lossless))).toBe('unreadable')
    const crowded = webpChunk('ANMF', together(new Uint8Array(16), current, second))
    expect(stripMetadata(webpOf(crowded))).toBe('unreadable')
  })
})
