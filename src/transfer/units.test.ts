import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Card, CardFault } from '../cards/card.ts'
import { scanCards } from '../cards/parse.ts'
import { splitVcards } from './units.ts'

const lines = [
  'BEGIN:VCARD',
  'END:VCARD',
  'begin:vcard',
  'AGENT:',
  'item1.AGENT;TYPE=x:',
  'N:A;B',
  '',
  'stray',
  ' folded',
  'END:VCARD ',
  '\ufeffBEGIN:VCARD',
  '\ufeff',
  '\u00a0BEGIN : VCARD',
  'g.BEGIN;X=1:VCARD',
  'NOTE:a\u2028BEGIN:VCARD',
  'NOTE:a\u2028END:VCARD',
  'stray\u2028BEGIN:VCARD\u2029END:VCARD',
]
/** Lines that parsing the whole file would take for parts of others. */
const joined = [' BEGIN:VCARD', '\tEND:VCARD', ' ', 'PHOTO;ENCODING=b:AAAA', 'AAAA']

const fileOf = (...parts: string[]) =>
  fc
    .tuple(fc.array(fc.constantFrom(...parts), { maxLength: 30 }), fc.constantFrom('\n', '\r\n', '\r', '\r\r\n'))
    .map(([all, eol]) => all.join(eol))

/** The lines at which cards begin, each with how many lines it has. */
const begins = (cards: readonly (Card | CardFault)[]) =>
  cards.flatMap((one) => (isFault(one) ? [] : [[one.lines[0]?.number, one.lines.length]]))
const isFault = (one: Card | CardFault): one is CardFault => one instanceof CardFault

describe('splitting a file of vCards', () => {
  it('finds the cards that parsing the whole file finds, each at its line', () => {
    fc.assert(
      fc.property(fileOf(...lines), (file) => {
        const whole = [...scanCards(file)]
        const split = splitVcards(file).flatMap(([line, unit]) => [...scanCards(unit, line)])
        expect(begins(split)).toEqual(begins(whole))
        expect(split.some(isFault)).toBe(whole.some(isFault))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives units of one card at most, each at a line of its own, that together are the file', () => {
    fc.assert(
      fc.property(fileOf(...lines, ...joined), (file) => {
        // No program folds a line that has nothing but blanks. The report names a card that is left out so.
        fc.pre(!/(?:^|[\r\n])[\ufeff \t]*[\r\n]+[ \t]/.test(file))
        const units = splitVcards(file)
        for (const [line, unit] of units)
          expect([...scanCards(unit, line)].filter((one) => !isFault(one)).length).toBeLessThan(2)
        const numbers = units.map(([line]) => line)
        expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other))
        const plain = (text: string) => text.replace(/\s/g, '')
        expect(plain(units.map(([, unit]) => unit).join(''))).toBe(plain(file))
      }),
      { numRuns: 2000 },
    )
  })
})
