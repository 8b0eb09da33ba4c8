import { fileNames, isPart } from '../cards/bounds.ts'
import type { Card, Line } from '../cards/card.ts'
import { parseLines } from '../cards/lines.ts'
import { digest } from '../platform/crypto/keys.ts'

/** A file of a vCard that is stored apart: the line that it came as. */
export interface CardPart {
  /** SHA-256 of the text, in hexadecimal. */
  readonly hash: string
  readonly text: string
}

/** The value of the line that stands for a part in the stored vCard, before its hash. */
const mark = 'vizitka-part:'

/** Whether a line stands for a part, by its name and its value. No change by JSON writes a line of such a name. */
const isStandIn = ({ name, value }: Line): boolean => fileNames.has(name) && value.startsWith(mark)

/** A line that came as one is a part, too: every such line in a stored vCard is ours. */
const isTaken = (line: Line): boolean => isPart(line) || isStandIn(line)

const standIn = (line: Line, hash: string): Line => {
  const name = line.group === '' ? line.name : `${line.group}.${line.name}`
  const [eol = ''] = /[\r\n]*$/.exec(line.raw) ?? []
  const value = mark + hash
  return { ...line, params: [], head: name, value, raw: `${name}:${value}${eol}` }
}

/** Takes the larger files (PHOTO, LOGO, SOUND, KEY of more than 1 KB) out of a vCard. */
export function takeParts(card: Card): { readonly card: Card; readonly parts: readonly CardPart[] } {
  const parts = new Map<string, string>()
  const lines = card.lines.map((line) => {
    if (!isTaken(line)) return line
    const hash = digest(line.raw)
    parts.set(hash, line.raw)
    return standIn(line, hash)
  })
  return { card: { ...card, lines }, parts: [...parts].map(([hash, text]) => ({ hash, text })) }
}

/** Whether a stored vCard has files that are stored apart. */
export const hasParts = (card: string): boolean => card.includes(mark)

/**
 * The whole text of a vCard, each part where it was. Throws where one is missing: the vCard would go out without it,
 * and come back so.
 */
export function putParts(card: string, parts: readonly CardPart[]): string {
  if (!hasParts(card)) return card
  const texts = new Map(parts.map(({ hash, text }) => [hash, text]))
  return parseLines(card)
    .map((line) => {
      if (!isStandIn(line)) return line.raw
      const text = texts.get(line.value.replace(mark, ''))
      if (text === undefined) throw new Error('A vCard lacks a part that it names.')
      // A file may end with the part; a line that was added since begins after it.
      const [eol = ''] = /[\r\n]*$/.exec(line.raw) ?? []
      return /[\r\n]$/.test(text) ? text : text + eol
    })
    .join('')
}

/** The lines of a stored vCard's pictures: two vCards with the same have the same pictures. */
export const pictureLines = (card: Card | undefined): string =>
  (card?.lines ?? [])
    .filter(({ name }) => name === 'PHOTO')
    .map(({ raw }) => raw)
    .join('')
