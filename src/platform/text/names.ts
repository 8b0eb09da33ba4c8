/** Invisible characters that no script needs. U+200C and U+200D stay, because Persian and emoji need them. */
const invisible = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g

/** Characters that no name begins with: blanks, invisible ones (UAX #44), and those with an empty glyph. */
const unseenStart = /^[\s\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}\p{Default_Ignorable_Code_Point}]+/u

/** Characters that no name ends with. Not variation selectors and tags, which change the character before them. */
const unseenEnd = /\u034f|\u200d|[\s\u115f\u1160\u200c\u2800\u3164\uffa0\ufffc]/

/**
 * Removes what cannot be seen from a name: blanks and invisible characters at its ends, and zero-width and direction
 * characters anywhere. Empty if nothing visible is left. Linear time.
 */
export function cleanName(text: string): string {
  const name = text.replace(invisible, '').replace(unseenStart, '')
  // By hand: a pattern that ends in `+$` would be tried from every blank.
  let end = name.length
  while (end > 0 && unseenEnd.test(name.charAt(end - 1))) end -= 1
  return name.slice(0, end)
}
