/** What nobody can see and no script is written with: U+200C and U+200D stay, which Persian and emoji need. */
const invisible = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g

/**
 * What begins no name: blanks, what Unicode says to show nothing for (UAX #44), and characters whose glyph is empty.
 */
const unseenStart = /^[\s\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}\p{Default_Ignorable_Code_Point}]+/u

/** What ends no name. Not the selectors of variants and the tags, which choose how the character before them looks. */
const unseenEnd = /\u034f|\u200d|[\s\u115f\u1160\u200c\u2800\u3164\uffa0\ufffc]/

/**
 * A name without what nobody can see: at its ends any blank and anything invisible, and within it what has no width or
 * turns the direction of writing. Empty where nothing of it can be seen. Takes a time that grows with the length alone.
 */
export function cleanName(text: string): string {
  const name = text.replace(invisible, '').replace(unseenStart, '')
  // By hand: a pattern that ends in `+$` would try from every blank there is.
  let end = name.length
  while (end > 0 && unseenEnd.test(name.charAt(end - 1))) end -= 1
  return name.slice(0, end)
}
