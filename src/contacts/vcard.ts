import type { Card } from '../cards/card.ts'
import { convertCard, type SentVersion } from '../cards/convert.ts'
import { setProperty } from '../cards/edit.ts'
import { makeCard } from '../cards/make.ts'
import { parseCards, printCard, withEnd } from '../cards/parse.ts'
import { type Inline, setPhoto } from '../cards/photo.ts'
import { readFields } from '../cards/read.ts'
import { cardOf } from './content.ts'
import { pickFields } from './fields.ts'
import { type CardPart, putParts } from './parts.ts'
import type { StoredRow } from './table.ts'
import { uidOf } from './uid.ts'

/** The vCard versions in which a contact can be sent. */
export const vcardVersions = ['3.0', '4.0'] as const satisfies readonly SentVersion[]

/** The requested form of a vCard: a version, or the stored text. */
export type VcardForm = SentVersion | 'stored'

/** All forms of a vCard. */
export const vcardForms = [...vcardVersions, 'stored'] as const satisfies readonly VcardForm[]

/** The parts of a contact's vCard that are not in its row. */
export interface VcardFiles {
  /** The uploaded picture. It is embedded in the vCard, because phones do not load pictures from URLs. */
  readonly photo?: Inline | null | undefined
  /** The larger files of the vCard that was received. */
  readonly parts?: readonly CardPart[]
}

/**
 * Makes the vCard of a contact. A contact that was received as a vCard is sent as it came, converted if another version
 * is requested; `stored` is the exact text. Its UID is that of the vCard, or one made from the uid of the first book
 * and the contact's id: the same in every version, and in no other account. The same row always gives the same text.
 */
export function toVcard(row: StoredRow, form: VcardForm, { photo, parts = [] }: VcardFiles = {}): string {
  const version = form === 'stored' ? '3.0' : form
  if (row.card === null) return printCard(convertCard(made(row, photo), version))
  const text = putParts(row.card, parts)
  const [card] = parseCards(text)
  return form === 'stored' || !card ? text : printCard(completed(convertCard(card, version), row, photo))
}

/** Makes the vCard 3.0 of a contact, as {@link toVcard} does, but without its larger files and its picture. */
export function toCardWithoutFiles(row: StoredRow): Card {
  const card = cardOf(row)
  return card ? completed(convertCard(card, '3.0'), row, undefined) : convertCard(made(row, undefined), '3.0')
}

/** Makes the vCard of a contact that was not received as one. */
function made(row: StoredRow, photo: Inline | null | undefined): Card {
  const { favorite, ...texts } = pickFields(row)
  const updated_at = new Date(row.updated_at)
  return makeCard({ ...texts, favorite, uid: uidOf(row), updated_at, photo: photo ?? undefined })
}

/** Adds to a vCard what is stored beside it: the UID, the favourite flag, and the uploaded picture. */
function completed(card: Card, row: StoredRow, photo: Inline | null | undefined): Card {
  const { uid, favorite } = readFields(card)
  const ended = withEnd(card)
  let whole = uid === null ? setProperty(ended, 'UID', uidOf(row)) : ended
  if ((favorite ?? false) !== row.favorite) whole = setProperty(whole, 'X-VIZITKA-FAVORITE', row.favorite ? '1' : null)
  return photo ? setPhoto(whole, photo) : whole
}

/** Returns whether the stored vCard has pictures of its own. */
export const hasOwnPictures = ({ card }: Pick<StoredRow, 'card'>): boolean =>
  card !== null && parseCards(card).some(({ lines }) => lines.some(({ name }) => name === 'PHOTO'))

/**
 * Increase this number if the same row gives another text than before, because the code that makes or converts vCards
 * changed.
 */
const format = { '3.0': 'v3', '4.0': 'v4', stored: 'vs' } as const satisfies Record<VcardForm, string>

/**
 * Makes the ETag of a contact as a vCard. A change of the JSON format does not change it, so that phones do not read
 * all contacts again.
 */
export const vcardEtag = (revision: number, form: VcardForm): string => `"${format[form]}-${revision}"`

/** The ETags of all forms of a contact's vCard at a revision: If-Match accepts each of them. */
export const vcardEtags = (revision: number): string[] => vcardForms.map((form) => vcardEtag(revision, form))
