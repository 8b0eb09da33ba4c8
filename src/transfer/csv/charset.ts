import { decodeAs } from '../../cards/charset.ts'
import { CsvFault } from './fields.ts'

/** Octets of the lines that a charset is judged by. */
const sampleSize = 64 * 1024

const lf = 0x0a

/** Letters beyond ASCII of languages that are written in a charset: a word is of one of them. */
const alphabets: Readonly<Record<string, readonly string[]>> = {
  'windows-1252': [
    ...['äöüß', 'àâæçéèêëîïôœùûüÿ', 'áéíñóúüïçàèòª·', 'áâãàçéêíóôõúüº', 'àèéìíîòóù', 'æøåéöäüô', 'åäöéü', 'ëïéèöüê'],
    ...['áðéíóúýþæö', 'áéíóú'],
  ],
  'windows-1250': [
    ...['ąćęłńóśźż', 'áčďéěíňóřšťúůýž', 'áäčďéíĺľňóôŕšťúýž', 'áéíóöőúüű', 'čćđšž', 'ăâîşţ', 'äöüß', 'çëé'],
  ],
  'windows-1251': [
    ...['абвгґдеєжзиіїйклмнопрстуфхцчшщьюя', 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя', 'абвгдеёжзійклмнопрстуўфхцчшыьэюя'],
    ...['абвгдђежзијклљмнњопрстћуфхцчџш', 'абвгдѓежзѕијклљмнњопрстќуфхцчџш'],
  ],
  'koi8-u': ['абвгґдеєжзиіїйклмнопрстуфхцчшщьюя', 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя'],
}

const letters = new Map(Object.entries(alphabets).map(([charset, list]) => [charset, list.map((one) => new Set(one))]))

/** Signs that stand around words. */
const around = /^[«»“”„‘’‚‹›–—…№°€§©®™£\u00a0]+|[«»“”„‘’‚‹›–—…№°€§©®™£\u00a0]+$/gu

/** Letters, marks and all else beyond ASCII that stand side by side. */
const words = /[A-Za-z\u0080-\u{10ffff}]+/gu

const japanese =
  /^[A-Z]*(?:[\p{Script=Han}\p{Script=Hiragana}\u30a0-\u30ff\u3000-\u303f\uff01-\uff5e]+|[\uff61-\uff9f]+)[A-Z]*$/u

/** Whether a word is one of a language of the charset, of one script, and not small letters before a capital. */
function isWord(word: string, charset: string): boolean {
  if (charset === 'shift_jis') return japanese.test(word)
  const lower = word.toLowerCase()
  const isCyrillic = charset === 'windows-1251' || charset === 'koi8-u'
  if (isCyrillic && /\p{Ll}\p{Lu}/u.test(word)) return false
  return (letters.get(charset) ?? []).some((alphabet) =>
    [...lower].every((letter) => alphabet.has(letter) || /[’ʼ]/.test(letter) || (!isCyrillic && /[a-z]/.test(letter))),
  )
}

/** Lines that have octets beyond ASCII; cut after a line, so that no character is. */
function sample(octets: Uint8Array): Uint8Array {
  const lines = new Uint8Array(Math.min(octets.length, sampleSize))
  let [size, start] = [0, 0]
  for (let at = 0; at <= octets.length && size < sampleSize; at++) {
    if (at < octets.length && octets[at] !== lf) continue
    const line = octets.subarray(start, at + 1)
    if (line.some((octet) => octet >= 0x80)) {
      if (size > 0 && size + line.length > sampleSize) break
      lines.set(line.subarray(0, sampleSize - size), size)
      size += line.length
    }
    start = at + 1
  }
  return lines.subarray(0, Math.min(size, sampleSize))
}

/** A longer word is none. */
const maxWord = 60

/** Words of a sample that are none in a charset; undefined where the sample cannot be in it. */
function faultsOf(octets: Uint8Array, charset: string): number | undefined {
  const text = decodeAs(octets, charset)
  const found = text?.match(words)?.map((word) => (word.length > maxWord ? word : word.replace(around, '')))
  return found?.filter((word) => word.length > maxWord || (/[^\p{ASCII}]/u.test(word) && !isWord(word, charset))).length
}

/** In the order in which they are preferred where the words tell nothing. */
const candidates = ['windows-1252', 'windows-1251', 'windows-1250', 'shift_jis', 'koi8-u']

/** Octets that the zeros of UTF-16 are looked for in. */
const beginning = 4096

/** UTF-16: by its byte order mark; or by its zeros, which are many even where all letters are beyond Latin-1. */
function wideCharset(octets: Uint8Array): string | undefined {
  if (octets[0] === 0xff && octets[1] === 0xfe) return 'utf-16le'
  if (octets[0] === 0xfe && octets[1] === 0xff) return 'utf-16be'
  const first = octets.subarray(0, beginning)
  const zeros = (parity: number): number => first.filter((octet, at) => octet === 0 && at % 2 === parity).length
  const [even, odd] = [zeros(0), zeros(1)]
  if ((even + odd) * 50 < first.length || even + odd === 0) return undefined
  return odd >= even ? 'utf-16le' : 'utf-16be'
}

function labelOf(charset: string): string {
  try {
    return new TextDecoder(charset.trim()).encoding
  } catch {
    throw new CsvFault(
      `There is no charset “${charset}”. Write one as in utf-8, windows-1251 or shift_jis, or leave it out.`,
    )
  }
}

/**
 * The text of a file, and the charset that it is in: the one of its byte order mark, else the one that is named if the
 * octets can be in it, else UTF-16 by its zeros, UTF-8 if valid, else the one of windows-1251, 1252, 1250, shift_jis
 * and koi8-u in which the fewest words are of no language.
 * @throws CsvFault for a charset that there is none of, and for a file that is no text
 */
export function decodeCsv(octets: Uint8Array, charset?: string): { readonly text: string; readonly charset: string } {
  const isMarked = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf
  const wide = wideCharset(octets)
  const isMarkedWide = wide !== undefined && [0xfe, 0xff].includes(octets[0] ?? 0)
  const marked = isMarked ? 'utf-8' : isMarkedWide ? wide : undefined
  const wanted = charset === undefined ? undefined : labelOf(charset)
  const first = [marked, wanted, wide, 'utf-8'].filter((one) => one !== undefined)
  const decoded = decodeFirst(octets, first)
  if (decoded) return decoded
  const lines = sample(octets)
  const scores = candidates.map((one) => ({ one, faults: faultsOf(lines, one) ?? Number.POSITIVE_INFINITY }))
  const ranked = scores.toSorted((a, b) => a.faults - b.faults).map(({ one }) => one)
  const guessed = decodeFirst(octets, ranked)
  if (guessed) return guessed
  throw new CsvFault('The file is no text that can be read. Export it again as CSV in UTF-8.')
}

/** The text in the first of several charsets that the octets can be in. No text has a NUL. */
function decodeFirst(octets: Uint8Array, charsets: readonly string[]) {
  for (const charset of charsets) {
    const text = decodeAs(octets, charset)
    if (text !== undefined && !text.includes('\0')) return { text, charset }
  }
  return undefined
}
