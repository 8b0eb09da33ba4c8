/**
 * A card or a row of a file, as text, and the line of the file at which it begins, from 1. `flaw` says why it cannot be
 * read: a quoted cell of CSV does not end (true); or it is too large, and its text is left out.
 */
export type Unit = readonly [line: number, text: string, flaw?: boolean | 'large']

/** The most cards of a piece: on Cloudflare's free plan, a request has time for so many. */
const maxUnits = 50

/** The most octets of a piece with several cards, and of a card. A value of D1 has 2 MB; escapes make them longer. */
const maxPiece = 500_000
const maxUnit = 1_000_000

const utf8 = new TextEncoder()
const octetsOf = (text: string): number => utf8.encode(JSON.stringify(text)).length

/** Drops the text of a card that is too large to be stored. It is refused later, by its line. */
function bounded(unit: Unit): { readonly unit: Unit; readonly octets: number } {
  const octets = octetsOf(unit[1])
  return octets > maxUnit ? { unit: [unit[0], '', 'large'], octets: 0 } : { unit, octets }
}

/** Divides the cards of a file into pieces. Each is stored in a row of its own, and imported in one transaction. */
export function dividePieces(units: readonly Unit[]): Unit[][] {
  const pieces: Unit[][] = []
  let sum = 0
  for (const { unit, octets } of units.map(bounded)) {
    const piece = pieces.at(-1)
    sum += octets
    if (!piece || piece.length === maxUnits || sum > maxPiece) {
      pieces.push([unit])
      sum = octets
    } else {
      piece.push(unit)
    }
  }
  return pieces
}

/** Blanks within a line. A byte order mark, which may be within joined files, is one. */
const blanks = String.raw`[^\S\r\n]*`
const lineBreak = String.raw`(?:\r?\r?\n|\r(?!\n))`
/** A line of blanks that is not indented. It begins at a line break, but not within one. */
const blankLine = String.raw`(?<![^\r\n])(?<!\r(?=\r?\n))(?![ \t])${blanks}${lineBreak}`
/** Where a line begins that continues no other: it is not indented, or there is nothing or a blank line before it. */
const lineStart = String.raw`(?:(?<![^\r\n])(?![ \t])|(?<![^])|(?<=${blankLine}))`
const begin = String.raw`${blanks}(?:[\w-]+\.)?(BEGIN|END)${blanks}(?:;[^:\r\n]*)?:${blanks}VCARD${blanks}`
/** Where a line ends that the next one does not continue. */
const lineEnd = String.raw`(?![^\r\n])(?!(?:${lineBreak}[ \t]${blanks})+\S)`

/**
 * The first and the last line of a card, in the spellings that `scanCards` takes. Not by `^` and `$`: these also match
 * at U+2028, where no line ends.
 */
const delimiter = new RegExp(lineStart + begin + lineEnd, 'gi')

/**
 * Splits a file of vCards into its cards, without parsing them. A card within another, after `AGENT:` (vCard 2.1,
 * section 2.4.4), stays in it. Lines outside of cards are units of their own, which are refused later.
 */
export function splitVcards(text: string): Unit[] {
  const starts: number[] = []
  let isInCard = false
  let agentDepth = 0
  let end = 0
  for (const match of text.matchAll(delimiter)) {
    const { index } = match
    const isBegin = match[1]?.toUpperCase() === 'BEGIN'
    if (agentDepth > 0) {
      agentDepth += isBegin ? 1 : -1
    } else if (!isBegin) {
      if (isInCard) end = index + match[0].length
      isInCard = false
    } else if (isInCard && isAgentBefore(text, index)) {
      agentDepth = 1
    } else {
      if (!isInCard && text.slice(end, index).trim() !== '') starts.push(end)
      starts.push(index)
      isInCard = true
    }
  }
  if (!isInCard && text.slice(end).trim() !== '') starts.push(end)
  return withLines(text, starts)
}

/** Returns whether the line before an index is an AGENT without a value. */
function isAgentBefore(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 200), index)
  return /(?:^|[\r\n])(?:[\w-]+\.)?AGENT[^:\r\n]*:[ \t]*(?:\r?\r?\n|\r)$/i.test(before)
}

/** Cuts a text at indices, and counts the lines up to each. A unit begins with its first line that is not blank. */
function withLines(text: string, starts: readonly number[]): Unit[] {
  let line = 1
  let counted = 0
  return starts.map((start, at) => {
    const part = text.slice(start, starts[at + 1])
    const blank = /^\s*/.exec(part)?.[0].length ?? 0
    const begin = start + blank
    line += text.slice(counted, begin).match(/\r?\r?\n|\r/g)?.length ?? 0
    counted = begin
    return [line, part.slice(blank)]
  })
}
