import { truncate } from '../platform/text/truncate.ts'
import type { Card, CardFields, CardLists, Line, NameParts } from './card.ts'
import { isDate } from './dates.ts'
import {
  addressKind,
  customKind,
  dateKind,
  dateOf,
  emailKind,
  type Kind,
  messengerKind,
  phoneKind,
  relationKind,
  urlKind,
} from './kinds.ts'
import { type GroupLabels, groupLabels, primaryIndex } from './labels.ts'
import { firstLine, isPerson, joinName, readName, substituteName } from './names.ts'
import { readOrganizations, valuedLines } from './organizations.ts'
import { decodedValue, orNull, splitEscaped, textOf, unescapeText } from './values.ts'

/** A member of a list and its line. */
export interface Entry<M> {
  readonly line: Line
  readonly member: M
}

/** The members of a list that have a value, in the card's order, and which is primary. */
export function readEntries<M extends { readonly label: string | null }>(
  card: Card,
  kind: Kind<M>,
  labels: GroupLabels,
): Entry<M>[] {
  const entries = valuedLines(card, (line) => kind.owns(line) && kind.read(line, labels) !== null).flatMap((line) => {
    const member = kind.read(line, labels)
    return member === null ? [] : [{ line, member }]
  })
  if (!kind.hasPrimary) return entries
  const primary = primaryIndex(entries.map(({ line }) => line))
  return entries.map(({ line, member }, index) => ({ line, member: { ...member, primary: index === primary } }))
}

/** The notes of a card, each with its line. Their text is `additional`, with a line break between two. */
export const noteLines = (card: Card): Line[] =>
  valuedLines(card, (line) => line.name === 'NOTE' && orNull(textOf(line)) !== null)

/** The birthday and its line; undefined where none is a date. */
export function readBirthday(card: Card): { readonly line: Line; readonly date: string } | undefined {
  for (const line of card.lines) {
    if (line.name !== 'BDAY') continue
    const date = dateOf(line)
    if (date !== null && isDate(date)) return { line, date }
  }
  return undefined
}

/** The labels of a line of CATEGORIES, each with its text as it stands there. */
export const categoriesOf = (line: Line): { readonly piece: string; readonly label: string | null }[] =>
  splitEscaped(decodedValue(line), ',').map((piece) => ({ piece, label: orNull(unescapeText(piece)) }))

/** The lines of CATEGORIES that have a value. */
export const categoryLines = (card: Card): Line[] =>
  card.lines.filter((line) => line.name === 'CATEGORIES' && categoriesOf(line).some(({ label }) => label !== null))

const textIn = (card: Card, name: string): string | null => {
  const line = firstLine(card, name)
  return line ? orNull(textOf(line)) : null
}

/** The property of each part of a name that is not in N. */
export const namePartProperties = {
  nickname: 'NICKNAME',
  phonetic_first: 'X-PHONETIC-FIRST-NAME',
  phonetic_last: 'X-PHONETIC-LAST-NAME',
} as const

function readNameParts(card: Card): NameParts {
  const { prefix, middle, suffix } = readName(card)
  return {
    ...{ prefix, middle, suffix },
    nickname: textIn(card, namePartProperties.nickname),
    phonetic_first: textIn(card, namePartProperties.phonetic_first),
    phonetic_last: textIn(card, namePartProperties.phonetic_last),
  }
}

function readLists(card: Card): CardLists {
  const labels = groupLabels(card)
  const members = <M extends { readonly label: string | null }>(kind: Kind<M>): M[] =>
    readEntries(card, kind, labels).map(({ member }) => member)
  const categories = categoryLines(card).flatMap((line) => categoriesOf(line).map(({ label }) => label))
  return {
    emails: members(emailKind),
    phones: members(phoneKind),
    addresses: members(addressKind),
    urls: members(urlKind),
    messengers: members(messengerKind),
    organizations: readOrganizations(card).map(({ organization }) => organization),
    dates: members(dateKind),
    relations: members(relationKind),
    labels: [...new Set(categories.filter((label) => label !== null))],
    custom: members(customKind),
  }
}

/**
 * What a card says, as the wire shows it: today's members, which are the contact's columns, and all lists. Never
 * throws. A photo is read by photo.ts; the note's text may have several lines, all other values one or more as they
 * stand in the card.
 */
export function readFields(card: Card): CardFields {
  const lists = readLists(card)
  const name = readName(card)
  const [first_name, last_name] = isPerson(name) ? [name.first, name.last] : [substituteName(card, truncate), null]
  return {
    ...{ first_name, last_name },
    full_name: textIn(card, 'FN') ?? joinName(first_name, last_name),
    email: lists.emails.find(({ primary }) => primary)?.value ?? null,
    phone: lists.phones.find(({ primary }) => primary)?.value ?? null,
    birthday: readBirthday(card)?.date ?? null,
    additional: noteLines(card).map(textOf).join('\n') || null,
    name: readNameParts(card),
    ...lists,
    favorite: readFavorite(card),
    uid: textIn(card, 'UID'),
  }
}

/** Whether a card says that it is a favorite, and what (`X-VIZITKA-FAVORITE:1`). */
function readFavorite(card: Card): boolean | null {
  const text = textIn(card, 'X-VIZITKA-FAVORITE')
  return text === null ? null : text === '1'
}
