import { checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault, ChangeFault } from '../cards/card.ts'
import { derive, type SearchText } from '../cards/derive.ts'
import { editCard } from '../cards/edit.ts'
import { isGroup, membersOf, renamedGroup } from '../cards/groups.ts'
import { makeCard } from '../cards/make.ts'
import { parseCards, printCard } from '../cards/parse.ts'
import { setPhoto } from '../cards/photo.ts'
import { readFields } from '../cards/read.ts'
import { invalidValues } from '../platform/http/problem.ts'
import { arePlain, type ContactDetails, type DetailInput, detailNames, pickDetails, plainDetails } from './details.ts'
import { type ContactFields, fullName, pickFields } from './fields.ts'
import { keyOfLabel, labelsOfKey } from './labels-key.ts'
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
  /** The labels of its own; not those of groups. */
  readonly labels: readonly string[]
  /** The UIDs that it names, if its vCard is a group; null where it is none. */
  readonly members: readonly string[] | null
  /** The slug of the book that it moves to; left out: it stays where it is. */
  readonly moveTo?: string | undefined
}

/** A contact that has no vCard. */
export const contentOfFields = (fields: ContactFields): ContactContent => ({
  fields,
  ...{ card: null, full_name: null, uid: null, search: null, labels: [], members: null },
})

/** What a row or a column says beside its vCard: whether it is a favourite, and its UID. */
type Beside = Pick<ContactFields, 'favorite'> & Pick<ContactContent, 'uid'>

/** A contact whose fields are those of a vCard, which is stored as it is. */
export function contentOfCard(card: Card, { favorite, uid }: Beside): ContactContent {
  const { first_name, last_name, full_name, email, phone, birthday, additional, search, labels } = derive(card)
  const fields = { first_name, last_name, email, phone, birthday, additional, favorite }
  return {
    fields,
    card: printCard(card),
    uid,
    full_name: full_name === fullName(fields) ? null : full_name,
    search,
    labels,
    members: isGroup(card) ? membersOf(card) : null,
  }
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

/** All details of a contact: those of its vCard, or what its fields say; and the labels of its groups. */
export function detailsOf(row: StoredRow): ContactDetails {
  const card = cardOf(row)
  const details = card ? pickDetails(readFields(card)) : plainDetails(row)
  return row.group_labels === '' ? details : { ...details, labels: withGroups(details.labels, row) }
}

/** A contact's own labels, and those of its groups that are none of these. */
function withGroups(own: readonly string[], row: StoredRow): string[] {
  const keys = new Set(own.map(keyOfLabel))
  return [...own, ...new Set(labelsOfKey(row.group_labels).filter((label) => !keys.has(keyOfLabel(label))))]
}

/** The labels of a contact's groups that are not among those that it is to have. */
export function leftGroups(row: StoredRow, labels: readonly string[]): string[] {
  const keys = new Set(labels.map(keyOfLabel))
  return labelsOfKey(row.group_labels).filter((label) => !keys.has(keyOfLabel(label)))
}

/** The labels that a contact itself is to have: those that it has, and those that no group of it says. */
function ownLabels(row: StoredRow, card: Card | undefined, labels: readonly string[]): string[] {
  const own = new Set((card ? readFields(card).labels : []).map(keyOfLabel))
  const groups = new Set(labelsOfKey(row.group_labels).map(keyOfLabel))
  return labels.filter((label) => own.has(keyOfLabel(label)) || !groups.has(keyOfLabel(label)))
}

const hasAny = (details: DetailInput): boolean => detailNames.some((name) => details[name] !== undefined)

/** A vCard that was made for details; none where the fields say all of it. */
export function contentOfMade(card: Card, beside: Beside): ContactContent {
  const content = contentOfCard(card, beside)
  const isPlain = content.full_name === null && arePlain(pickDetails(readFields(card)), content.fields)
  return isPlain ? contentOfFields(content.fields) : content
}

/**
 * What is stored of a new contact. It has a vCard if its details say more than its fields.
 * @throws Problem 422 where they contradict one another, or would be too large
 */
export function newContent(fields: ContactFields, details: DetailInput): ContactContent {
  if (!hasAny(details)) return contentOfFields(fields)
  const { favorite, ...changes } = fields
  return contentOfMade(
    orProblem(() => makeCard({ ...changes, ...details })),
    { favorite, uid: null },
  )
}

/**
 * A row with other fields and details. Of a vCard only the lines that say another value change.
 * @throws Problem 422 where they contradict one another, where a vCard cannot say them, or would be too large
 */
export function editedContent(row: StoredRow, fields: ContactFields, details: DetailInput): ContactContent {
  const card = cardOf(row)
  if (!card && !hasAny(details)) return contentOfFields(fields)
  const { favorite, ...changes } = fields
  const { favorite: _, ...before } = pickFields(row)
  const labels = details.labels && ownLabels(row, card, details.labels)
  const edited = orProblem(() =>
    editCard(card ?? makeCard(before), { ...changes, ...details, ...(labels && { labels }) }),
  )
  return (card ? contentOfCard : contentOfMade)(edited, { favorite, uid: row.uid })
}

/**
 * A group under another name.
 * @throws Problem 422 where its vCard would be too large
 */
export function renamedContent(group: StoredRow, name: string): ContactContent {
  const { favorite, uid } = group
  return contentOfCard(
    orProblem(() => renamedGroup(cardOf(group) ?? makeCard({}), name)),
    { favorite, uid },
  )
}

/** A vCard that is made or edited, or the problem of what cannot be. */
function orProblem(make: () => Card): Card {
  try {
    const card = make()
    checkBounds(card)
    return card
  } catch (error) {
    if (error instanceof ChangeFault) throw invalidValues([{ pointer: error.pointer, detail: error.message }])
    if (error instanceof CardFault) throw invalidValues([{ pointer: '', detail: error.message }])
    throw error
  }
}
