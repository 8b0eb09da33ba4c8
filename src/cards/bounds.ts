import { type Card, CardFault, type Line, memberNames } from './card.ts'

/** The limits of a card. */
export const bounds = {
  /** Unfolded lines. */
  lines: 1000,
  /** For each property, except those that label others. */
  ofAKind: 100,
  /** In UTF-8, without the files that are stored separately. */
  octets: 64 * 1024,
  /** A line with a file (PHOTO, LOGO, SOUND, KEY) that is larger than this is stored separately, as a part. */
  partOctets: 1024,
} as const

/** Properties whose values may be files. */
export const fileNames: ReadonlySet<string> = new Set(['PHOTO', 'LOGO', 'SOUND', 'KEY'])

/** Properties that may occur for each other property, or for each member of a group. */
const unbounded = new Set(['', 'X-ABLABEL', 'X-ABADR', ...memberNames])

const utf8 = new TextEncoder()
const octetsOf = (text: string): number => utf8.encode(text).length

/**
 * Returns whether a line has a file of more than 1 KB. Such files are stored separately, and only once for all versions
 * of a card.
 */
export const isPart = ({ name, raw }: Line): boolean => fileNames.has(name) && octetsOf(raw) > bounds.partOctets

const callOf = (name: string): string => (/^[A-Z0-9 -]{1,40}$/.test(name) ? name : 'this property')

/**
 * Throws `CardFault` if a card exceeds a limit. The fault says which limit, and at which line. A line that an edit
 * added has the number 0: then the message names only the property.
 */
export function checkBounds(card: Card): void {
  const first = card.lines[0]?.number ?? 1
  if (card.lines.length > bounds.lines) {
    const line = card.lines[bounds.lines]?.number ?? first
    throw new CardFault(
      line,
      `The card that begins at line ${first} has ${card.lines.length} lines, and ${bounds.lines} are taken. Remove some.`,
    )
  }
  const counts = new Map<string, number>()
  let octets = 0
  for (const line of card.lines) {
    const count = (counts.get(line.name) ?? 0) + 1
    counts.set(line.name, count)
    if (count > bounds.ofAKind && !unbounded.has(line.name)) {
      const where = line.number > 0 ? `Line ${line.number}: t` : 'T'
      throw new CardFault(
        line.number,
        `${where}here are more than ${bounds.ofAKind} of ${callOf(line.name)}. A card has at most ${bounds.ofAKind} of a kind.`,
      )
    }
    octets += isPart(line) ? 0 : octetsOf(line.raw)
    if (octets > bounds.octets) {
      throw new CardFault(
        line.number,
        `The card that begins at line ${first} is larger than 64 KB without its pictures, which it is at ${callOf(line.name)}. Shorten it.`,
      )
    }
  }
}
