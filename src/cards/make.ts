import type { Card, CardChanges } from './card.ts'
import { Draft } from './draft.ts'
import { editCard, setProperty } from './edit.ts'
import { joinName } from './names.ts'
import { parseCards } from './parse.ts'
import { setPhoto } from './photo.ts'
import { escapeText, orNull } from './values.ts'
import { newLine } from './write.ts'

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
 * A card of a contact that has none, in version 3.0, which all phones read. The same contact gives the same text: an
 * ETag of it holds. A value that is the only one of its kind is not said to be preferred. Throws `ChangeFault`, as
 * `editCard` does.
 */
export function makeCard(source: CardSource): Card {
  const { uid, favorite, updated_at, photo, ...changes } = source
  const { first_name, last_name, name, ...rest } = changes
  const [frame] = parseCards(`BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:${product}\r\nEND:VCARD\r\n`)
  const draft = new Draft(frame as Card)
  const text = (value: string): string => escapeText(value, '3.0')
  const components = [last_name, first_name, name?.middle, name?.prefix, name?.suffix].map((part) => orNull(part))
  const [last = null, first = null] = components
  draft.insert([
    ...(uid ? [newLine('UID', text(uid), draft.format)] : []),
    newLine('N', components.map((part) => text(part ?? '')).join(';'), draft.format),
    newLine('FN', text(joinName(first, last)), draft.format),
  ])
  const { nickname, phonetic_first, phonetic_last } = name ?? {}
  let card = editCard(draft.card, { ...rest, name: { nickname, phonetic_first, phonetic_last } })
  if (favorite) card = setProperty(card, 'X-VIZITKA-FAVORITE', '1')
  if (updated_at) card = setProperty(card, 'REV', updated_at.toISOString().replace(/\.\d+Z$/, 'Z'))
  return photo ? setPhoto(card, photo) : card
}
