import type { Card, CardChanges } from './card.ts'
import { editCard, setProperty } from './edit.ts'
import { joinName } from './names.ts'
import { parseCards } from './parse.ts'
import { setPhoto } from './photo.ts'
import { escapeText } from './values.ts'

/** What a card is made of. What is left out is not in it. */
export interface CardSource extends CardChanges {
  readonly uid?: string | null | undefined
  readonly favorite?: boolean | undefined
  /** When the contact last changed: REV, to the second. */
  readonly updated_at?: Date | undefined
  readonly photo?: { readonly mediaType: string; readonly octets: Uint8Array } | undefined
}

/** Who made a card (RFC 6350, section 6.7.3). */
const product = '-//Vizitka//Vizitka//EN'

/**
 * A card of a contact that has none, in version 3.0, which all phones read. The same contact gives the same text: an ETag of it holds.
 * A value that is the only one of its kind is not said to be preferred. Throws `ChangeFault`, as `editCard` does.
 */
export function makeCard(source: CardSource): Card {
  const { uid, favorite, updated_at, photo, ...changes } = source
  const { first_name, last_name, name, ...rest } = changes
  const parts = [last_name, first_name, name?.middle, name?.prefix, name?.suffix]
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `PRODID:${product}`,
    ...(uid ? [`UID:${escapeText(uid, '3.0')}`] : []),
    `N:${parts.map((part) => escapeText(part?.trim() ?? '', '3.0')).join(';')}`,
    `FN:${escapeText(joinName(first_name?.trim() || null, last_name?.trim() || null), '3.0')}`,
    'END:VCARD',
    '',
  ]
  // Names may be long: parsing and setting them folds their lines.
  const [empty] = parseCards(lines.join('\r\n'))
  let card = refold(editCard(empty as Card, { ...rest, name: withoutComponents(name) }))
  if (favorite) card = setProperty(card, 'X-VIZITKA-FAVORITE', '1')
  if (updated_at) card = setProperty(card, 'REV', updated_at.toISOString().replace(/\.\d+Z$/, 'Z'))
  return photo ? setPhoto(card, photo) : card
}
