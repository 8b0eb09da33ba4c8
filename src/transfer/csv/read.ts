import { decodeCsv } from './charset.ts'
import type { Dialect } from './columns.ts'
import type { CsvMapping } from './fields.ts'
import { type CsvRow, readRow } from './read-row.ts'
import { splitCsv } from './split.ts'

export interface CsvOptions {
  /** What the file's sender says; it counts where the file has no byte order mark and can be in it. */
  readonly charset?: string | undefined
  readonly mapping?: CsvMapping | undefined
  /** The year of the import, by which years of two digits are read; this year if left out. */
  readonly year?: number
}

/** A whole file. */
export interface CsvFile {
  readonly charset: string
  readonly delimiter: string
  readonly dialect: Dialect
  readonly rows: readonly CsvRow[]
}

/**
 * Reads a whole file. For one that is read in pieces: `decodeCsv`, `splitCsv`, then `readRow` for each row.
 * @throws CsvFault for a file that is no text, names nobody in its header, or that the mapping does not fit
 */
export function readCsv(octets: Uint8Array, { charset, mapping, year }: CsvOptions = {}): CsvFile {
  const decoded = decodeCsv(octets, charset)
  const { head, rows } = splitCsv(decoded.text, { mapping, ...(year !== undefined && { year }) })
  const { delimiter, dialect } = head
  return { charset: decoded.charset, delimiter, dialect, rows: rows.map((row) => readRow(head, row)) }
}
