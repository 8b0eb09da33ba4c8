import { type Column, CsvFault, type CsvField, type CsvMapping, readTarget } from './fields.ts'
import { fieldsByName, type NamedField, placeWords } from './names-of-columns.ts'

/** The program that wrote a file, as its columns tell; `other` for any that has a header. */
export const dialects = ['google-new', 'google-old', 'outlook', 'thunderbird', 'yahoo', 'linkedin', 'other'] as const

export type Dialect = (typeof dialects)[number]

/** Longer names of columns are not looked into. */
const maxName = 100
const maxWords = 5

/** A column's name in small letters, without signs, its words apart. */
export function normalizeName(name: string): string {
  if (name.length > maxName) return name
  return name
    .normalize('NFKC')
    .replaceAll(/(\p{Ll})(?=\p{Lu})/gu, '$1 ')
    .toLowerCase()
    .replaceAll(/['’ʼ`\u00ad\u200b]/g, '')
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .replaceAll(/\be mail\b/g, 'email')
    .trim()
}

/** Columns that only one program's files have. The first whose columns are all there counts. */
const signs: readonly [Dialect, readonly string[]][] = [
  ['google-old', ['email 1 type']],
  ['google-old', ['phone 1 type']],
  ['google-old', ['group membership']],
  ['google-new', ['email 1 label']],
  ['google-new', ['phone 1 label']],
  ['google-new', ['email 1 value']],
  ['google-new', ['phone 1 value']],
  ['google-new', ['first name', 'phonetic first name', 'labels']],
  ['linkedin', ['first name', 'connected on']],
  ['yahoo', ['first', 'last', 'messenger id']],
  ['yahoo', ['alternate email 1']],
  ['thunderbird', ['display name', 'primary email']],
  ['outlook', ['email address', 'business phone']],
  ['outlook', ['first name', 'email 2 address']],
  ['outlook', ['email address', 'email 2 address']],
  ['outlook', ['business street']],
]

/** The program that a header is of. */
export function dialectOf(header: readonly string[]): Dialect {
  const names = new Set(header.map(normalizeName))
  return signs.find(([, columns]) => columns.every((name) => names.has(name)))?.[0] ?? 'other'
}

const isGoogle = (dialect: Dialect): boolean => dialect.startsWith('google')

/** Google's names of fields that have a number: `E-mail 1 - Value`. */
const numbered =
  /^(email|phone|address|organization|relation|website|event|im|custom field) (\d{1,3}) (label|type|value|service|formatted|street|city|po box|region|postal code|country|extended address|name|title|department)$/

const numberedFields: Readonly<Record<string, CsvField>> = {
  ...{ 'email value': 'email', 'phone value': 'phone', 'relation value': 'relation', 'website value': 'url' },
  ...{ 'event value': 'date', 'im value': 'messenger', 'custom field value': 'custom' },
  ...{ 'address formatted': 'address.formatted', 'address street': 'address.street', 'address city': 'address.city' },
  ...{ 'address po box': 'address.po_box', 'address region': 'address.region', 'address country': 'address.country' },
  ...{ 'address postal code': 'address.postal_code', 'address extended address': 'address.extended' },
  ...{ 'organization name': 'organization.name', 'organization title': 'organization.title' },
  'organization department': 'organization.unit',
}

const labelFields: Readonly<Record<string, CsvField>> = {
  ...{ email: 'email', phone: 'phone', relation: 'relation', website: 'url', event: 'date' },
  im: 'messenger',
  ...{ 'custom field': 'custom', address: 'address.street' },
}

type Recognized = Omit<Column, 'name'>

/** What one of Google's columns with a number stands for. */
function readNumbered(name: string): Recognized | undefined {
  const [, kind = '', number = '', part = ''] = numbered.exec(name) ?? []
  const value = numberedFields[`${kind} ${part}`]
  if (value) return { field: value, slot: number, label: null, says: 'value' }
  const says = part === 'service' ? part : 'label'
  const field = part === 'label' || part === 'type' || part === 'service' ? labelFields[kind] : undefined
  return field && { field, slot: number, label: null, says }
}

/** In Yahoo's files these are telephones; elsewhere they may be addresses. */
const yahooPhones = new Set(['home', 'work', 'other', 'primary', 'yahoo phone'])

/** What a name without a number stands for, its first or last word being a place. */
function readPlaced(name: string): NamedField | undefined {
  const whole = fieldsByName.get(name)
  if (whole) return whole
  const words = name.split(' ')
  if (words.length > maxWords) return undefined
  const [first, last] = [words[0], words.at(-1)]
  for (const [place, rest] of [
    [first, words.slice(1)],
    [last, words.toSpliced(-1)],
  ] as const) {
    const label = placeWords.get(place ?? '')
    const named = label === undefined ? undefined : readPlaced(rest.join(' '))
    if (!named || !/^(email|phone|url|messenger|address\..*)$/.test(named.field)) continue
    if (named.field === 'messenger') return named
    return { field: named.field, label: [label, named.label].filter(Boolean).join(' ') || null }
  }
  return undefined
}

const secondLine = /^(.*? ?(?:street|address))(?: line)? [23]$/

function recognize(name: string, dialect: Dialect, header: ReadonlySet<string>): NamedField | undefined {
  // Outlook's is that of a person, “Dr.”; others' that of a job.
  const isPersonal = header.has('job title') || header.has('suffix')
  if (name === 'title') return { field: isPersonal ? 'name.prefix' : 'organization.title', label: null }
  if (name === 'name' && header.has('vorname') && !header.has('nachname')) return { field: 'last_name', label: null }
  if (dialect === 'yahoo' && yahooPhones.has(name)) return { field: 'phone', label: placeWords.get(name) ?? null }
  const [, first] = secondLine.exec(name) ?? []
  const street = first === undefined || /email/.test(first) ? undefined : readPlaced(first)
  if (street?.field === 'address.street') return { field: 'address.extended', label: street.label }
  return readPlaced(name) ?? readPlaced(name.replace(/ \d{1,2}(?= |$)/, '').trim())
}

const slotOf = ({ field, label }: NamedField, index: number): string => {
  if (field.startsWith('address.')) return label ?? ''
  return field.startsWith('organization.') ? '1' : `column ${index}`
}

/**
 * What the columns of a header stand for.
 * @throws CsvFault for a mapping that names a column that is not there, or a field that is none
 */
export function readColumns(header: readonly string[], dialect: Dialect, mapping: CsvMapping = {}): Column[] {
  const names = header.map(normalizeName)
  const targets = new Map(Object.entries(mapping).map(([name, target]) => [name.trim(), target]))
  for (const name of targets.keys()) {
    if (header.some((one) => one.trim() === name)) continue
    throw new CsvFault(`The mapping names the column “${name}”, which the file has not. It has: ${header.join(', ')}.`)
  }
  const others = new Set(names)
  return header.map((text, index) => {
    const [name, normal = ''] = [text.trim(), names[index]]
    const target = targets.get(name)
    const none: Omit<Column, 'field'> = { name, slot: `column ${index}`, label: null, says: 'value' }
    if (target === null) return { ...none, field: null }
    const google = isGoogle(dialect) && target === undefined ? readNumbered(normal) : undefined
    if (google) return { name, ...google }
    const named = target === undefined ? recognize(normal, dialect, others) : readTarget(target)
    const field = named?.field
    if (!named || !field) return { ...none, field: undefined }
    return { name, field, label: named.label, slot: slotOf({ ...named, field }, index), says: 'value' }
  })
}

const naming = new Set<CsvField>([
  ...(['full_name', 'first_name', 'last_name', 'name.nickname', 'email', 'phone', 'organization.name'] as const),
])

/** Whether a column can name somebody. */
export const canName = ({ field, says }: Column): boolean => !!field && says === 'value' && naming.has(field)
