import { checkBounds } from '../cards/bounds.ts'
import { type Card, type CardChanges, CardFault, ChangeFault } from '../cards/card.ts'
import { derive, type SearchText } from '../cards/derive.ts'
import { editCard } from '../cards/edit.ts'
import { parseCards, printCard } from '../cards/parse.ts'
import { setPhoto } from '../cards/photo.ts'
import { invalidValues } from '../platform/http/problem.ts'
import { type ContactFields, fullName } from './fields.ts'
import type { StoredRow } from './table.ts'

/** What a write stores of a contact: its fields, and the vCard that they are derived from, where there is one. */
export interface ContactContent {
  readonly fields: ContactFields
  /** The vCard without its larger files (parts.ts); null where the fields are all there is. */
  readonly card: string | null
  /** FN of the vCard; null where that is the first and the last name. */
  readonly full_name: string | null
  /** The UID that the vCard came with, if it did. */
  readonly uid: string | null
  /** What else the vCard is searched by. */
  readonly search: SearchText | null
}

/** A contact that has no vCard. */
export const contentOfFields = (fields: ContactFields): ContactContent => ({
  fields,
  ...{ card: null, full_name: null, uid: null, search: null },
})

/** What a row or a column says beside its vCard: whether it is a favourite, and its UID. */
type Beside = Pick<ContactFields, 'favorite'> & Pick<ContactContent, 'uid'>

/** A contact whose fields are those of a vCard, which is stored as it is. */
export function contentOfCard(card: Card, { favorite, uid }: Beside): ContactContent {
  const { first_name, last_name, full_name, email, phone, birthday, additional, search } = derive(card)
  const fields = { first_name, last_name, email, phone, birthday, additional, favorite }
  return { fields, card: printCard(card), uid, full_name: full_name === fullName(fields) ? null : full_name, search }
}

/** The vCard of a row, without its larger files; undefined where it has none. */
export function cardOf({ card }: Pick<StoredRow, 'card'>): Card | undefined {
  return card === null ? undefined : parseCards(card)[0]
}

/** The vCard of a row without the pictures that it came with; undefined where it has none. */
export function cardWithoutPictures(row: Pick<StoredRow, 'card'>): string | undefined {
  const card = cardOf(row)
  return card?.lines.some(({ name }) => name === 'PHOTO') ? printCard(setPhoto(card, null)) : undefined
}

/** What a stored vCard is searched by beside the columns; null where there is none. */
export function searchTextOf(row: Pick<StoredRow, 'card'>): SearchText | null {
  const card = cardOf(row)
  return card ? derive(card).search : null
}

/**
 * A row with other fields. Of a vCard only the lines that say another value change.
 * @throws Problem 422 where a vCard cannot say them, or would be too large
 */
export function editedContent(row: StoredRow, fields: ContactFields): ContactContent {
  const card = cardOf(row)
  if (!card) return contentOfFields(fields)
  const { favorite, ...changes } = fields
  return contentOfCard(edited(card, changes), { favorite, uid: row.uid })
}

function edited(card: Card, changes: CardChanges): Card {
  try {
    const changed = editCard(card, changes)
    if (changed !== card) checkBounds(changed)
    return changed
  } catch (error) {
    if (error instanceof ChangeFault) throw invalidValues([{ pointer: error.pointer, detail: error.message }])
    if (error instanceof CardFault) throw invalidValues([{ pointer: '', detail: error.message }])
    throw error
  }
}
