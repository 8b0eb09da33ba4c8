import type { Placeholder } from 'drizzle-orm'
import { fold } from '../../platform/text/fold.ts'
import { isPhone } from '../fields.ts'
import { digitsOf, numberOf } from './phone-digits.ts'
import { wordsOf } from './words.ts'

/** The words from the eighth on count as one: D1 takes 100 parameters a statement, and each word of `q` is seven. */
const maxWords = 8

/** A search for fewer digits than this leaves phone numbers out: nearly every one has them. */
const minDigits = 3

/** The fewest digits that count as a phone number without the zeros before them. */
const minSubscriber = 4

/** A text to search for, or the parameter for one. */
export type Text = string | Placeholder

/** What to search for: contacts that have all the words, or one of the phone numbers, whatever its format. */
export interface SearchTerms<T = string> {
  /** Each word by itself, as the beginning of a word, and as a whole word. */
  readonly words: readonly (readonly [within: T, beginning: T, whole: T])[]
  readonly numbers: readonly T[]
  /** Whether phone numbers are searched for the words, too. */
  readonly inPhones: boolean
}

/** What separates the words of a search. Signs that join a word (o'neill, anna-maria, ana@example.com) do not. */
const termSeparators = /[^\p{L}\p{N}\p{M}\p{So}\p{Sc}'\-._@+=/]+/u

/** Splits a search or a filter into words, as names are split. A search for signs alone is split at blanks. */
export function splitTerms(q: string): string[] {
  const folded = fold(q)
  const words = folded.split(termSeparators).map(wordsOf).filter(Boolean)
  const all = words.length > 0 ? words : folded.split(' ').filter(Boolean)
  return all.length > maxWords ? [...all.slice(0, maxWords - 1), all.slice(maxWords - 1).join(' ')] : all
}

/** Counts the digits of those words that are numbers. */
const countDigits = (words: readonly string[]): number =>
  digitsOf(words.filter((word) => /^[0-9 ]+$/.test(word)).join('')).length

/** Reads the text of a search. */
export function parseSearch(q: string): SearchTerms {
  const terms = splitTerms(q)
  const words = terms.map((word) => [word, ` ${word}`, ` ${word} `] as const)
  const digits = countDigits(terms)
  const inPhones = digits === 0 || digits >= minDigits
  const number = isPhone(q) ? numberOf(q) : ''
  if (number.length < minDigits) return { words, numbers: [], inPhones }
  // A number that is stored with its country's code is dialled at home with a 0, or from abroad with 00, before it.
  const subscriber = number.replace(/^0+/, '')
  return { words, numbers: subscriber.length >= minSubscriber ? [number, subscriber] : [number], inPhones }
}

/** A search that matches nobody, and ranks all alike. */
export const emptySearch: SearchTerms = { words: [], numbers: [], inPhones: true }

/** Replaces the texts of a search, counted from 0. */
export function mapTexts<T>(
  { words, numbers, inPhones }: SearchTerms<unknown>,
  replace: (index: number) => T,
): SearchTerms<T> {
  return {
    inPhones,
    words: words.map((_, at) => [replace(3 * at), replace(3 * at + 1), replace(3 * at + 2)] as const),
    numbers: numbers.map((_, at) => replace(3 * words.length + at)),
  }
}

export const textName = (index: number): `text${number}` => `text${index}`

/** The names of the texts of a search, as parameters: by their index in {@link mapTexts}. */
export const textNames = ({ words, numbers }: SearchTerms<unknown>): `text${number}`[] =>
  [...words.flat(), ...numbers].map((_, index) => textName(index))

/** The texts of a search, by their names. */
export const textsByName = ({ words, numbers }: SearchTerms): Record<`text${number}`, string> =>
  Object.fromEntries([...words.flat(), ...numbers].map((text, index) => [textName(index), text]))
