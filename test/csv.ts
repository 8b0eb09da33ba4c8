import type { CardFields } from '../src/cards/card.ts'
import { readFields } from '../src/cards/read.ts'
import type { CsvMapping } from '../src/transfer/csv/fields.ts'
import { type CsvFile, readCsv } from '../src/transfer/csv/read.ts'

/** Reads a file in UTF-8, in 2026. */
export const fileOf = (text: string, mapping?: CsvMapping): CsvFile =>
  readCsv(new TextEncoder().encode(text), { mapping, year: 2026 })

/** What each row of a file says. */
export function fieldsOf(text: string, mapping?: CsvMapping): CardFields[] {
  return fileOf(text, mapping).rows.map(({ card, fault }) => {
    if (!card) throw new Error(fault)
    return readFields(card)
  })
}

/** What the only row of a file says. */
export function only(text: string, mapping?: CsvMapping): CardFields {
  const [fields, ...others] = fieldsOf(text, mapping)
  if (!fields || others.length > 0) throw new Error(`There are ${others.length} rows more.`)
  return fields
}

/** A file of one row, from its columns and their cells. */
export const row = (cells: Readonly<Record<string, string>>, delimiter = ','): string =>
  [Object.keys(cells), Object.values(cells)]
    .map((list) => list.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter))
    .join('\r\n')
