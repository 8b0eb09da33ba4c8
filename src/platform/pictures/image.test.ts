import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exifWithLocation,
  extendedWebp,
  gifExtension,
  heavyPng,
  inserted,
  type Kind,
  kinds,
  picture,
  pngChunk,
  pngOf,
  secret,
  segment,
  together,
  webpChunk,
  webpOf,
  withLocation,
} from '../../../test/pictures.ts'
import { type Picture, sniff, stripMetadata } from './image.ts'

const types = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', webpLossless: 'image/webp', gif: 'image/gif' }

function seen(bytes: Uint8Array): Picture {
  const read = stripMetadata(bytes)
  if (typeof read === 'string') throw new Error(`Refused: ${read}`)
  return read
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const anyKind = fc.constantFrom(...kinds)
const noise = (max: number) => fc.uint8Array({ maxLength: max })

/** Data that shows nothing, which can be inserted into a picture of each kind, and where. */
const hidden: Record<Kind, [at: number, piece: (data: Uint8Array) => Uint8Array][]> = {
  jpeg: [
    [2, (data) => segment(0xe1, data)],
    [2, (data) => segment(0xfe, data)],
    [2, (data) => segment(0xed, data)],
    [2, (data) => segment(0xe2, together('MPF\0', data))],
  ],
  png: [
    [33, (data) => pngChunk('tEXt', data)],
    [33, (data) => pngChunk('eXIf', data)],
  ],
  gif: [
    [19, (data) => gifExtension(null, data)],
    [19, (data) => gifExtension('XMP DataXMP', data)],
  ],
  webp: [],
  webpLossless: [],
}

describe('a picture', () => {
  it.each(kinds)('is recognized by its bytes (%s), with its size', (kind) => {
    expect(sniff(picture(kind))).toBe(types[kind])
    expect(seen(picture(kind))).toMatchObject({ type: types[kind], width: 8, height: 6 })
    expect(seen(picture(kind)).bytes).toEqual(picture(kind))
  })

  it('of another type is refused, whatever its text says', () => {
    for (const other of [
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'BM',
      '%PDF-1.7',
      'II*\0',
      '\0\0\0\x1cftypavif',
      '',
    ]) {
      expect(stripMetadata(together(other))).toBe('unknown-type')
    }
  })

  it.each(kinds)('loses the place where it was taken (%s)', (kind) => {
    const reported = withLocation(kind)
    expect(text(reported)).toContain(secret)
    const { bytes } = seen(reported)
    expect(text(bytes)).not.toContain('48,51')
    expect(text(bytes)).not.toMatch(/Exif|xmp|GPS/i)
    // The parts that show it are unchanged.
    expect(seen(bytes).bytes).toEqual(bytes)
    if (kind === 'webp') expect(bytes).toEqual(extendedWebp(0))
    else expect(bytes).toEqual(picture(kind))
  })

  it('stays upright: of EXIF, a JPEG keeps its orientation and nothing else', () => {
    for (const orientation of [2, 3, 6, 8]) {
      const { bytes } = seen(withLocation('jpeg', orientation))
      const remaining = bytes.subarray(20, 56)
      expect(text(remaining.subarray(4, 8))).toBe('Exif')
      expect(remaining[29]).toBe(orientation)
      expect(together(bytes.subarray(0, 20), bytes.subarray(56))).toEqual(picture('jpeg'))
      expect(seen(bytes).bytes).toEqual(bytes)
    }
    const nonsense = together(exifWithLocation(99))
    expect(seen(inserted(picture('jpeg'), 2, segment(0xe1, nonsense))).bytes).toEqual(picture('jpeg'))
  })

  it('keeps its colours', () => {
    const profile = segment(0xe2, together('ICC_PROFILE\0\x01\x01', new Uint8Array(200).fill(7)))
    const adobe = segment(0xee, together('Adobe', new Uint8Array(7)))
    const photo = inserted(picture('jpeg'), 20, together(profile, adobe))
    expect(seen(photo).bytes).toEqual(photo)
    for (const type of ['iCCP', 'gAMA', 'sRGB', 'tRNS']) {
      const png = inserted(picture('png'), 33, pngChunk(type, Uint8Array.of(1)))
      expect(seen(png).bytes).toEqual(png)
    }
    const webp = extendedWebp(0x20, webpChunk('ICCP', Uint8Array.of(1, 2, 3)))
    expect(seen(webp).bytes).toEqual(webp)
    const gif = inserted(picture('gif'), 19, gifExtension('NETSCAPE2.0', Uint8Array.of(1, 0, 0)))
    expect(seen(gif).bytes).toEqual(gif)
  })

  it('of more than 50 megapixels is refused, wherever the size is stated', () => {
    expect(seen(pngOf(10_000, 5000))).toMatchObject({ width: 10_000, height: 5000 })
    expect(stripMetadata(pngOf(10_000, 5001))).toBe('too-many-pixels')
    expect(stripMetadata(pngOf(0xffffffff, 0xffffffff))).toBe('too-many-pixels')
    const jpeg = picture('jpeg')
    const frame = text(jpeg).indexOf('\xff\xc0') + 5
    jpeg.set([0xff, 0xff, 0xff, 0xff], frame)
    expect(stripMetadata(jpeg)).toBe('too-many-pixels')
    const gif = picture('gif')
    gif.set([0xff, 0xff, 0xff, 0xff], 24) // of its one frame; the whole says 8 × 6
    expect(stripMetadata(gif)).toBe('too-many-pixels')
    const canvas = webpChunk('VP8X', Uint8Array.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
    expect(stripMetadata(webpOf(canvas, picture('webp').subarray(12)))).toBe('too-many-pixels')
    const lossless = picture('webpLossless')
    lossless.set([0xff, 0xff, 0xff, 0x0f], 21)
    expect(stripMetadata(lossless)).toBe('too-many-pixels')
  })

  it('without a size is refused', () => {
    expect(stripMetadata(pngOf(0, 6))).toBe('unreadable')
    expect(stripMetadata(pngOf(8, 0))).toBe('unreadable')
    const jpeg = picture('jpeg')
    jpeg.set([0, 0], text(jpeg).indexOf('\xff\xc0') + 5)
    expect(stripMetadata(jpeg)).toBe('unreadable')
  })

  it('nested within a picture is refused, at any depth', () => {
    let nested = picture('webp').subarray(12)
    for (let depth = 0; depth < 3; depth++) nested = webpChunk('ANMF', together(new Uint8Array(16), nested))
    expect(stripMetadata(webpOf(nested))).toBe('unreadable')
    const animated = webpOf(webpChunk('ANMF', together(new Uint8Array(16), picture('webp').subarray(12))))
    expect(seen(animated)).toMatchObject({ width: 8, height: 6 })
  })

  it('of five megabytes is accepted, whatever its data look like', () => {
    const heavy = heavyPng(5_000_000)
    const scan = (value: number) =>
      inserted(picture('jpeg'), picture('jpeg').length - 4, new Uint8Array(5_000_000).fill(value))
    const scans = [scan(0xff), scan(0), scan(0x77)]
    expect(seen(heavy).bytes.length).toBe(5_000_000)
    expect(scans.map((bytes) => typeof stripMetadata(bytes)).slice(1)).toEqual(['object', 'object'])
  })
})

describe('a picture of millions of empty parts', () => {
  const small = 5 * 1024 * 1024
  /** As many pieces as fit in five megabytes. */
  const many = (...piece: number[]) => {
    const bytes = new Uint8Array(small - (small % piece.length))
    for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece, at)
    return bytes
  }
  const bombs: Record<string, () => Uint8Array<ArrayBuffer>> = {
    'JPEG, tables': () => inserted(picture('jpeg'), 20, many(0xff, 0xdb, 0, 2)),
    'JPEG, tables and comments in turn': () => inserted(picture('jpeg'), 20, many(0xff, 0xdb, 0, 2, 0xff, 0xfe, 0, 2)),
    'JPEG, scans': () => inserted(picture('jpeg'), picture('jpeg').length - 2, many(0xff, 0xda, 0, 2)),
    'JPEG, EXIF that says to hold much': () =>
      inserted(picture('jpeg'), 20, many(...segment(0xe1, together('Exif\0\0II*\0\x08\0\0\0\xff\xff')))),
    'PNG, data': () => inserted(picture('png'), 33, many(...pngChunk('IDAT', new Uint8Array()))),
    'GIF, texts': () => inserted(picture('gif'), 19, many(0x21, 0x01, 0)),
    'GIF, blocks of one byte': () => inserted(picture('gif'), 19, together(Uint8Array.of(0x21, 0x01), many(1, 7))),
    'WebP, transparency': () =>
      webpOf(many(...webpChunk('ALPH', new Uint8Array())), picture('webpLossless').subarray(12)),
    'WebP, frames': () =>
      webpOf(many(...webpChunk('ANMF', together(new Uint8Array(16), picture('webpLossless').subarray(12))))),
  }

  it.each(Object.entries(bombs))('is refused, because it has more parts than any real picture (%s)', (_, bomb) => {
    const bytes = bomb()
    expect(bytes.length).toBeGreaterThan(5_000_000)
    // Without a limit, these took one to seven seconds and up to 660 MB, and some were accepted.
    expect(stripMetadata(bytes)).toBe('unreadable')
  })

  it('may have thousands: adjacent pieces are joined', () => {
    const chunk = [...pngChunk('IDAT', new Uint8Array(50))]
    const bytes = inserted(
      picture('png'),
      33,
      together(...Array.from({ length: 50_000 }, () => Uint8Array.from(chunk))),
    )
    expect(seen(bytes).bytes).toEqual(bytes)
  })

  it('has the orientation of its first EXIF', () => {
    const twice = together(segment(0xe1, exifWithLocation(1)), segment(0xe1, exifWithLocation(6)))
    expect(seen(inserted(picture('jpeg'), 20, twice)).bytes).toEqual(picture('jpeg'))
  })
})

describe('reading a picture', () => {
  it('never throws: truncated bytes are refused', () => {
    fc.assert(
      fc.property(anyKind, fc.nat(10_000), (kind, cut) => {
        const whole = withLocation(kind, 6)
        const bare = seen(whole).bytes
        const short = bare.subarray(0, cut % bare.length)
        expect(['unknown-type', 'unreadable']).toContain(stripMetadata(short))
      }),
      { numRuns: 500 },
    )
  })

  it('never throws: random bytes and changed pictures are refused, or reading the result again changes nothing', () => {
    const changes = fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(anyKind, noise(60), changes, (kind, random, places) => {
        const beginning = picture(kind).subarray(0, 12)
        const bytes = withLocation(kind, 3)
        for (const [at, value] of places) bytes[at % bytes.length] = value
        for (const tried of [random, together(beginning, random), bytes]) {
          const read = stripMetadata(tried)
          if (typeof read === 'string') continue
          expect(stripMetadata(read.bytes)).toEqual(read)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('removes hidden data, and keeps every byte that shows the picture', () => {
    fc.assert(
      fc.property(anyKind, fc.array(fc.tuple(fc.nat(9), noise(600))), noise(200), (kind, pieces, after) => {
        const ways = hidden[kind]
        let bytes = picture(kind)
        for (const [which, data] of pieces) {
          const way = ways[which % ways.length]
          if (way) bytes = inserted(bytes, way[0], way[1](data))
        }
        const read = stripMetadata(together(bytes, after))
        expect(read).toEqual({ type: types[kind], width: 8, height: 6, bytes: picture(kind) })
      }),
      { numRuns: 500 },
    )
  })
})
