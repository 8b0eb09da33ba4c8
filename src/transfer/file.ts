import { CardFault } from '../cards/card.ts'
import { charsetOfCards, decodeCards } from '../cards/decode.ts'
import { Problem } from '../platform/http/problem.ts'
import type { ImportFormat } from './outcomes.ts'
import { splitVcards, type Unit } from './units.ts'

/** The largest file that can be imported, in bytes. */
export const maxFileBytes = 10_485_760

/** The most cards of a file. */
export const maxCards = 10_000

/** A file to import, as it was sent. */
export interface SentFile {
  readonly octets: Uint8Array
  readonly format: ImportFormat
  /** The encoding that the request names; undefined to recognize it. */
  readonly charset?: string | undefined
}

/** A file that was decoded and split into cards, but not parsed. */
export interface SplitFile {
  readonly format: ImportFormat
  readonly charset: string
  readonly layout: string | null
  readonly units: readonly Unit[]
}

/** 413 for a file that is larger than an import may be. */
export const fileTooLarge = (): Problem =>
  new Problem(413, 'too-large', 'This file is too large: 10 MB at most. Split it, and import one part after the other.')

/** 422 for a file in which nothing can be read. */
export const unreadableFile = (detail: string, line?: number): Problem => {
  const errors = [{ pointer: line === undefined ? '' : `line/${line}`, detail }]
  return new Problem(422, 'invalid-file', detail, { members: { errors } })
}

/**
 * Decodes a file and splits it into cards. Faults of single cards are found later, and go into the report.
 * @throws Problem 413 `too-large` if the file has too many bytes or cards; 422 `invalid-file` if nothing can be read
 */
export function splitFile({ octets, format, charset }: SentFile): SplitFile {
  if (octets.length > maxFileBytes) throw fileTooLarge()
  const file = splitVcardFile(octets, format, charset)
  if (file.units.length > maxCards) {
    const detail = `This file has ${file.units.length} cards, and ${maxCards} can be imported at once. Split it.`
    throw new Problem(413, 'too-large', detail)
  }
  return file
}

function splitVcardFile(octets: Uint8Array, format: ImportFormat, charset: string | undefined): SplitFile {
  try {
    const units = splitVcards(decodeCards(octets, charset))
    if (!units.some(([, unit]) => /^BEGIN:/i.test(unit))) throw noCards()
    return { format, charset: charsetOfCards(octets, charset), layout: null, units }
  } catch (error) {
    if (error instanceof CardFault) throw unreadableFile(error.message, error.line)
    throw error
  }
}

const noCards = (): Problem =>
  unreadableFile('There is no vCard in this file. A card begins with BEGIN:VCARD and ends with END:VCARD.')
