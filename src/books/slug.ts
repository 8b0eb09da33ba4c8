import { bytesToHex, randomBytes } from '@noble/hashes/utils.js'
import { fold } from '../platform/text/fold.ts'
import { truncate } from '../platform/text/truncate.ts'

/** The most characters of a slug that is made from a name: fewer than the limit, so that a number can be appended. */
const maxLength = 50

const cyrillic = 'абвгдеєжзиіклмнопрстуфхцчшщюяэыјљњџђћ'
/**
 * The Latin transliteration of each letter: Ukrainian letters as in passports (resolution 55 of 27 January 2010), then
 * those of other languages.
 */
const latin = 'a b v h d e ie zh z y i k l m n o p r s t u f kh ts ch sh shch iu ia e y j lj nj dz dj c'.split(' ')
const letters = new Map([...cyrillic].map((letter, index) => [letter, latin[index] ?? '']))

/** Makes a slug from a name by transliterating it. Random if no letter can be transliterated. */
export function slugFor(name: string): string {
  const text = [...fold(name)].map((letter) => letters.get(letter) ?? letter).join('')
  const words = text.replace(/['ьъ]/g, '').match(/[a-z0-9]+/g) ?? []
  return truncate(words.join('-'), maxLength).replace(/-$/, '') || `book-${bytesToHex(randomBytes(4))}`
}

/** Returns the slug if it is free; otherwise appends the first number, from 2 on, that makes it free. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  let free = slug
  for (let number = 2; taken.has(free); number++) free = `${slug}-${number}`
  return free
}
