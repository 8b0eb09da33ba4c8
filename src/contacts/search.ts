import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { spellingsOf } from '../platform/text/email.ts'
import { asciiDigits, fold } from '../platform/text/fold.ts'
import { isPhone } from './schema.ts'
import { sortKey } from './sort.ts'
import { contacts } from './table.ts'

/** The digits of a text, in the digits of any script. */
export const digits = (text: string): string => asciiDigits(text.normalize('NFKD')).replace(/\D/g, '')

/** A phone number and its extension, by their digits: an extension begins with the first letter, comma or semicolon. */
function phoneParts(phone: string): [number: string, extension: string] {
  const at = phone.search(/[\p{L},;]/u)
  return at < 0 ? [digits(phone), ''] : [digits(phone.slice(0, at)), digits(phone.slice(at))]
}

/** The digits that a number is looked for by: those before its extension, if there are any. */
export const numberOf = (phone: string): string => phoneParts(phone)[0] || digits(phone)

/** The digits of a phone, the extension's apart, so that both are found and nothing across them. */
const phoneKey = (phone: string): string => phoneParts(phone).filter(Boolean).join(' ')

/** What words are made of: letters, digits, marks; and signs that stand for themselves, such as emoji. */
const wordSeparators = /[^\p{L}\p{N}\p{M}\p{So}\p{Sc}]+/gu

/** The words of a folded text, with one blank between them: o neill of o'neill. */
const wordsOf = (folded: string): string =>
  folded
    .replace(wordSeparators, ' ')
    .replace(/[\p{So}\p{Sc}]/gu, ' $& ')
    .replace(/ {2,}/g, ' ')
    .trim()

/** What a contact without a birthday sorts as: after every `MM-DD`. */
export const noBirthday = '~'

/** What ends the name in a search key, the e-mail, and the note. No folded text holds any of them. */
const endOfName = '\n'
const endOfEmail = '\v'
const endOfNote = '\f'

interface Searched {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly birthday: string | null
  readonly additional: string | null
}

/** The derived columns of a contact: what lists are searched, filtered and sorted by. Recomputed on every write. */
export function searchKeys(contact: Searched, locale: string) {
  return {
    first_name_key: wholeAndWords(contact.first_name ?? ''),
    last_name_key: wholeAndWords(contact.last_name ?? ''),
    email_key: spellingsOf(contact.email ?? '')
      .map(wholeAndWords)
      .join(' '),
    phone_key: phoneKey(contact.phone ?? ''),
    name_key: sortKey(fullName(contact), locale),
    search_key: searchKey(contact),
    birthday_key: contact.birthday?.slice(-5) ?? noBirthday,
  }
}

/** A text, folded, and its words, of O'Neill-Smith neill and smith; as it stands it is for who looks for a sign. */
function wholeAndWords(text: string): string {
  const folded = fold(text)
  const words = wordsOf(folded)
  return words === folded ? folded : `${folded} ${words}`
}

/**
 * Each part stands between blanks, so that the beginning and the end of a word can be looked for. The phone comes last:
 * what is found before it is text.
 */
function searchKey(contact: Searched): string {
  const email = spellingsOf(contact.email ?? '').map((one) => wordsOf(fold(one)))
  const parts = [
    ...[wholeAndWords(fullName(contact)), endOfName],
    ...[email.join(' '), endOfEmail],
    ...[wordsOf(fold(contact.additional ?? '')), endOfNote],
    phoneKey(contact.phone ?? ''),
  ]
  return ` ${parts.join(' ')} `
}

/** First and last name, as far as there are any. */
export function fullName({ first_name, last_name }: { first_name: string | null; last_name: string | null }): string {
  return [first_name, last_name].filter((part) => part !== null).join(' ')
}

/** More words than this are looked for as one: D1 takes 100 parameters a statement, and each word of `q` is seven. */
const maxWords = 8

/** Fewer digits than this are looked for in texts alone: nearly every phone number has them. */
const minDigits = 3

/** The fewest digits that count as a number's when the zero before them is left out. */
const minSubscriber = 4

/** A text that is looked for, or the parameter that it will be. */
export type Text = string | Placeholder

/** What to look for in a search key: every one of the words, or, of a number in whatever format, its digits. */
export interface SearchTerms<T = string> {
  /** Each by itself, at the beginning of a word, and as a whole one. */
  readonly words: readonly (readonly [within: T, beginning: T, whole: T])[]
  readonly numbers: readonly T[]
  /** Whether its words are looked for in phone numbers, too. */
  readonly inPhones: boolean
}

/**
 * What parts the words of a search. What joins a word (o'neill, anna-maria, ana@example.com) is looked for as it joins.
 */
const termSeparators = /[^\p{L}\p{N}\p{M}\p{So}\p{Sc}'\-._@+=/]+/u

/** The words of a search or of a filter, split as those of names are; or, where it is signs alone, the signs. */
export function termsOf(q: string): string[] {
  const folded = fold(q)
  const words = folded.split(termSeparators).map(wordsOf).filter(Boolean)
  const all = words.length > 0 ? words : folded.split(' ').filter(Boolean)
  return all.length > maxWords ? [...all.slice(0, maxWords - 1), all.slice(maxWords - 1).join(' ')] : all
}

/** Of words, how many digits those have that are numbers. */
const digitsIn = (words: readonly string[]): number =>
  digits(words.filter((word) => /^[0-9 ]+$/.test(word)).join('')).length

/** What `q` looks for. */
export function parseSearch(q: string): SearchTerms {
  const terms = termsOf(q)
  const words = terms.map((word) => [word, ` ${word}`, ` ${word} `] as const)
  const few = digitsIn(terms)
  const inPhones = few === 0 || few >= minDigits
  const number = isPhone(q) ? numberOf(q) : ''
  if (number.length < minDigits) return { words, numbers: [], inPhones }
  // At home a number begins with 0, or abroad with 00, where it is stored with its country's code.
  const subscriber = number.replace(/^0+/, '')
  return { words, numbers: subscriber.length >= minSubscriber ? [number, subscriber] : [number], inPhones }
}

/** A search that finds nobody, and ranks everybody alike. */
export const emptySearch: SearchTerms = { words: [], numbers: [], inPhones: true }

/** The same search with something else in the place of each of its texts, which are counted. */
export function withTexts<T>(
  { words, numbers, inPhones }: SearchTerms<unknown>,
  put: (at: number) => T,
): SearchTerms<T> {
  return {
    inPhones,
    words: words.map((_, at) => [put(3 * at), put(3 * at + 1), put(3 * at + 2)] as const),
    numbers: numbers.map((_, at) => put(3 * words.length + at)),
  }
}

export const textName = (at: number): `text${number}` => `text${at}`

/** Names for the texts of a search, by their places in {@link withTexts}. */
export const textNames = ({ words, numbers }: SearchTerms<unknown>): `text${number}`[] =>
  [...words.flat(), ...numbers].map((_, at) => textName(at))

/** The texts of a search, by their names. */
export const textsOf = ({ words, numbers }: SearchTerms): Record<`text${number}`, string> =>
  Object.fromEntries([...words.flat(), ...numbers].map((text, at) => [textName(at), text]))

const at = (text: Text): SQL => sql`instr(${contacts.search_key}, ${text})`

/** Where the texts end and the phone begins: at the end of a key that an older version made. */
const textEnd = sql`instr(${contacts.search_key} || char(12), char(12))`

/** The condition that a contact is found. `instr`, so that nothing that is sought means anything but itself. */
export function matches({ words, numbers, inPhones }: SearchTerms<Text>): SQL {
  const isThere = (word: Text) => (inPhones ? sql`${at(word)} > 0` : sql`${at(word)} BETWEEN 1 AND ${textEnd}`)
  const conditions = [
    ...(words.length > 0
      ? [
          sql`(${sql.join(
            words.map(([within]) => isThere(within)),
            sql` AND `,
          )})`,
        ]
      : []),
    ...numbers.map((number) => sql`${at(number)} > 0`),
  ]
  return conditions.length > 0 ? sql`(${sql.join(conditions, sql` OR `)})` : sql`0`
}

/**
 * How well a contact fits, the better the lower: for each word, whole in the name before at its beginning before within
 * it, then in e-mail or phone, then in the note.
 */
export function relevance({ words, inPhones }: SearchTerms<Text>): SQL<number> {
  const nameEnd = sql`instr(${contacts.search_key}, char(10))`
  const emailEnd = sql`instr(${contacts.search_key}, char(11))`
  const isInPhone = (word: Text) =>
    inPhones ? sql`instr(substr(${contacts.search_key}, ${textEnd}), ${word}) > 0` : sql`0`
  const scores = words.map(
    ([within, beginning, whole]) => sql`CASE
      WHEN ${at(whole)} BETWEEN 1 AND ${nameEnd} - 1 THEN 0
      WHEN ${at(beginning)} BETWEEN 1 AND ${nameEnd} - 1 THEN 1
      WHEN ${at(within)} BETWEEN 1 AND ${nameEnd} - 1 THEN 2
      WHEN ${at(within)} BETWEEN 1 AND ${emailEnd} - 1 OR ${isInPhone(within)} THEN 3
      WHEN ${at(within)} > 0 THEN 4
      ELSE 3 END`,
  )
  return scores.length > 0 ? sql<number>`(${sql.join(scores, sql` + `)})` : sql<number>`0`
}
