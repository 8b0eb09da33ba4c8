import { bytesToHex, randomBytes } from '@noble/hashes/utils.js'
import { fold } from '../platform/text/fold.ts'
import { truncate } from '../platform/text/truncate.ts'

/** Characters of a slug that is made of a name: fewer than one may have, so that a number fits behind it. */
const maxLength = 50

const cyrillic = 'абвгдеєжзиіклмнопрстуфхцчшщюяэыјљњџђћ'
/** The same in Latin letters, as in Ukrainian passports (resolution 55 of 27 January 2010), and those of others. */
const latin = 'a b v h d e ie zh z y i k l m n o p r s t u f kh ts ch sh shch iu ia e y j lj nj dz dj c'.split(' ')
const letters = new Map([...cyrillic].map((letter, index) => [letter, latin[index] ?? '']))

/** A slug for a name: its letters in Latin, or a random one where none of them can be. */
export function slugFor(name: string): string {
  const text = [...fold(name)].map((letter) => letters.get(letter) ?? letter).join('')
  const words = text.replace(/['ьъ]/g, '').match(/[a-z0-9]+/g) ?? []
  return truncate(words.join('-'), maxLength).replace(/-$/, '') || `book-${bytesToHex(randomBytes(4))}`
}

/** A slug, or the first of it with a number from 2 on, that is not taken. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  let free = slug
  for (let number = 2; taken.has(free); number++) free = `${slug}-${number}`
  return free
}
