import { Buffer } from 'node:buffer'
import { partOfFields, type TextFields, withDefaults } from '../fields.ts'
import { searchKeys } from './keys.ts'

/** The scripts that sort keys have places for (Latin, Greek, Cyrillic), and the signs of ASCII and Latin-1. */
const alphabets = [
  [0x20, 0x24f],
  [0x370, 0x52f],
] as const

/** Ideographs, Hangul, surrogates and the private area: characters by the thousand, which no rule tells apart. */
const isUniform = (codePoint: number): boolean =>
  (codePoint >= 0x3400 && codePoint < 0xa000) || (codePoint >= 0xac00 && codePoint < 0xf900)

const empty: TextFields = withDefaults({})

const textOf = (from: number, to: number): string =>
  String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, at) => from + at))

/** A name's sort key ends after some letters: each sample is shorter than that. */
const sampleLength = 60

/** Contacts that between them hold every character whose keys a table or a rule may change. */
function* samples(): Generator<TextFields> {
  for (const [from, to] of alphabets) {
    for (let at = from; at <= to; at += sampleLength) {
      yield { ...empty, first_name: textOf(at, Math.min(at + sampleLength - 1, to)) }
    }
  }
  let everything = ''
  for (let at = 0x20; at < 0x10000; at++) {
    const character = String.fromCodePoint(at)
    // Of more than 30 marks in a row, keys have 30.
    if (!isUniform(at)) everything += /\p{M}/u.test(character) ? `a${character}` : character
  }
  // Signs are folded in an e-mail, and part words in a note.
  yield { ...empty, email: everything, additional: everything }
  for (const email of ['ana@пошта.укр', 'ana@xn--80a1acn3a.xn--j1amh']) yield { ...empty, email }
  // Another field that is searched changes the version by its example.
  yield {
    ...partOfFields('example'),
    first_name: ' ★ Ana-María\u200b',
    last_name: 'O’Neill, Jr.',
    email: 'Ana.Maria+tag@Example.com',
    phone: '+380 (44) 123-45-67 ext. 12',
    birthday: '1990-05-01',
    additional: 'A note: "two words" 🐝',
  }
}

const versions = new Map<string, string>()

/**
 * The version of the search keys that this code makes for a locale: a digest of the keys of contacts that hold every
 * character that a rule may be about. Whatever changes how keys are made (a table, a rule, the runtime's Unicode)
 * changes it. Takes some milliseconds, once for each locale in an isolate.
 */
export async function keysVersion(locale: string): Promise<string> {
  const version = versions.get(locale) ?? (await versionOf((contact) => searchKeys(contact, locale)))
  versions.set(locale, version)
  return version
}

/**
 * The version of keys that are made by `keysOf`: SHA-256, by the runtime, which is ten times as fast as in JavaScript.
 */
export async function versionOf(keysOf: (contact: TextFields) => object): Promise<string> {
  const keys = JSON.stringify([...samples()].map(keysOf))
  return Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(keys))).toString('base64url')
}
