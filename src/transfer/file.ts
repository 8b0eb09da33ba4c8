import { CardFault } from '../cards/card.ts'
import { charsetOfCards, decodeCards } from '../cards/decode.ts'
import { Problem } from '../platform/http/problem.ts'
import { decodeCsv } from './csv/charset.ts'
import { CsvFault, type CsvMapping } from './csv/fields.ts'
import { type CsvRowText, splitCsv } from './csv/split.ts'
import type { ImportFormat } from './schema.ts'
import { splitVcards, type Unit } from './units.ts'

/** The largest file that can be imported, in bytes. */
export const maxFileBytes = 10_485_760

/** The largest accepted body: the file, and the form around it. */
export const fileBodyBytes = maxFileBytes + 64 * 1024

/** The most cards of a file. */
export const maxCards = 10_000

/** A file to import, as it was sent. */
export interface SentFile {
  readonly octets: Uint8Array
  readonly format: ImportFormat
  /** The encoding that the request names; undefined to recognize it. */
  readonly charset?: string | undefined
  /** Which columns of CSV stand for what; the others are recognized. */
  readonly mapping?: CsvMapping | undefined
}

/** A file that was decoded and split into cards, but not parsed. */
export interface SplitFile {
  readonly format: ImportFormat
  readonly charset: string
  /** What the rows of a CSV file need besides, in JSON; null for vCards. */
  readonly layout: string | null
  readonly units: readonly Unit[]
}

/** 413 for a file that is larger than an import may be. */
export const fileTooLarge = (): Problem => new Problem(413, 'too-large', fileTooLargeDetail)

export const fileTooLargeDetail =
  'This file is too large: 10 MB at most. Split it, and import one part after the other.'

/** 422 for a file in which nothing can be read. */
export const unreadableFile = (detail: string, line?: number): Problem => {
  const errors = [{ pointer: line === undefined ? '' : `line/${line}`, detail }]
  return new Problem(422, 'invalid-file', detail, { members: { errors } })
}

/**
 * Decodes a file and splits it into cards. Faults of single cards are found later, and go into the report.
 * @throws Problem 413 `too-large` if the file has too many bytes or cards; 422 `invalid-file` if nothing can be read
 */
export function splitFile({ octets, format, charset, mapping }: SentFile): SplitFile {
  if (octets.length > maxFileBytes) throw fileTooLarge()
  const file = format === 'csv' ? splitCsvFile(octets, charset, mapping) : splitVcardFile(octets, charset)
  if (file.units.length > maxCards) {
    const detail = `This file has ${file.units.length} cards, and ${maxCards} can be imported at once. Split it.`
    throw new Problem(413, 'too-large', detail)
  }
  return file
}

function splitVcardFile(octets: Uint8Array, charset: string | undefined): SplitFile {
  try {
    const units = splitVcards(decodeCards(octets, charset))
    if (!units.some(([, unit]) => /^BEGIN:/i.test(unit))) throw noCards()
    return { format: 'vcard', charset: charsetOfCards(octets, charset), layout: null, units }
  } catch (error) {
    if (error instanceof CardFault) throw unreadableFile(error.message, error.line)
    throw error
  }
}

function splitCsvFile(octets: Uint8Array, sent: string | undefined, mapping: CsvMapping | undefined): SplitFile {
  try {
    const { text, charset } = decodeCsv(octets, sent)
    const { head, rows } = splitCsv(text, { mapping })
    if (rows.length === 0) throw unreadableFile('There is no row below the header of this file.')
    return { format: 'csv', charset, layout: JSON.stringify(head), units: rows.map(toUnit) }
  } catch (error) {
    if (error instanceof CsvFault) throw unreadableFile(error.message)
    throw error
  }
}

const toUnit = ({ line, text, isBroken }: CsvRowText): Unit => (isBroken ? [line, text, true] : [line, text])

const noCards = (): Problem =>
  unreadableFile('There is no vCard in this file. A card begins with BEGIN:VCARD and ends with END:VCARD.')
