import { truncate } from '../platform/text/truncate.ts'
import type { Address, Card, CardColumns, CardFields } from './card.ts'
import { readFields } from './read.ts'

/** The maximum number of characters of the search text, without names, e-mails and numbers. */
const maxSearchText = 8000

/** The texts by which a card is found, not folded yet. */
export interface SearchText {
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  /** Other names, organizations, addresses, labels, relations, messengers, URLs and custom values. */
  readonly text: string
}

export interface Derived extends CardColumns {
  readonly labels: readonly string[]
  readonly favorite: boolean | null
  readonly uid: string | null
  readonly search: SearchText
}

const addressText = ({ street, extended, po_box, city, region, postal_code, country }: Address): (string | null)[] => [
  ...[po_box, extended, street],
  ...[postal_code, city, region, country],
]

/** Joins the texts of a card that have no column, the most important first, and cuts them at the maximum. */
function searchText(fields: CardFields): string {
  const { name } = fields
  const texts = [
    ...[name.nickname, name.middle, name.phonetic_first, name.phonetic_last, name.prefix, name.suffix],
    ...fields.organizations.flatMap(({ name, units, title, role }) => [name, ...units, title, role]),
    ...fields.labels,
    ...fields.addresses.flatMap(addressText),
    ...fields.relations.map(({ value }) => value),
    ...fields.messengers.map(({ value }) => value),
    ...fields.urls.map(({ value }) => value),
    ...fields.custom.map(({ value }) => value),
  ]
  return truncate(texts.filter((text) => text !== null).join('\n'), maxSearchText)
}

/**
 * Derives a contact's columns and search texts from a card: at most 8,000 characters, and its e-mails and numbers.
 * `first_name` and `last_name` are never both null: a card without N gets its name from FN, or from other properties.
 * Never throws. A caller that has already read the fields passes them.
 */
export function derive(card: Card, fields: CardFields = readFields(card)): Derived {
  const { first_name, last_name, full_name, email, phone, birthday, additional, labels, favorite, uid } = fields
  return {
    ...{ first_name, last_name, full_name, email, phone, birthday, additional, labels, favorite, uid },
    search: {
      emails: fields.emails.map(({ value }) => value),
      phones: fields.phones.map(({ value }) => value),
      text: searchText(fields),
    },
  }
}
