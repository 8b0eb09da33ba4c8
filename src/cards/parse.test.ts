import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { files, texts } from '../../test/vcards.ts'
import { CardFault } from './card.ts'
import { decodeCards } from './decode.ts'
import { parseCards, printCard, scanCards } from './parse.ts'
import { readFields } from './read.ts'

/** Pieces that cards are made of, in any order: more of them are cards than of any text. */
const piece = fc.oneof(
  fc.constantFrom(
    'BEGIN:VCARD',
    'END:VCARD',
    'VERSION:3.0',
    'VERSION:2.1',
    'AGENT:',
    'N:a;b',
    'item1.X-ABLabel:x',
    ' ',
    '\t',
    '=',
  ),
  fc.constantFrom(
    'NOTE;ENCODING=QUOTED-PRINTABLE:=41=',
    'PHOTO;ENCODING=b:/9j/',
    'TEL;TYPE="a,b":1',
    'EMAIL;:',
    'a.b.c;d=e:f',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const text = fc
  .array(fc.tuple(piece, fc.constantFrom('\r\n', '\n', '\r', '')), { maxLength: 14 })
  .map((all) => all.flat().join(''))

/** What a promise of ours may throw, and nothing else. */
function faultOf(go: () => unknown): CardFault | undefined {
  try {
    go()
    return undefined
  } catch (error) {
    if (error instanceof CardFault) return error
    throw error
  }
}

describe('a card', () => {
  it.each(Object.keys(texts))('prints as it came: %s', (name) => {
    const [one, ...more] = parseCards(texts[name] ?? '')
    expect(more).toEqual([])
    expect(one && printCard(one)).toBe(texts[name])
  })

  it.each(Object.keys(files))('is decoded and read: %s', (name) => {
    const decoded = decodeCards(files[name] ?? new Uint8Array())
    const [one] = parseCards(decoded)
    if (!one) throw new Error('There is no card.')
    expect(printCard(one)).toBe(decoded)
    expect(decoded.isWellFormed() && !decoded.includes('\ufffd')).toBe(true)
    const { first_name, full_name } = readFields(one)
    expect(first_name).not.toBeNull()
    expect(full_name).not.toBe('')
  })

  it('is refused with its line where it is none', () => {
    for (const [wrong, line] of [
      ['', 1],
      ['hello', 1],
      [`${texts['no FN']}\r\nTEL:1\r\n`, 7],
      ['BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n', 1],
    ] as const) {
      expect(faultOf(() => parseCards(wrong))?.line, wrong).toBe(line)
    }
    const nul = new TextEncoder().encode('BEGIN:VCARD\r\nFN:a\0b\r\nEND:VCARD\r\n')
    expect(faultOf(() => decodeCards(nul))).toMatchObject({ line: 2, message: expect.stringContaining('NUL') })
  })

  it('of several in a file is each, and what stands between them is a fault of its own', () => {
    const both = `${texts['no FN']}stray\r\n${texts['no version']}`
    const found = [...scanCards(both)]
    expect(found.map((one) => (one instanceof CardFault ? one.line : printCard(one)))).toEqual([
      texts['no FN'],
      6,
      texts['no version'],
    ])
  })

  it('of any octets is a card or a fault, and printing what was parsed is the identity', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          text.map((one) => new TextEncoder().encode(one)),
        ),
        (octets) => {
          let decoded = ''
          const fault = faultOf(() => {
            decoded = decodeCards(octets)
          })
          if (fault) {
            expect(fault.line).toBeGreaterThan(0)
            return
          }
          for (const one of scanCards(decoded)) {
            if (one instanceof CardFault) expect(one.line).toBeGreaterThan(0)
            else {
              expect(decoded).toContain(printCard(one))
              readFields(one)
              const [again] = parseCards(printCard(one))
              expect(again?.lines.map(({ head, value }) => [head, value])).toEqual(
                one.lines.map(({ head, value }) => [head, value]),
              )
            }
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})
