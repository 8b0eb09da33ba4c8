import { fold } from '../../platform/text/fold.ts'

/** All but letters, digits, marks, and signs that are words by themselves, such as emoji. */
const wordSeparators = /[^\p{L}\p{N}\p{M}\p{So}\p{Sc}]+/gu

/** The words of a folded text, with one blank between them: `o neill` for `o'neill`. */
export const wordsOf = (folded: string): string =>
  folded
    .replace(wordSeparators, ' ')
    .replace(/[\p{So}\p{Sc}]/gu, ' $& ')
    .replace(/ {2,}/g, ' ')
    .trim()

/**
 * A text, folded, and then its words: `o'neill-smith o neill smith`. The words match a search for one of them, the
 * whole text a search for a sign in it.
 */
export function wholeAndWords(text: string): string {
  const folded = fold(text)
  const words = wordsOf(folded)
  return words === folded ? folded : `${folded} ${words}`
}
