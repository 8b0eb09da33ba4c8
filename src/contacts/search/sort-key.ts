import { fold, plainLetters, unifySigns } from '../../platform/text/fold.ts'
import { truncate } from '../../platform/text/truncate.ts'

/** Every small letter that an alphabet of ours may have: Latin, Greek, Cyrillic. */
const alphabets = [
  [0x61, 0x7a],
  [0xdf, 0x17f],
  [0x3ac, 0x3ce],
  [0x430, 0x45f],
  [0x490, 0x4ff],
] as const

/**
 * The first code point of a key's letters: above blanks and digits, and, with all letters, below every other script's.
 */
const firstRank = 0x100

const ranks = new Map<string, ReadonlyMap<string, string>>()

/**
 * Each letter's place in a locale's alphabet, as a character: what the locale takes for one letter (e and é; in
 * Ukrainian not і and ї) has one place. Made once for each locale by Intl.Collator, which compares but gives no keys.
 */
function ranksOf(locale: string): ReadonlyMap<string, string> {
  const cached = ranks.get(locale)
  if (cached) return cached
  const { compare } = new Intl.Collator(locale, { sensitivity: 'base' })
  const letters = alphabets
    .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)))
    .filter((letter) => /\p{Ll}/u.test(letter))
    .sort(compare)
  const table = new Map<string, string>()
  let rank = firstRank
  letters.forEach((letter, at) => {
    const before = letters[at - 1]
    if (before !== undefined && compare(before, letter) !== 0) rank += 1
    table.set(letter, String.fromCodePoint(rank))
  })
  ranks.set(locale, table)
  return table
}

/** How much of a name it is sorted by. */
const maxSortKey = 200

/**
 * What a name is sorted by: keys in the order of their code points (SQLite's) are names in the order of the locale's
 * alphabet. Case, accents that the locale does not count as letters, and punctuation make no difference; a blank is
 * before every letter. Scripts without case come after, by code point: docs/decisions/062 has the limits of that.
 */
export function sortKey(name: string, locale: string): string {
  const table = ranksOf(locale)
  let key = ''
  const words = unifySigns(name)
    .normalize('NFC')
    .toLowerCase()
    .replace(/[-\s]+/g, ' ')
    .replace(/[^\p{L}\p{N}\p{M} ]/gu, '')
    .trim()
  for (const letter of words) {
    const rank = table.get(letter)
    if (rank !== undefined && !plainLetters.has(letter)) key += rank
    // A letter with an accent that no alphabet of ours has, or one that stands for two.
    else for (const part of fold(letter) || (letter === ' ' ? ' ' : '')) key += table.get(part) ?? part
  }
  return truncate(key, maxSortKey)
}
