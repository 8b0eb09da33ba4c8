import type { Card, CardFields, LabeledValue } from '../../cards/card.ts'
import { isPerson, joinName, readName, substituteName } from '../../cards/names.ts'
import { readFields } from '../../cards/read.ts'
import { truncate } from '../../platform/text/truncate.ts'
import { guardCell, joinCell, printCell, writeLabel } from './cells.ts'
import { type OrganizationPart, writeCustomLabel } from './customs.ts'
import { readCsvDate } from './dates.ts'

/** Columns that Google's files have for several values of a kind, and of how many. More are joined in the last. */
const numbered = [
  { kind: 'E-mail', count: 4, parts: ['Label', 'Value'] },
  { kind: 'Phone', count: 6, parts: ['Label', 'Value'] },
  {
    kind: 'Address',
    count: 3,
    parts: ['Label', 'Street', 'City', 'PO Box', 'Region', 'Postal Code', 'Country', 'Extended Address'],
  },
  { kind: 'Relation', count: 2, parts: ['Label', 'Value'] },
  { kind: 'Website', count: 3, parts: ['Label', 'Value'] },
  { kind: 'Event', count: 2, parts: ['Label', 'Value'] },
  { kind: 'Custom Field', count: 8, parts: ['Label', 'Value'] },
] as const

type Kind = (typeof numbered)[number]['kind']

const single = [
  ...['First Name', 'Middle Name', 'Last Name', 'Phonetic First Name', 'Phonetic Last Name'],
  ...['Name Prefix', 'Name Suffix', 'Nickname', 'Organization Name', 'Organization Title', 'Organization Department'],
  ...['Birthday', 'Notes', 'Labels'],
] as const

const header: readonly string[] = [
  ...single,
  ...numbered.flatMap(({ kind, count, parts }) =>
    Array.from({ length: count }, (_, index) => parts.map((part) => `${kind} ${index + 1} - ${part}`)).flat(),
  ),
]

/** A value's cells, its label first. */
type Values = readonly (readonly string[])[]

const printRow = (cells: readonly string[]): string => `${cells.map(printCell).join(',')}\r\n`

/** The first row of a file: Google's columns of today. */
export const csvHeader = (): string => printRow(header)

/** The cells of several values in one place: joined, and the label only once where it is the same. */
function joinValues(values: Values, width: number): string[] {
  return Array.from({ length: width }, (_, part) => {
    const cells = values.map((value) => value[part] ?? '')
    const isSame = part === 0 && cells.every((cell) => cell === cells[0])
    if (cells.every((cell) => cell === '')) return ''
    return joinCell(isSame ? cells.slice(-1) : cells)
  })
}

/** The cells of a kind, of as many values as it has places; those beyond them are in the last. */
function fill(values: Values, count: number, width: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    joinValues(index < count - 1 ? values.slice(index, index + 1) : values.slice(index), width),
  ).flat()
}

/** Labels of values of which one may be primary: a star says which, if it is not the first. */
const starred = <M extends { readonly label: string | null; readonly primary: boolean }>(
  list: readonly M[],
): string[] =>
  list.map(({ label, primary }, index) => (primary && index > 0 ? `* ${writeLabel(label)}`.trim() : writeLabel(label)))

const pairs = (list: readonly LabeledValue[]): Values => list.map(({ value, label }) => [writeLabel(label), value])

/** Whether a text that is no date for cards would be read as one, or left out. */
const isDateLike = (value: string): boolean =>
  /^0+[./-]0+[./-]0+$/.test(value) ||
  (['dmy', 'mdy'] as const).some((order) => {
    const date = readCsvDate(value, { order, isProved: true, year: 2000 })
    return date !== null && date !== value
  })

/** A date, or a text, before which a quote says that it is none. */
const dateCell = (value: string): string => (value.startsWith("'") || isDateLike(value) ? `'${value}` : value)

/** FN where it is not what First and Last Name give. */
function customFullName(card: Card, { full_name }: CardFields): Values {
  const name = readName(card)
  const differs = isPerson(name) && full_name !== joinName(name.first, name.last)
  return differs ? [[writeCustomLabel({ is: 'full name' }), full_name]] : []
}

/** What Google has no columns for: other organizations, roles, messengers, and properties of one's own. */
function customValues(card: Card, fields: CardFields): Values {
  const organizations = fields.organizations.flatMap(({ name, title, units, role }, index) => {
    const others = index === 0 ? [] : [['name', name], ['title', title], ...units.map((unit) => ['unit', unit])]
    return ([...others, ['role', role]] as [OrganizationPart, string | null][]).flatMap(([part, value]) =>
      value === null ? [] : [[writeCustomLabel({ is: 'organization', part, place: index + 1 }), value]],
    )
  })
  return [
    ...customFullName(card, fields),
    ...organizations,
    ...fields.messengers.map(({ value, service, label }) => [
      writeCustomLabel({ is: 'messenger', service, label }),
      value,
    ]),
    ...fields.custom.map(({ name, value, label }) => [writeCustomLabel({ is: 'custom', name, label }), value]),
  ]
}

/** First Name of a card without one: FN, unless it is that of its organization, nickname, e-mail, … */
function firstName(card: Card, { full_name }: CardFields): string {
  const name = readName(card)
  if (isPerson(name)) return name.first ?? ''
  const others = { ...card, lines: card.lines.filter((line) => line.name !== 'FN') }
  return full_name === substituteName(others, truncate) ? '' : full_name
}

/** Labels, with those that Google's programs expect. A label that begins with a star is one of theirs. */
function labelsCell({ labels, favorite }: CardFields): string {
  const own = new Set(labels.map((label) => label.replace(/^[*\s]+/, '')).filter(Boolean))
  return joinCell([...own, ...(favorite ? ['* starred'] : []), '* myContacts'])
}

function singleCells(card: Card, fields: CardFields): string[] {
  const { last, middle, prefix, suffix } = readName(card)
  const { nickname, phonetic_first, phonetic_last } = fields.name
  const [organization] = fields.organizations
  const cells: Record<(typeof single)[number], string | null | undefined> = {
    'First Name': firstName(card, fields),
    'Middle Name': middle,
    'Last Name': last,
    'Phonetic First Name': phonetic_first,
    'Phonetic Last Name': phonetic_last,
    'Name Prefix': prefix,
    'Name Suffix': suffix,
    Nickname: nickname,
    'Organization Name': organization?.name,
    'Organization Title': organization?.title,
    'Organization Department': joinCell(organization?.units ?? []),
    Birthday: fields.birthday,
    Notes: fields.additional,
    Labels: labelsCell(fields),
  }
  return single.map((name) => guardCell(cells[name] ?? ''))
}

/**
 * The row of a card, as `csvHeader` names the cells. Reading it gives a card whose row is the same to the byte. Cells
 * that a spreadsheet would run have a quote before them. Not in CSV: pictures, UID, REV, properties that are neither
 * ours nor `X-…`, a birthday that is no date, stars before labels, and which properties and parameters said all this.
 */
export function csvRow(card: Card): string {
  const fields = readFields(card)
  const [emails, phones, addresses] = [starred(fields.emails), starred(fields.phones), starred(fields.addresses)]
  const values: Record<Kind, Values> = {
    'E-mail': fields.emails.map(({ value }, index) => [emails[index] ?? '', value]),
    Phone: fields.phones.map(({ value }, index) => [phones[index] ?? '', value]),
    Address: fields.addresses.map((one, index) => [
      ...[addresses[index] ?? '', one.street ?? '', one.city ?? '', one.po_box ?? '', one.region ?? ''],
      ...[one.postal_code ?? '', one.country ?? '', one.extended ?? ''],
    ]),
    Relation: pairs(fields.relations),
    Website: pairs(fields.urls),
    Event: fields.dates.map(({ value, label }) => [writeLabel(label), dateCell(value)]),
    'Custom Field': customValues(card, fields),
  }
  const lists = numbered.flatMap(({ kind, count, parts }) =>
    fill(values[kind], count, parts.length).map((cell) => guardCell(cell, kind === 'Phone')),
  )
  return printRow([...singleCells(card, fields), ...lists])
}
