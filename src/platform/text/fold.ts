type Table = Readonly<Record<string, string>>

/** A table that writes each of some characters as `sign`. */
const each = (characters: string, sign: string): Table =>
  Object.fromEntries([...characters].map((character) => [character, sign]))

/** Signs that differ by font and keyboard alone. Dashes are a class of Unicode's (Pd), these are not. */
const signs: Table = {
  // The typographer's, the linguist's, primes, accents that stand alone, the Armenian and the Hebrew one.
  ...each(
    '`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c',
    "'",
  ),
  ...each('\u02ba\u02ee\u05f4\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb', '"'),
  ...each('\u2043\u2212', '-'),
  // A letter of Braille without a dot.
  ...each('\u2800', ' '),
}

/** Letters that no decomposition takes apart, and letters of one sound that keyboards have more than one of. */
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
  // Which of the two a Ukrainian name is written with depends on the year it was written.
  ґ: 'г',
  // Arabic, Persian and Urdu: alef, yeh, kaf, and heh with teh marbuta. The hamza and the madda are accents.
  ...each('\u0671', '\u0627'),
  ...each('\u0649\u06cc', '\u064a'),
  ...each('\u06a9\u06aa', '\u0643'),
  ...each('\u0629\u06be\u06c1\u06c3\u06d5', '\u0647'),
  // The tatweel stretches a word, and makes no other of it.
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
 * Characters that nobody can see: soft hyphens, joiners, marks of direction, selectors of variants, fillers (UAX #44,
 * Default_Ignorable_Code_Point).
 */
const ignorable = /\p{Default_Ignorable_Code_Point}/gu
const dashes = /\p{Pd}/gu
const otherDigits = /[^\P{Nd}0-9]/gu

const manyMarks = /(\p{M}{30})\p{M}+/gu

/**
 * A text with at most 30 marks in a row, more than any language writes (UAX #15, section 13). Normalizing more takes a
 * time that grows with their square, and a vCard may bring as many as it likes.
 */
export const limitMarks = (text: string): string => text.replace(manyMarks, '$1')

/**
 * A text without what nobody can see, and with one apostrophe, one quotation mark, one dash. Its letters stay as they
 * are.
 */
export function unifySigns(text: string): string {
  // What nobody can see may stand between marks.
  return limitMarks(text.replace(ignorable, ''))
    .replace(dashes, '-')
    .replace(signsPattern, (sign) => signs[sign] ?? sign)
}

const isDigit = (codePoint: number): boolean => /\p{Nd}/u.test(String.fromCodePoint(codePoint))

/**
 * Writes the decimal digits of every script as 0 to 9. Unicode has them in rows of ten that begin with zero (UTS #18,
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
 * What two spellings of a text have in common: no case, no accents, nothing that cannot be seen, one kind of blank, of
 * digits and of each sign, in any script (Unicode NFKD, then lower case). SQLite folds ASCII only, so this is stored
 * beside the text.
 */
export function fold(text: string): string {
  // NFD first: what is composed must meet the table of signs as it does in parts. NFKD makes a blank of an accent that
  // stands alone.
  const folded = unifySigns(limitMarks(text).normalize('NFD'))
    .normalize('NFKD')
    .replace(accents, '')
    .replace(dashes, '-')
    .toLowerCase()
    .replace(plainPattern, (character) => plain[character] ?? character)
  return asciiDigits(folded).normalize('NFC').replace(/\s+/g, ' ').trim()
}
