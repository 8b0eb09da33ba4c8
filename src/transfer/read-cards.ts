import { checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault } from '../cards/card.ts'
import { scanCards } from '../cards/parse.ts'
import type { Unit } from './units.ts'

/** A card of a file: what was read, or why nothing was. */
export type ReadCard = { readonly line: number; readonly notes: readonly string[] } & (
  | { readonly card: Card; readonly fault?: undefined }
  | { readonly card?: undefined; readonly fault: string }
)

/** Parses a card of a file. Never throws: a fault is a sentence for the person who imports. */
export function readCard([line, text]: Unit): ReadCard {
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
