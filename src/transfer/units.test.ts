import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Card, CardFault } from '../cards/card.ts'
import { scanCards } from '../cards/parse.ts'
import { splitVcards } from './units.ts'

const lines = fc.constantFrom(
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
)
const text = fc
  .tuple(fc.array(lines, { maxLength: 30 }), fc.constantFrom('\n', '\r\n', '\r'))
  .map(([parts, eol]) => parts.join(eol))

/** The lines at which cards begin, each with how many lines it has. */
const begins = (cards: readonly (Card | CardFault)[]) =>
  cards.flatMap((one) => (isFault(one) ? [] : [[one.lines[0]?.number, one.lines.length]]))
const isFault = (one: Card | CardFault): one is CardFault => one instanceof CardFault

describe('splitting a file of vCards', () => {
  it('finds the cards that parsing the whole file finds, each at its line', () => {
    fc.assert(
      fc.property(text, (file) => {
        const whole = [...scanCards(file)]
        const split = splitVcards(file).flatMap(([line, unit]) => [...scanCards(unit, line)])
        expect(begins(split)).toEqual(begins(whole))
        expect(split.some(isFault)).toBe(whole.some(isFault))
      }),
      { numRuns: 500 },
    )
  })
})
