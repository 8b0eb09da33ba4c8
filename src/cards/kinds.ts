import type { Address, Custom, LabeledValue, Line, Messenger, Reach } from './card.ts'
import { isDate, omitYearParam, readDate, writeDate } from './dates.ts'
import { type GroupLabels, labelOf } from './labels.ts'
import { type Format, paramValues, parseParam, rewriteLine, spelledName } from './lines.ts'
import { fixedService, messengerNames, newMessengerHead, uriService } from './messengers.ts'
import {
  decodedValue,
  escapeText,
  escapeUri,
  orNull,
  splitEscaped,
  textOf,
  unescapeText,
  unescapeUri,
} from './values.ts'
import { dropParams, newLine, setValue } from './write.ts'

/**
 * How a list of the wire stands in a card: each member a line of its own. Reading and editing both go by this, so that
 * what is written is what is read.
 */
export interface Kind<M extends { readonly label: string | null }> {
  /** Whether a line is a member of this list. */
  readonly owns: (line: Line) => boolean
  /** What a line says; null where it has no value. Whether it is primary is the list's to say. */
  readonly read: (line: Line, labels: GroupLabels) => M | null
  /** All but label and primary, to compare members by. */
  readonly key: (member: M) => string
  /** The label that the line's name stands for, which cannot be changed; undefined where it has none. */
  readonly fixedLabel?: (line: Line, labels: GroupLabels) => string | null | undefined
  /** Whether the line can say this member: its name may stand for a service or a property. */
  readonly fits?: (line: Line, member: M) => boolean
  /** A line with another value. Group and parameters stay. */
  readonly write: (line: Line, member: M, format: Format) => Line
  /** A new line, without a label unless its name stands for one. */
  readonly create: (member: M, format: Format) => Line
  readonly hasPrimary: boolean
}

const named =
  (...names: string[]) =>
  (line: Line): boolean =>
    names.includes(line.name)

const keyOfValue = ({ value }: LabeledValue): string => value

export const emailKind: Kind<Reach> = {
  owns: named('EMAIL'),
  read: (line, labels) => {
    const value = orNull(textOf(line).replace(/^\s*mailto:/i, ''))
    return value === null ? null : { value, label: labelOf(line, labels), primary: false }
  },
  key: keyOfValue,
  write: (line, { value }, format) => setValue(line, escapeText(value, format.version), format),
  create: ({ value }, format) => newLine('EMAIL', escapeText(value, format.version), format),
  hasPrimary: true,
}

/** A number that a `tel:` URI can hold as it stands (RFC 3966). */
const isTelUri = (value: string): boolean => /^\+?[0-9.()*#-]+(;ext=[0-9]+)?$/.test(value)

/** The number of a `tel:` URI (RFC 3966), its `;ext=` too; any other text as it is. */
export function readPhone(text: string): string | null {
  const [, number] = /^\s*tel:(.*)$/is.exec(text) ?? []
  if (number === undefined) return orNull(text)
  try {
    return orNull(decodeURIComponent(number))
  } catch {
    return orNull(number)
  }
}

export const phoneKind: Kind<Reach> = {
  owns: named('TEL'),
  read: (line, labels) => {
    const value = readPhone(textOf(line))
    return value === null ? null : { value, label: labelOf(line, labels), primary: false }
  },
  key: keyOfValue,
  write: (line, { value }, format) => {
    const wasUri = /^\s*tel:/i.test(decodedValue(line))
    if (wasUri && isTelUri(value)) return setValue(line, `tel:${value}`, format)
    return setValue(dropParams(line, ['VALUE'], format), escapeText(value, format.version), format)
  },
  create: ({ value }, format) => newLine('TEL', escapeText(value, format.version), format),
  hasPrimary: true,
}

/** The components of ADR in their order (RFC 6350, section 6.3.1). */
const addressParts = ['po_box', 'extended', 'street', 'city', 'region', 'postal_code', 'country'] as const

/** The value of a structured line in which those components differ; all others stay as they are spelled. */
export function setComponents(line: Line, values: readonly (string | null)[], format: Format): Line {
  const pieces = splitEscaped(decodedValue(line), ';')
  const next = values.map((value, index) =>
    orNull(unescapeText(pieces[index] ?? '')) === value
      ? (pieces[index] ?? '')
      : escapeText(value ?? '', format.version),
  )
  return setValue(line, [...next, ...pieces.slice(values.length)].join(';'), format)
}

export const addressKind: Kind<Address> = {
  owns: named('ADR'),
  read: (line, labels) => {
    const pieces = splitEscaped(decodedValue(line), ';')
    const [po_box, extended, street, city, region, postal_code, country] = addressParts.map((_, index) =>
      orNull(unescapeText(pieces[index] ?? '')),
    ) as [string | null, ...(string | null)[]]
    const parts = { street, extended, po_box, city, region, postal_code, country }
    if (Object.values(parts).every((part) => part == null)) return null
    return { ...(parts as Omit<Address, 'label' | 'primary'>), label: labelOf(line, labels), primary: false }
  },
  key: (address) => JSON.stringify(addressParts.map((part) => address[part])),
  write: (line, address, format) =>
    setComponents(
      line,
      addressParts.map((part) => address[part]),
      format,
    ),
  create: (address, format) =>
    newLine('ADR', addressParts.map((part) => escapeText(address[part] ?? '', format.version)).join(';'), format),
  hasPrimary: true,
}

export const urlKind: Kind<LabeledValue> = {
  owns: named('URL'),
  read: (line, labels) => {
    const value = orNull(unescapeUri(decodedValue(line)))
    return value === null ? null : { value, label: labelOf(line, labels) }
  },
  key: keyOfValue,
  write: (line, { value }, format) => setValue(line, escapeUri(value), format),
  create: ({ value }, format) => newLine('URL', escapeUri(value), format),
  hasPrimary: false,
}

export const messengerKind: Kind<Messenger> = {
  owns: ({ name }) => messengerNames.has(name),
  read: (line, labels) => {
    const value = orNull(unescapeUri(decodedValue(line)))
    if (value === null) return null
    return { value, service: fixedService(line) ?? uriService(value), label: messengerLabel(line, labels) }
  },
  key: ({ value, service }) => JSON.stringify([value, service]),
  // TYPE is its service, which a label would replace.
  fixedLabel: (line, labels) => (line.name === 'X-SOCIALPROFILE' ? messengerLabel(line, labels) : undefined),
  // What an IMPP without a service is, its URI says: another value may be of another.
  fits: (line, { value, service }) => (fixedService(line) ?? uriService(value)) === service,
  write: (line, { value }, format) => setValue(line, escapeUri(value), format),
  create: ({ value, service }, format) => newLine(newMessengerHead(value, service), escapeUri(value), format),
  hasPrimary: false,
}

/** In X-SOCIALPROFILE, TYPE is the service. */
const messengerLabel = (line: Line, labels: GroupLabels): string | null =>
  line.name === 'X-SOCIALPROFILE' ? labelOf({ ...line, params: [] }, labels) : labelOf(line, labels)

const anniversaries = ['ANNIVERSARY', 'X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY', 'X-MS-ANNIVERSARY']

/** A line's date as the wire has it, else its text. */
export const dateOf = (line: Line): string | null => {
  const text = textOf(line)
  return readDate(text, paramValues(line, 'X-APPLE-OMIT-YEAR')[0]) ?? orNull(text)
}

/**
 * A line with another date, or a text where it is none. What VALUE and X-APPLE-OMIT-YEAR said of the one before goes.
 */
export function setDate(line: Line, value: string, format: Format): Line {
  const date = readDate(value)
  const others = line.params.filter(
    ({ name, values }) =>
      name !== 'X-APPLE-OMIT-YEAR' && (name !== 'VALUE' || (date !== null && /^date$/i.test(values[0] ?? ''))),
  )
  const own = date?.startsWith('--') && format.version !== '4.0' ? [omitYearParam] : []
  const isText = date === null && format.version === '4.0' ? ['VALUE=text'] : []
  const params = [...others, ...[...own, ...isText].map(parseParam)]
  const text = isDate(value) || date !== null ? writeDate(date ?? value, format.version) : value
  return setValue(rewriteLine(line, { params }, format), escapeText(text, format.version), format)
}

const fixedDateLabel = ({ name }: Line) => (anniversaries.includes(name) ? 'anniversary' : undefined)

export const dateKind: Kind<LabeledValue> = {
  owns: named('X-ABDATE', ...anniversaries),
  read: (line, labels) => {
    const value = dateOf(line)
    if (value === null) return null
    return { value, label: fixedDateLabel(line) ?? labelOf(line, labels) }
  },
  key: keyOfValue,
  fixedLabel: fixedDateLabel,
  write: (line, { value }, format) => setDate(line, value, format),
  create: ({ value, label }, format) => {
    const name = label === 'anniversary' && format.version === '4.0' ? 'ANNIVERSARY' : 'X-ABDATE'
    return setDate(newLine(name, '', format), value, format)
  },
  hasPrimary: false,
}

/** Properties that stand for one relation. */
const relationNames: Readonly<Record<string, string>> = {
  'X-SPOUSE': 'spouse',
  'X-EVOLUTION-SPOUSE': 'spouse',
  'X-MS-SPOUSE': 'spouse',
  'X-MANAGER': 'manager',
  'X-EVOLUTION-MANAGER': 'manager',
  'X-MS-MANAGER': 'manager',
  'X-ASSISTANT': 'assistant',
  'X-EVOLUTION-ASSISTANT': 'assistant',
  'X-MS-ASSISTANT': 'assistant',
}

/** What TYPE of RELATED can say (RFC 6350, section 6.6.6). */
export const relatedTypes = new Set(
  (
    'contact acquaintance friend met co-worker colleague co-resident neighbor child parent sibling spouse kin muse crush date ' +
    'sweetheart me agent emergency'
  ).split(' '),
)

const isRelated = ({ name }: Line): boolean => name === 'RELATED'

export const relationKind: Kind<LabeledValue> = {
  owns: named('X-ABRELATEDNAMES', 'RELATED', ...Object.keys(relationNames)),
  read: (line, labels) => {
    const value = orNull(textOf(line))
    if (value === null) return null
    return { value, label: relationNames[line.name] ?? labelOf(line, labels) }
  },
  key: keyOfValue,
  fixedLabel: (line) =>
    relationNames[line.name] ?? (isRelated(line) && line.group === '' ? labelOf(line, new Map()) : undefined),
  fits: (line, { value }) =>
    !isRelated(line) || /^text$/i.test(paramValues(line, 'VALUE')[0] ?? '') || /^\w+:/.test(value),
  write: (line, { value }, format) => setValue(line, escapeText(value, format.version), format),
  create: ({ value, label }, format) => {
    const isType = format.version === '4.0' && label !== null && relatedTypes.has(label)
    return newLine(
      isType ? `RELATED;VALUE=text;TYPE=${label}` : 'X-ABRELATEDNAMES',
      escapeText(value, format.version),
      format,
    )
  },
  hasPrimary: false,
}

/** Properties that serve another line or a program, and say nothing to a person. */
const technical =
  /^X-(AB(LABEL|ADR|UID|SHOWAS|ORDER)|VIZITKA-.*|ADDRESSBOOKSERVER-.*|MS-OL-DESIGN|PHONETIC-(FIRST|LAST)-NAME)$/

export const customKind: Kind<Custom> = {
  owns: (line) =>
    line.name.startsWith('X-') &&
    !technical.test(line.name) &&
    ![messengerKind, dateKind, relationKind].some((kind) => kind.owns(line)),
  read: (line, labels) => {
    const value = orNull(textOf(line))
    return value === null ? null : { name: spelledName(line), value, label: labelOf(line, labels) }
  },
  key: ({ name, value }) => JSON.stringify([name.toUpperCase(), value]),
  fits: (line, { name }) => line.name === name.toUpperCase(),
  write: (line, { value }, format) => setValue(line, escapeText(value, format.version), format),
  create: ({ name, value }, format) => newLine(name, escapeText(value, format.version), format),
  hasPrimary: false,
}
