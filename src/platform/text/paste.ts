/**
 * Soft hyphens, what has no width, and what turns the direction of writing (UAX #9): copied along, and seen by nobody.
 */
const invisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g
const noBreakSpaces = /[\u00a0\u2007\u202f]/g
/** The hyphens and dashes that word processors put in a hyphen's place, and the sign for minus. */
const dashes = /[\u2010-\u2015\u2212]/g
const fullWidthDigits = /[\uff10-\uff19]/g
const fullWidthZero = 0xff10

/**
 * Cleans an e-mail address, a phone number or a token of what copying adds to it: marks that nobody can see are
 * removed, no-break spaces become blanks, dashes become `-`, full-width digits become digits. Blanks stay where they
 * are. Takes a time that grows with the length alone, so that it may be called before a length is judged.
 */
export function cleanPasted(text: string): string {
  return text
    .replace(invisible, '')
    .replace(noBreakSpaces, ' ')
    .replace(dashes, '-')
    .replace(fullWidthDigits, (digit) => String(digit.charCodeAt(0) - fullWidthZero))
}
