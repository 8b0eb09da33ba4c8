type Table = Readonly<Record<string, string>>

/** Makes a table that maps each of some characters to `sign`. */
const each = (characters: string, sign: string): Table =>
  Object.fromEntries([...characters].map((character) => [character, sign]))

/** Characters that differ only by font and keyboard. Dashes are a Unicode class (Pd), these are not. */
const signs: Table = {
  // Apostrophes: typographic and linguistic ones, primes, accents that stand alone, the Armenian and the Hebrew one.
  ...each(
    '`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c',
    "'",
  ),
  ...each('\u02ba\u02ee\u05f4\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb', '"'),
  ...each('\u2043\u2212', '-'),
  // A Braille pattern without dots.
  ...each('\u2800', ' '),
}

/** Letters without a decomposition, and letters for one sound of which keyboards have several. */
const letters: Table = {
  ß: 'ss',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
  // Ukrainian names are written with either, depending on the year.
  ґ: 'г',
  // Arabic, Persian and Urdu: alef, yeh, kaf, and heh with teh marbuta. The hamza and the madda are accents.
  ...each('\u0671', '\u0627'),
  ...each('\u0649\u06cc', '\u064a'),
  ...each('\u06a9\u06aa', '\u0643'),
  ...each('\u0629\u06be\u06c1\u06c3\u06d5', '\u0647'),
  // The tatweel only stretches a word.
  ...each('\u0640', ''),
}

const patternOf = (table: Table): RegExp => new RegExp(`[${Object.keys(table).join('')}]`, 'g')
const signsPattern = patternOf(signs)
const plain: Table = { ...signs, ...letters }
const plainPattern = patternOf(plain)

/** Letters that {@link fold} writes as two. */
export const plainLetters: ReadonlySet<string> = new Set(
  Object.keys(letters).filter((letter) => (letters[letter] ?? '').length > 1),
)

/**
 * Accents and vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic; not the vowels of scripts that write them as
 * marks.
 */
const accents =
  /[\u0300-\u036f]|[\u0483-\u0487]|[\u0591-\u05bd]|\u05bf|[\u05c1-\u05c2]|[\u05c4-\u05c5]|\u05c7|[\u0610-\u061a]|[\u064b-\u065f]|\u0670|[\u06d6-\u06dc]|[\u06df-\u06e4]|[\u06e7-\u06e8]|[\u06ea-\u06ed]/g

/**
 * Invisible characters: soft hyphens, joiners, marks of direction, variation selectors, fillers (UAX #44,
 * Default_Ignorable_Code_Point).
 */
const ignorable = /\p{Default_Ignorable_Code_Point}/gu
const dashes = /\p{Pd}/gu
const otherDigits = /[^\P{Nd}0-9]/gu

const manyMarks = /(\p{M}{30})\p{M}+/gu

/**
 * Limits a text to 30 combining marks in a row, more than any language uses (UAX #15, section 13). Normalizing takes
 * quadratic time, and a vCard may contain any number.
 */
export const limitMarks = (text: string): string => text.replace(manyMarks, '$1')

/** Removes invisible characters, and unifies apostrophes, quotation marks and dashes. Letters stay as they are. */
export function unifySigns(text: string): string {
  // Invisible characters may stand between marks.
  return limitMarks(text.replace(ignorable, ''))
    .replace(dashes, '-')
    .replace(signsPattern, (sign) => signs[sign] ?? sign)
}

const isDigit = (codePoint: number): boolean => /\p{Nd}/u.test(String.fromCodePoint(codePoint))

/**
 * Converts the decimal digits of every script to 0 to 9. Unicode has them in rows of ten that begin with zero (UTS #18,
 * Nd).
 */
export function asciiDigits(text: string): string {
  return text.replace(otherDigits, (digit) => {
    const codePoint = digit.codePointAt(0) ?? 0
    let first = codePoint
    while (isDigit(first - 1)) first -= 1
    return String((codePoint - first) % 10)
  })
}

/**
 * Folds a text for comparison: without case, accents and invisible characters, with one kind of blank, digit and
 * punctuation, in any script (Unicode NFKD, then lower case). SQLite folds ASCII only, so the result is stored beside
 * the text.
 */
export function fold(text: string): string {
  // NFD first, so that composed characters match the table like decomposed ones. NFKD turns an accent that stands alone
  // into a blank.
  const folded = unifySigns(limitMarks(text).normalize('NFD'))
    .normalize('NFKD')
    .replace(accents, '')
    .replace(dashes, '-')
    .toLowerCase()
    .replace(plainPattern, (character) => plain[character] ?? character)
  return asciiDigits(folded).normalize('NFC').replace(/\s+/g, ' ').trim()
}
