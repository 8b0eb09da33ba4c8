import type { Card } from '../cards/card.ts'
import { parseCards } from '../cards/parse.ts'
import { readFields } from '../cards/read.ts'
import { type ContactContent, cardOf } from '../contacts/content.ts'
import { type CardPart, pictureLines, takeParts } from '../contacts/parts.ts'
import { searchKeys } from '../contacts/search/keys.ts'
import type { StoredRow } from '../contacts/table.ts'
import { toCardWithoutFiles, toVcard } from '../contacts/vcard.ts'
import { displayedPicture, hasSamePicture, toStorable } from '../contacts/vcard-input.ts'
import { partsOfSign, signsOf } from '../merge/signs.ts'
import { type MergedContact, uniteContacts } from '../merge/unite-contacts.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { digest } from '../platform/crypto/keys.ts'
import type { Picture } from '../platform/pictures/image.ts'
import { csvRow } from './csv/write.ts'
import type { ReadCard } from './read-cards.ts'

/** A card of a file, with all by which it can be found among the contacts. */
export interface PreparedCard {
  readonly line: number
  readonly card: Card
  readonly notes: readonly string[]
  /** The UID that the card has; null if none. */
  readonly uid: string | null
  /** A digest of what the card says. */
  readonly digest: string
  /** The sort key of its name, by which contacts of the same name are found. */
  readonly name_key: string
  /** The UIDs that it names, if it is a group; null if it is not. */
  readonly members: readonly string[] | null
  /** By which a contact seems to be the same person (merge/signs.ts). */
  readonly signs: readonly string[]
  /** The same in the form of the columns of contacts, by which contacts are looked up (merge/duplicates-store.ts). */
  readonly columnSigns: readonly string[]
}

/** Properties that say nothing about the person, and that programs write anew with each export. */
const ignored = new Set(['UID', 'REV', 'PRODID', 'VERSION', 'BEGIN', 'END', 'X-VIZITKA-FAVORITE', ''])

/**
 * Returns a digest of what a card says, in which its UID, its time and the program that wrote it do not count. Folding
 * and line breaks do not count either.
 */
export function digestOfCard(card: Card): string {
  const lines = takeParts(card).card.lines.filter(({ name }) => !ignored.has(name))
  return digest(lines.map(({ head, value }) => `${head}:${value}`).join('\n'))
}

/** Computes by what a card can be found. */
export function prepareCard({ line, card, notes }: ReadCard & { readonly card: Card }, locale: string): PreparedCard {
  const fields = readFields(card)
  const { content } = toStorable(card, null, undefined)
  const keys = searchKeys(content.fields, locale)
  const signs = content.members === null ? signsOf(fields) : []
  return {
    ...{ line, card, notes, signs },
    uid: fields.uid,
    digest: digestOfCard(card),
    name_key: keys.name_key,
    members: content.members,
    columnSigns: signs.map((sign) => columnSign(sign, keys.search_key, fields.birthday)),
  }
}

/** Writes a sign as the columns of a contact have it: phones without extension, a name as in the search key. */
function columnSign(sign: string, searchKey: string, birthday: string | null): string {
  const { kind, value } = partsOfSign(sign)
  if (kind === 'phone') return `phone:${value.split(' ', 1)[0]}`
  return kind === 'born' ? `born:${birthday} ${searchKey.split('\n', 1)[0]?.trim()}` : sign
}

/** What is stored of a card, and the picture that it shows. */
export interface CardToStore {
  /** The vCard without its larger files. */
  readonly card: Card
  readonly content: ContactContent
  readonly parts: readonly CardPart[]
  readonly picture: Picture | undefined
  /** Whether the contact that is replaced keeps the picture that it shows. */
  readonly keepsPicture: boolean
  /** A sentence about what of the card is left out. */
  readonly note?: string | undefined
}

/** Makes what is stored of a card. `before` is the contact that it replaces. */
export function toStore(card: Card, before: StoredRow | null, { FAVORITE_NAME_PREFIX }: Configuration): CardToStore {
  const stored = toStorable(card, before, FAVORITE_NAME_PREFIX)
  return { ...stored, picture: displayedPicture(card), keepsPicture: keepsPicture(before, stored.card) }
}

/**
 * Returns whether a contact keeps its picture: if the card has the same one; or if the picture was uploaded, so that
 * the contact's vCard has none, and the card has none either.
 */
const keepsPicture = (row: StoredRow | null, card: Card): boolean =>
  row !== null && (hasSamePicture(row, card) || (pictureLines(card) === '' && pictureLines(cardOf(row)) === ''))

/** Returns a digest of what the stored vCard of a contact says; undefined if it has none. */
export function digestOfRow(row: StoredRow): string | undefined {
  const card = cardOf(row)
  return card && digestOfCard(card)
}

/** The files of a contact that are not in its row. */
type Files = NonNullable<Parameters<typeof toVcard>[2]>

/** Returns a digest of the vCard as which a contact is exported in a version. */
export function digestOfExport(row: StoredRow, version: Card['version'], files: Files): string {
  const [card] = parseCards(toVcard(row, version === '4.0' ? '4.0' : '3.0', files))
  return card ? digestOfCard(card) : ''
}

/** Returns the row of a contact in an exported CSV file. */
export const csvOfRow = (row: StoredRow): string => csvRow(toCardWithoutFiles(row))

/** A vCard that says nothing. */
const emptyCard = 'BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n'

/**
 * Makes what is stored of a contact that a card is merged into: all that the contact and the card say. The contact
 * keeps its picture if it has one. Returns undefined if the card says nothing new.
 * @throws Problem 422 if that would be too large
 */
export function toMerge(
  card: Card,
  into: MergedContact,
  { FAVORITE_NAME_PREFIX }: Configuration,
): CardToStore | undefined {
  const { content, parts, card: taken } = toStorable(card, null, FAVORITE_NAME_PREFIX)
  const other: StoredRow = {
    ...into.row,
    ...{ ...content.fields, card: content.card, full_name: content.full_name, uid: content.uid, avatar: null },
    // No contact has it. With the id of `into`, values of the card would be taken for those of `into`.
    id: 0,
  }
  const united = uniteContacts(into, [{ row: other, parts }])
  const same = uniteContacts(into, [{ row: { ...other, card: emptyCard, favorite: false }, parts: [] }])
  if (JSON.stringify([united.content, united.parts]) === JSON.stringify([same.content, same.parts])) return undefined
  const pictures = pictureLines(cardOf(into.row))
  const hasPicture = into.row.avatar !== null || pictures !== ''
  const isLeftOut = hasPicture && pictureLines(taken) !== '' && pictureLines(taken) !== pictures
  const [stored = card] = parseCards(united.content.card ?? '')
  return {
    ...{ card: stored, content: united.content, parts: united.parts, picture: displayedPicture(card) },
    keepsPicture: hasPicture || pictureLines(taken) === '',
    ...(isLeftOut && { note: 'Its picture is left out, because the contact has one.' }),
  }
}
