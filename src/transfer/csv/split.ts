import Papa from 'papaparse'
import { truncate } from '../../platform/text/truncate.ts'
import { unguardCell } from './cells.ts'
import { canName, type Dialect, dialectOf, readColumns } from './columns.ts'
import { type DateRule, findDateRule } from './dates.ts'
import { type Column, CsvFault, type CsvMapping } from './fields.ts'

/** What all rows of a file are read by. It is plain JSON. */
export interface CsvHead {
  readonly delimiter: string
  readonly lineBreak: '\n' | '\r'
  readonly dialect: Dialect
  readonly columns: readonly Column[]
  readonly dates: DateRule
}

/** A row that is not read yet. */
export interface CsvRowText {
  /** Where it begins in the file, from 1. */
  readonly line: number
  /** As it stands in the file, without the line break after it. */
  readonly text: string
  /** True where a quoted cell does not end, or goes on after its end. Then there is no text. */
  readonly isBroken?: boolean
}

interface Row extends CsvRowText {
  readonly cells: readonly string[]
}

/** Characters of a row. A card has at most 64 KB; what is longer is no row. */
export const maxRow = 100_000

/** Characters that are parsed at once: a quote that does not end swallows no more than these. */
const windowSize = 2 * maxRow

/** Rows in which the header is looked for: LinkedIn has a note before it. */
const maxPreamble = 12
const preambleSize = 64 * 1024

/** Broken rows after which reading begins anew, with their second line. After as many, the rest is one. */
const maxRestarts = 100

/** The parser looks through such a run again for each quote before it. */
const longBlank = /(?<![^\S\n])[^\S\n]{1000}/

const delimiters = [',', ';', '\t']

/** A file has its line breaks as LF, with or without CR before them; only old Macs' have CR alone. */
const lineBreakOf = (text: string): '\n' | '\r' => (text.includes('\n') || !text.includes('\r') ? '\n' : '\r')

interface Parsing {
  readonly delimiter: string
  /** How many cells a row has by the header, if that is found already. */
  readonly cells?: number
  /** Takes a row; false ends the reading. */
  readonly onRow: (row: Row) => boolean
}

/** Whether the parser found fault with a row that cannot be read all the same. */
const isUnreadable = (errors: readonly Papa.ParseError[], lines: number, cells: number, expected?: number): boolean =>
  errors.length > 0 && (lines > 1 || cells !== expected || errors.some(({ code }) => code === 'MissingQuotes'))

/**
 * Gives each row of a text to `onRow`. A broken row that goes on over several lines may have swallowed others: it ends
 * with its first line, and what follows is part of it until a row has all cells.
 */
function eachRow(text: string, { delimiter, cells: expected, onRow }: Parsing): void {
  const newline = lineBreakOf(text)
  let [start, line, restarts, isWanted, isRecovering] = [0, 1, 0, true, false]
  const skipBroken = (): void => {
    isWanted = onRow({ line, text: '', cells: [], isBroken: true })
    const end = restarts < maxRestarts ? text.indexOf(newline, start) : -1
    start = end < 0 ? text.length : end + 1
    ;[line, restarts, isRecovering] = [line + 1, restarts + 1, expected !== undefined]
  }
  while (isWanted && start < text.length) {
    const base = start
    const step = ({ data, errors, meta }: Papa.ParseStepResult<string[][]>): void => {
      const cells = data[0] ?? []
      const raw = text.slice(start, base + meta.cursor)
      const lines = countLines(raw, newline)
      if (isUnreadable(errors, lines, cells.length, expected)) {
        skipBroken()
        parser.abort()
        return
      }
      isRecovering &&= cells.length !== expected
      const isBlank = cells.every((cell) => cell.trim() === '')
      const isRest = isRecovering && !isBlank
      const row = isRest ? { text: '', cells: [] } : { text: withoutBreak(raw), cells: withoutReturn(cells) }
      isWanted = onRow({ line, ...row, isBroken: isRest })
      line += lines
      start = base + meta.cursor
      if (!isWanted) parser.abort()
    }
    const parser = new Papa.Parser({ delimiter, newline, step: step as (result: unknown) => void })
    const end = base + windowSize
    parser.parse(text.slice(base, end), 0, end < text.length)
    // No row ended in all of it.
    if (start === base) skipBroken()
  }
}

const withoutBreak = (raw: string): string => raw.replace(/\r?\n?$/, '')

/** Cells without the CR of a line break CRLF, of which the parser takes the LF. */
const withoutReturn = (cells: readonly string[]): string[] =>
  cells.map((cell, index) => (index === cells.length - 1 ? cell.replace(/\r$/, '') : cell))

/** Lines of a row: one more than there are line breaks in it; the one that ends it is none more. */
function countLines(raw: string, newline: string): number {
  let count = 0
  for (let at = raw.indexOf(newline); at >= 0; at = raw.indexOf(newline, at + 1)) count++
  return raw.endsWith(newline) ? count : count + 1
}

/** The cells of a row that was split; undefined for one in which a quoted cell does not end as it must. */
export function cellsOf({ text, isBroken }: CsvRowText, { delimiter, lineBreak, columns }: CsvHead) {
  const parser = new Papa.Parser({ delimiter, newline: lineBreak })
  const { data, errors } = parser.parse(text, 0, false) as Papa.ParseResult<string[]>
  const [cells = [], more] = data
  const lines = countLines(text, lineBreak)
  return isBroken || more || isUnreadable(errors, lines, cells.length, columns.length) ? undefined : cells
}

interface Header {
  readonly delimiter: string
  readonly dialect: Dialect
  readonly columns: Column[]
  /** Which row it is. */
  readonly row: number
}

/** The header of a text: of its first rows, by each delimiter, the one in which the most columns are recognized. */
function findHeader(text: string, mapping: CsvMapping | undefined): Header {
  const beginning = truncate(text, preambleSize)
  const [, stated] = /^sep=(.)\r?[\n\r]/i.exec(beginning) ?? []
  let best: (Header & { readonly score: number }) | undefined
  // The one by the delimiter that gives the most cells.
  let fault: { readonly cells: number; readonly fault: CsvFault } | undefined
  for (const delimiter of stated === undefined ? delimiters : [stated]) {
    let row = 0
    const onRow = ({ cells }: Row): boolean => {
      const dialect = dialectOf(cells)
      const columns = cells.length > 0 ? columnsOrFault(cells, dialect, mapping) : []
      if (columns instanceof CsvFault) {
        if (cells.length > (fault?.cells ?? 0)) fault = { cells: cells.length, fault: columns }
      } else {
        const score = columns.filter(({ field }) => field !== undefined).length
        if (columns.some(canName) && score > (best?.score ?? 0)) best = { delimiter, dialect, columns, row, score }
      }
      row++
      return row < maxPreamble
    }
    eachRow(beginning, { delimiter, onRow })
  }
  if (best) return best
  const isMapped = mapping !== undefined && Object.keys(mapping).length > 0
  throw isMapped && fault
    ? fault.fault
    : new CsvFault(
        'No column names anybody. Write names such as First Name, E-mail or Phone into the first line, ' +
          'or send a mapping.',
      )
}

function columnsOrFault(cells: readonly string[], dialect: Dialect, mapping: CsvMapping | undefined) {
  try {
    return readColumns(cells, dialect, mapping)
  } catch (error) {
    if (error instanceof CsvFault) return error
    throw error
  }
}

const isDateColumn = ({ field, says }: Column): boolean =>
  (field === 'birthday' || field === 'date') && says === 'value'

/**
 * Splits the text of a file into what all rows need and the rows, in one pass: each can then be read by itself
 * (`readRow`). Dates are judged over all rows. Rows without a value are left out. Delimiters: comma, semicolon, tab, or
 * what Excel's `sep=` says. `year` is that of the import.
 * @throws CsvFault where no column names anybody, or for a mapping that does not fit
 */
export function splitCsv(
  text: string,
  {
    mapping,
    year = new Date().getFullYear(),
  }: { readonly mapping?: CsvMapping | undefined; readonly year?: number } = {},
): { readonly head: CsvHead; readonly rows: readonly CsvRowText[] } {
  if (longBlank.test(text)) throw new CsvFault('A cell has more than 1,000 blanks in a row. Take them out.')
  const { delimiter, dialect, columns, row: headerRow } = findHeader(text, mapping)
  const dateColumns = columns.flatMap((column, index) => (isDateColumn(column) ? [index] : []))
  const dates: string[] = []
  const rows: CsvRowText[] = []
  let at = 0
  const onRow = ({ line, text: row, cells, isBroken }: Row): boolean => {
    if (at++ <= headerRow || (!isBroken && cells.every((cell) => cell.trim() === ''))) return true
    rows.push(isBroken ? { line, text: row, isBroken } : { line, text: row })
    for (const index of dateColumns) if (cells[index]) dates.push(unguardCell(cells[index]).trim())
    return true
  }
  eachRow(text, { delimiter, cells: columns.length, onRow })
  return { head: { delimiter, lineBreak: lineBreakOf(text), dialect, columns, dates: findDateRule(dates, year) }, rows }
}

const utf8 = new TextEncoder()

/** Rows in pieces of at most that many octets of JSON; one that is larger by itself is a piece. */
export function* inPieces(rows: readonly CsvRowText[], maxOctets: number): Generator<CsvRowText[]> {
  let [piece, size]: [CsvRowText[], number] = [[], 2]
  for (const row of rows) {
    const octets = utf8.encode(JSON.stringify(row)).length + 1
    if (piece.length > 0 && size + octets > maxOctets) {
      yield piece
      ;[piece, size] = [[], 2]
    }
    piece.push(row)
    size += octets
  }
  if (piece.length > 0) yield piece
}
