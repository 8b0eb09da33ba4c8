import { checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault } from '../cards/card.ts'
import { scanCards } from '../cards/parse.ts'
import { readRow } from './csv/read-row.ts'
import type { CsvHead } from './csv/split.ts'
import type { Unit } from './units.ts'

/** A card of a file: what was read, or why nothing was. */
export type ReadCard = { readonly line: number; readonly notes: readonly string[] } & (
  | { readonly card: Card; readonly fault?: undefined }
  | { readonly card?: undefined; readonly fault: string }
)

/**
 * Parses a card or a row of a file. `layout` is what the rows of a CSV file need besides. Never throws: a fault is a
 * sentence for the person who imports.
 */
export function readCard(unit: Unit, layout: string | null): ReadCard {
  const [line, , flaw] = unit
  if (flaw === 'large') return { line, notes: [], fault: `The card at line ${line} is larger than 1 MB. Shorten it.` }
  return layout === null ? readVcardUnit(unit) : readRowUnit(unit, JSON.parse(layout) as CsvHead)
}

function readRowUnit([line, text, flaw]: Unit, head: CsvHead): ReadCard {
  const { card, notes, fault = '' } = readRow(head, { line, text, isBroken: flaw === true })
  return card ? { line, notes, card } : { line, notes, fault }
}

function readVcardUnit([line, text]: Unit): ReadCard {
  const [card, ...others] = scanCards(text, line)
  if (!card) return { line, notes: [], fault: `Line ${line} has no card.` }
  if (card instanceof CardFault) return { line, notes: [], fault: [card.message, ...others.flatMap(noteOf)].join(' ') }
  const notes = [...(card.ended ? [] : ['The card has no END:VCARD.']), ...others.flatMap(noteOf)]
  try {
    checkBounds(card)
    return { line, notes, card }
  } catch (error) {
    if (error instanceof CardFault) return { line, notes, fault: error.message }
    throw error
  }
}

/** Says that something after a card is left out. Splitting a file leaves no second card in a unit, unless it is odd. */
const noteOf = (other: Card | CardFault): string[] => {
  if (other instanceof CardFault) return [other.message]
  const line = other.lines[0]?.number ?? 0
  return [`Line ${line} begins another card, which is left out: no line break, or an odd one, is before it.`]
}
