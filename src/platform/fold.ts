/** Letters that no decomposition takes apart. */
const plain: Readonly<Record<string, string>> = {
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
  // One apostrophe: Ukrainian names are typed with any of these.
  '’': "'",
  ʼ: "'",
  '‘': "'",
  '`': "'",
}
const plainPattern = new RegExp(`[${Object.keys(plain).join('')}]`, 'g')

/** Letters that {@link fold} writes as two. */
export const plainLetters: ReadonlySet<string> = new Set(
  Object.keys(plain).filter((letter) => (plain[letter] ?? '').length > 1),
)

/** Accents and vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic; not the vowels of scripts that write them as marks. */
const accents =
  /[\u0300-\u036f]|[\u0483-\u0487]|[\u0591-\u05bd]|\u05bf|[\u05c1-\u05c2]|[\u05c4-\u05c5]|\u05c7|[\u0610-\u061a]|[\u064b-\u065f]|\u0670/g

/**
 * What two spellings of a text have in common: no case, no accents, one kind of blank, in any script (Unicode NFKD, then lower
 * case). SQLite folds ASCII only, so this is stored beside the text.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(accents, '')
    .toLowerCase()
    .replace(plainPattern, (letter) => plain[letter] ?? letter)
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim()
}
