import type { SearchText } from '../../cards/derive.ts'
import { spellingsOf } from '../../platform/text/email.ts'
import { fold } from '../../platform/text/fold.ts'
import { type FieldName, fieldNames, fields, fullName, type TextFields } from '../fields.ts'
import { phoneKey } from './phone-digits.ts'
import { sortKey } from './sort-key.ts'
import { wholeAndWords, wordsOf } from './words.ts'

/** The key of a contact without a birthday: it sorts after every `MM-DD`. */
export const noBirthday = '~'

/** The ends of the name, the e-mail and the note in a search key. No folded text contains any of them. */
const endOfName = '\n'
const endOfEmail = '\v'
const endOfNote = '\f'

/** The ends of the names of groups, which stand at the end of the note. Triggers look for them (migration 0009). */
const [startOfGroups, endOfGroups] = ['\u000e', '\u000f']

/** A group's name as a member's search key has it, between blanks. */
export const groupSearchText = (name: string): string => wordsOf(fold(name))

/** What the search keys of a group are: no search and no birthday finds it. */
export const hiddenKeys = { search_key: '', birthday_key: noBirthday } as const

/** The columns that are derived from the fields. */
export const keyColumns = [
  'first_name_key',
  'last_name_key',
  'email_key',
  'phone_key',
  'name_key',
  'search_key',
  'birthday_key',
] as const

/**
 * Derives the columns that lists are searched, filtered and sorted by. Every write of a contact does so. `more` is what
 * its vCard says besides, and `groups` are the names of the groups that have it.
 */
export const searchKeys = (
  contact: TextFields,
  locale: string,
  more: SearchText | null = null,
  groups: readonly string[] = [],
): Record<(typeof keyColumns)[number], string> => ({
  first_name_key: wholeAndWords(contact.first_name ?? ''),
  last_name_key: wholeAndWords(contact.last_name ?? ''),
  email_key: spellingsOf(contact.email ?? '')
    .map(wholeAndWords)
    .join(' '),
  phone_key: phoneKey(contact.phone ?? ''),
  name_key: sortKey(fullName(contact), locale),
  search_key: searchKey(contact, more, groups),
  birthday_key: contact.birthday?.slice(-5) ?? noBirthday,
})

type Part = NonNullable<(typeof fields)[FieldName]['search']>

const isText = (name: FieldName): name is keyof TextFields => fields[name].column === 'text'

const fieldsByPart = new Map(
  (['name', 'email', 'note', 'phone'] satisfies Part[]).map((part) => [
    part,
    fieldNames.filter(isText).filter((name) => fields[name].search === part),
  ]),
)

/** The texts that a contact has in the fields of one part of the search key. */
const textsOf = (contact: TextFields, part: Part): string[] =>
  (fieldsByPart.get(part) ?? []).flatMap((name) => contact[name] ?? [])

/** The texts of fields and those of a vCard, each once. */
const distinct = (texts: readonly string[], others: readonly string[] | null = null): string[] => [
  ...new Set([...texts, ...(others ?? [])]),
]

/**
 * Makes what `q` searches: the name, the e-mails, the note with all other texts, and the phones, in this order. Each
 * word stands between blanks, so that a search can ask for the beginning or the end of a word. All before the phones is
 * text.
 */
function searchKey(contact: TextFields, more: SearchText | null, groups: readonly string[]): string {
  const name = wholeAndWords(textsOf(contact, 'name').join(' '))
  const email = distinct(textsOf(contact, 'email'), more?.emails)
    .flatMap(spellingsOf)
    .map((spelling) => wordsOf(fold(spelling)))
  const note = distinct(textsOf(contact, 'note'), more && [more.text]).map((text) => wordsOf(fold(text)))
  const phone = distinct(textsOf(contact, 'phone'), more?.phones).map(phoneKey)
  const named = groups.map((group) => ` ${groupSearchText(group)} `).join('')
  const end = groups.length === 0 ? endOfNote : `${startOfGroups}${named}${endOfGroups}${endOfNote}`
  return ` ${[name, endOfName, email.join(' '), endOfEmail, note.join(' '), end, phone.join(' ')].join(' ')} `
}
