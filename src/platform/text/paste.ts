/** Soft hyphens, zero-width characters, and direction marks (UAX #9), which are copied along invisibly. */
const invisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g
const noBreakSpaces = /[\u00a0\u2007\u202f]/g
/** Hyphens and dashes that word processors put in place of a hyphen, and the minus sign. */
const dashes = /[\u2010-\u2015\u2212]/g
const fullWidthDigits = /[\uff10-\uff19]/g
const fullWidthZero = 0xff10

/**
 * Removes what copying adds to an e-mail address, a phone number or a token: invisible characters are removed, no-break
 * spaces become blanks, dashes become `-`, full-width digits become digits. Blanks stay. Linear time, so it may be
 * called before the length is checked.
 */
export function cleanPasted(text: string): string {
  return text
    .replace(invisible, '')
    .replace(noBreakSpaces, ' ')
    .replace(dashes, '-')
    .replace(fullWidthDigits, (digit) => String(digit.charCodeAt(0) - fullWidthZero))
}
