import { truncate } from '../platform/text/truncate.ts'
import type { Address, Card, CardColumns, CardFields } from './card.ts'
import { readFields } from './read.ts'

/** Characters of all that a search looks through beside names, e-mails and numbers. */
const maxSearchText = 8000

/** What a card is searched by, not folded yet. */
export interface SearchText {
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  /**
   * Whatever else a person may remember: other names, organizations, addresses, labels, relations, URLs, custom values.
   */
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

/** All texts of a card that are no column, in the order in which they are kept where there are too many. */
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
 * The columns of a contact that a card stands for, and what it is searched by: at most 8,000 characters beside its
 * e-mails and numbers. `first_name` is never null where `last_name` is: a card without N is called by FN, or by what
 * else there is. Never throws. Whoever has read the fields gives them.
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
