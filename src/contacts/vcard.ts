import type { Card } from '../cards/card.ts'
import { convertCard, type SentVersion } from '../cards/convert.ts'
import { setProperty } from '../cards/edit.ts'
import { makeCard } from '../cards/make.ts'
import { parseCards, printCard, withEnd } from '../cards/parse.ts'
import { type Inline, setPhoto } from '../cards/photo.ts'
import { readFields } from '../cards/read.ts'
import { pickFields } from './fields.ts'
import { type CardPart, putParts } from './parts.ts'
import type { StoredRow } from './table.ts'
import { uidOf } from './uid.ts'

/** The versions of vCard that a contact is sent in. */
export const vcardVersions = ['3.0', '4.0'] as const satisfies readonly SentVersion[]

/** As a contact's vCard is asked for: in a version, or as it is stored. */
export type VcardForm = SentVersion | 'stored'

/** All forms of a vCard. */
export const vcardForms = [...vcardVersions, 'stored'] as const satisfies readonly VcardForm[]

/** What belongs to a contact's vCard and is not in its row. */
export interface VcardFiles {
  /** The picture that it was given, which lies in the vCard: phones load none from elsewhere. */
  readonly photo?: Inline | null | undefined
  /** The larger files of the vCard that it came as. */
  readonly parts?: readonly CardPart[]
}

/**
 * A contact as a vCard. One that came as a vCard goes out as it came, converted where it is asked for in another
 * version; `stored` is its very text. Its UID is the one that it came with, else the book's uid and the contact's id:
 * the same in every version, and in no other book. The same row gives the same text.
 */
export function toVcard(row: StoredRow, form: VcardForm, { photo, parts = [] }: VcardFiles = {}): string {
  const version = form === 'stored' ? '3.0' : form
  if (row.card === null) return printCard(convertCard(made(row, photo), version))
  const text = putParts(row.card, parts)
  const [card] = parseCards(text)
  return form === 'stored' || !card ? text : printCard(completed(convertCard(card, version), row, photo))
}

/** The vCard of a contact that came as none. */
function made(row: StoredRow, photo: Inline | null | undefined): Card {
  const { favorite, ...texts } = pickFields(row)
  const updated_at = new Date(row.updated_at)
  return makeCard({ ...texts, favorite, uid: uidOf(row), updated_at, photo: photo ?? undefined })
}

/** A vCard with what the contact has beside it: a UID, whether it is a favourite, a picture that it was given. */
function completed(card: Card, row: StoredRow, photo: Inline | null | undefined): Card {
  const { uid, favorite } = readFields(card)
  const ended = withEnd(card)
  let whole = uid === null ? setProperty(ended, 'UID', uidOf(row)) : ended
  if ((favorite ?? false) !== row.favorite) whole = setProperty(whole, 'X-VIZITKA-FAVORITE', row.favorite ? '1' : null)
  return photo ? setPhoto(whole, photo) : whole
}

/** Whether the vCard that a contact came as has pictures of its own. */
export const hasOwnPictures = ({ card }: Pick<StoredRow, 'card'>): boolean =>
  card !== null && parseCards(card).some(({ lines }) => lines.some(({ name }) => name === 'PHOTO'))

/** Rises when the same row gives another text than before: when what makes or converts cards changes. */
const format = { '3.0': 'v3', '4.0': 'v4', stored: 'vs' } as const satisfies Record<VcardForm, string>

/** The ETag of a contact as a vCard. It does not change with the members of the JSON: no phone reads all anew then. */
export const vcardEtag = (revision: number, form: VcardForm): string => `"${format[form]}-${revision}"`

/** The ETags of all forms of a contact's vCard at a revision: If-Match takes any of them. */
export const vcardEtags = (revision: number): string[] => vcardForms.map((form) => vcardEtag(revision, form))
