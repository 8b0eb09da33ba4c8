import { checkBounds } from '../../cards/bounds.ts'
import { type Card, CardFault, ChangeFault } from '../../cards/card.ts'
import { setProperty } from '../../cards/edit.ts'
import { makeCard } from '../../cards/make.ts'
import { isPerson, readName } from '../../cards/names.ts'
import { readFields } from '../../cards/read.ts'
import { splitCell, unguardCell } from './cells.ts'
import { normalizeName } from './columns.ts'
import { customName } from './customs.ts'
import { isAmbiguous, readCsvDate } from './dates.ts'
import type { CsvField } from './fields.ts'
import { addToSlot, readSlots, type Slot, type SlotFields } from './slots.ts'
import { type CsvHead, type CsvRowText, cellsOf, maxRow } from './split.ts'

/** A row that was read. */
export interface CsvRow {
  /** Where it begins in the file, from 1. */
  readonly line: number
  /** Null where there is a fault. */
  readonly card: Card | null
  /** What became of cells that no field of ours takes, and dates that may be meant otherwise; sentences. */
  readonly notes: readonly string[]
  /** Why the row is no contact; a sentence that says what to do. */
  readonly fault?: string
}

/** Values that Outlook and Google write where nobody entered anything, by column; numbers are left out. */
const unentered: ReadonlyMap<string, RegExp> = new Map([
  ['priority', /^(normal|low)$/i],
  ['sensitivity', /^normal$/i],
  ['private', /^false$/i],
  ['gender', /^unspecified$/i],
  ['email type', /^smtp$/i],
  // “Ann Lee (ann@example.com)”
  ['email display name', /@/],
  ['organization type', /^\*? ?(work)?$/i],
])

const isUnentered = (name: string, value: string): boolean =>
  unentered.get(normalizeName(name).replace(/ \d{1,3}(?= |$)/, ''))?.test(value) === true

/** Outlook's word for no date. */
const noDate = /^0+[./-]0+[./-]0+$/

/** What a row says, before it is a card. */
interface RowFields {
  readonly texts: Map<CsvField, string>
  readonly slots: Map<string, Slot>
  readonly custom: SlotFields['custom']
  readonly labels: string[]
  readonly lines: string[]
  readonly notes: string[]
}

const isSlot = (field: CsvField): boolean =>
  /^(email|phone|url|messenger|relation|date|custom|(address|organization)\..*)$/.test(field)

/** Sorts the cells of a row by what their columns stand for. */
function sortCells(cells: readonly string[], { columns }: CsvHead): RowFields {
  const row: RowFields = { texts: new Map(), slots: new Map(), custom: [], labels: [], lines: [], notes: [] }
  for (const [index, raw] of cells.entries()) {
    const column = columns[index]
    const text = unguardCell(raw)
    const cell = text.trim()
    if (cell === '' || column?.field === null) continue
    if (!column || (column.name === '' && column.field === undefined)) {
      row.lines.push(cell)
      row.notes.push(`Cell ${index + 1}, which has no column name, is in the note.`)
    } else if (column.field === undefined) {
      if (isUnentered(column.name, cell)) continue
      const name = customName(column.name)
      row.custom.push({ name, value: cell, label: column.name })
      row.notes.push(`The column “${column.name}” is the custom field ${name}.`)
    } else if (column.field === 'labels') row.labels.push(cell)
    else if (column.field === 'additional') row.lines.push(text)
    else if (isSlot(column.field)) addToSlot(row.slots, column, cell)
    else row.texts.set(column.field, [row.texts.get(column.field), cell].filter(Boolean).join(' '))
  }
  return row
}

/** A birthday: of one column, or of those for year, month and day. */
function birthdayText(texts: RowFields['texts']): string | undefined {
  const whole = texts.get('birthday')
  const [month, day] = [texts.get('birthday.month'), texts.get('birthday.day')]
  if (whole !== undefined || month === undefined || day === undefined) return whole
  return `${(texts.get('birthday.year') ?? '').padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** A date as cards have it; null for a text, also one with a quote before it. Notes what may be meant otherwise. */
function readDateCell(text: string, { dates }: CsvHead, notes: string[]): string | null {
  if (noDate.test(text)) return null
  const date = readCsvDate(text, dates)
  if (date !== null && !dates.isProved && isAmbiguous(text)) {
    const order = dates.order === 'dmy' ? 'day and month' : 'month and day'
    notes.push(`${text} was read as ${order}: ${date}. No date of the file tells which comes first.`)
  }
  return date
}

function readBirthday(row: RowFields, head: CsvHead): string | null {
  const text = birthdayText(row.texts)
  const date = text === undefined ? null : readDateCell(text, head, row.notes)
  if (text !== undefined && date === null && !noDate.test(text)) {
    row.custom.push({ name: 'X-BIRTHDAY', value: text, label: 'Birthday' })
    row.notes.push(`The birthday “${text}” is no date that can be read, and is the custom field X-BIRTHDAY.`)
  }
  return date
}

/** Labels, without those of Google's that everybody has; `* starred` is a favorite. */
function readLabels(cells: readonly string[], isGoogle: boolean) {
  const all = cells.flatMap((cell) => (isGoogle ? splitCell(cell) : cell.split(/[;,]/))).map((label) => label.trim())
  const own = all.filter((label) => !/^\*\s*(my ?contacts|starred)$/i.test(label))
  return {
    labels: own.map((label) => label.replace(/^\*\s*/, '')).filter(Boolean),
    favorite: isGoogle && all.some((label) => /^\*\s*starred$/i.test(label)),
  }
}

/** Whether a row says whom it is about. */
const namesSomebody = ({ texts }: RowFields, { emails, phones, organizations, full_name }: SlotFields): boolean =>
  full_name !== undefined ||
  [...texts.keys()].some((field) => /^(full_name|first_name|last_name|name\.nickname)$/.test(field)) ||
  emails.length + phones.length > 0 ||
  organizations.some(({ name }) => name)

/** A card with FN: the full name of the row, else what stands for a missing name. */
function withFullName(card: Card, fullName: string | undefined): Card {
  if (fullName !== undefined) return setProperty(card, 'FN', fullName)
  return isPerson(readName(card)) ? card : setProperty(card, 'FN', readFields(card).full_name)
}

function toCard(row: RowFields, fields: SlotFields, head: CsvHead, isGoogle: boolean): Card {
  const { texts } = row
  const { full_name, ...lists } = fields
  const text = (field: CsvField): string | undefined => texts.get(field)
  const dates = lists.dates.filter(({ value }) => !noDate.test(value))
  const { labels, favorite } = readLabels(row.labels, isGoogle)
  const card = makeCard({
    ...lists,
    ...{ first_name: text('first_name'), last_name: text('last_name'), favorite, labels },
    name: {
      ...{ prefix: text('name.prefix'), middle: text('name.middle'), suffix: text('name.suffix') },
      ...{ nickname: text('name.nickname'), phonetic_first: text('name.phonetic_first') },
      phonetic_last: text('name.phonetic_last'),
    },
    birthday: readBirthday(row, head),
    dates: dates.map(({ value, label }) => ({
      value: readDateCell(value, head, row.notes) ?? value.replace(/^'/, ''),
      label,
    })),
    custom: [...lists.custom, ...row.custom],
    additional: row.lines.join('\n'),
  })
  return withFullName(card, full_name ?? text('full_name'))
}

/**
 * The card of a row. A row that names nobody, whose quotes are broken or that is too large has a fault. Throws nothing.
 */
export function readRow(head: CsvHead, rowText: CsvRowText): CsvRow {
  const { line } = rowText
  const failed = (fault: string): CsvRow => ({ line, card: null, notes: [], fault })
  if (rowText.text.length > maxRow) {
    return failed(`The row at line ${line} is longer than ${maxRow} characters. Is a quotation mark missing?`)
  }
  const cells = cellsOf(rowText, head)
  if (!cells) {
    return failed(
      `The row at line ${line} has a quoted cell that does not end as it must. ` +
        'Put two quotation marks where one is meant.',
    )
  }
  const isGoogle = head.dialect.startsWith('google')
  const row = sortCells(cells, head)
  const fields = readSlots(row.slots, isGoogle)
  if (!namesSomebody(row, fields)) {
    return failed(`The row at line ${line} names nobody: it has no name, e-mail, phone or organization. Add one.`)
  }
  try {
    const card = toCard(row, fields, head, isGoogle)
    checkBounds(card)
    return { line, card, notes: row.notes }
  } catch (error) {
    if (error instanceof ChangeFault) return failed(`The row at line ${line}: ${error.message}`)
    if (error instanceof CardFault) return failed(`The row at line ${line} is too large for a contact. Shorten it.`)
    throw error
  }
}
