import { type Card, CardFault, type Line, type Version } from './card.ts'
import { parseLines } from './lines.ts'

const isVcard = ({ value }: Line): boolean => /^\s*VCARD\s*$/i.test(value)
const isBegin = (line: Line | undefined): line is Line => line?.name === 'BEGIN' && isVcard(line)
const isEnd = (line: Line): boolean => line.name === 'END' && isVcard(line)
const isBlank = (line: Line): boolean => line.name === '' && line.value.trim() === ''

const versions: readonly Version[] = ['2.1', '3.0', '4.0']

/** The version that a card names; null for none, or for one that we do not know. */
const versionOf = (lines: readonly Line[]): Version | null => {
  const text = lines.find(({ name }) => name === 'VERSION')?.value.trim()
  return versions.find((version) => version === text) ?? null
}

/**
 * Joins a card that stands in another, after `AGENT:` (vCard 2.1, section 2.4.4), to the line that it is the value of.
 */
function nest(agent: Line, inner: readonly Line[]): Line {
  const raw = agent.raw + inner.map((line) => line.raw).join('')
  const value = inner.map((line) => (line.name === '' ? line.value : `${line.head}:${line.value}`)).join('\n')
  return { ...agent, value, raw }
}

/** Where the card that begins at an index ends, cards within it included: the index after its END. */
function endOf(lines: readonly Line[], begin: number): number {
  let depth = 0
  for (let at = begin; at < lines.length; at++) {
    const line = lines[at]
    if (isBegin(line)) depth++
    else if (line && isEnd(line) && --depth === 0) return at + 1
  }
  return lines.length
}

/** Whether a line is an AGENT whose card follows, or has just begun in its own value. */
const hasAgent = (line: Line | undefined, next: Line | undefined): boolean =>
  line?.name === 'AGENT' && line.value.trim() === '' && isBegin(next)

/**
 * The cards of a text, one by one, and a fault for each stretch of lines that is in none: an import goes on after it. A
 * card without END ends where the next begins, or the text does. Takes time in proportion to the text. Throws nothing.
 * `firstLine` is the number of the first line, for a text from within a file.
 */
export function* scanCards(text: string, firstLine = 1): Generator<Card | CardFault> {
  const lines = parseLines(text, firstLine)
  let card: Line[] | undefined
  let stray: Line | undefined
  const finish = (finished: Line[], ended: boolean): Card => ({ lines: finished, version: versionOf(finished), ended })
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]
    if (!line) continue
    if (isBegin(line)) {
      if (stray) yield strayFault(stray)
      if (card) yield finish(card, false)
      stray = undefined
      card = [line]
    } else if (!card) {
      if (!isBlank(line)) stray ??= line
    } else if (hasAgent(line, lines[at + 1])) {
      const end = endOf(lines, at + 1)
      card.push(nest(line, lines.slice(at + 1, end)))
      at = end - 1
    } else {
      card.push(line)
      if (isEnd(line)) {
        yield finish(card, true)
        card = undefined
      }
    }
  }
  if (card) yield finish(card, false)
  if (stray) yield strayFault(stray)
}

const strayFault = ({ number }: Line): CardFault =>
  new CardFault(number, `Line ${number} is in no card. A card begins with BEGIN:VCARD and ends with END:VCARD.`)

/**
 * The cards of a text, in versions 2.1, 3.0 and 4.0, also without a version or an end. Printing them gives the text,
 * blank lines between cards left out. Throws `CardFault` for a text without a card, and for lines that are in none.
 */
export function parseCards(text: string): Card[] {
  const cards: Card[] = []
  for (const one of scanCards(text)) {
    if (one instanceof CardFault) throw one
    cards.push(one)
  }
  if (cards.length === 0) {
    throw new CardFault(1, 'Line 1 is empty: there is no card. A card begins with BEGIN:VCARD and ends with END:VCARD.')
  }
  return cards
}

/** The text of a card. Of lines that were not edited it is what they came as, to the byte. */
export const printCard = (card: Card): string => card.lines.map(({ raw }) => raw).join('')

/** A card with the line that ends it, also where its file broke off before. */
export function withEnd(card: Card): Card {
  if (card.ended) return card
  const [eol = '\r\n'] = /(?:\r?\n|\r)$/.exec(card.lines[0]?.raw ?? '') ?? []
  const [end] = parseLines(`END:VCARD${eol}`)
  const lines = card.lines.map((line) => (/[\r\n]$/.test(line.raw) ? line : { ...line, raw: line.raw + eol }))
  return { ...card, lines: end ? [...lines, end] : lines, ended: true }
}
