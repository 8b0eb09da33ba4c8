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
  return layout === null ? readVcardUnit(unit) : readRowUnit(unit, JSON.parse(layout) as CsvHead)
}

function readRowUnit([line, text, isBroken = false]: Unit, head: CsvHead): ReadCard {
  const { card, notes, fault = '' } = readRow(head, { line, text, isBroken })
  return card ? { line, notes, card } : { line, notes, fault }
}

function readVcardUnit([line, text]: Unit): ReadCard {
  const [card, ...others] = scanCards(text, line)
  if (!card) return { line, notes: [], fault: `Line ${line} has no card.` }
  if (card instanceof CardFault) return { line, notes: [], fault: card.message }
  const stray = others.find((other) => other instanceof CardFault)
  const notes = [...(card.ended ? [] : ['The card has no END:VCARD.']), ...(stray ? [stray.message] : [])]
  try {
    checkBounds(card)
    return { line, notes, card }
  } catch (error) {
    if (error instanceof CardFault) return { line, notes, fault: error.message }
    throw error
  }
}
