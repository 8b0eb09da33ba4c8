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
 * How the members of an API list are stored in a card, one line each. Both reading and editing use it, so that what is
 * written is read back.
 */
export interface Kind<M extends { readonly label: string | null }> {
  /** Whether a line belongs to this list. */
  readonly owns: (line: Line) => boolean
  /** Reads a line; null if it has no value. The list decides which member is primary. */
  readonly read: (line: Line, labels: GroupLabels) => M | null
  /** A text to compare members by: everything except label and primary. */
  readonly key: (member: M) => string
  /** The label that the line's name implies and that cannot be changed; undefined if there is none. */
  readonly fixedLabel?: (line: Line, labels: GroupLabels) => string | null | undefined
  /** Whether the line can represent this member: its name may imply a service or a property. */
  readonly fits?: (line: Line, member: M) => boolean
  /** Changes the value of a line. Group and parameters stay. */
  readonly write: (line: Line, member: M, format: Format) => Line
  /** Makes a new line, without a label unless its name implies one. */
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

/** Whether a number can be in a `tel:` URI without escapes (RFC 3966). */
const isTelUri = (value: string): boolean => /^\+?[0-9.()*#-]+(;ext=[0-9]+)?$/.test(value)

/** Reads the number of a `tel:` URI (RFC 3966) with its `;ext=`, or returns any other text. */
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

/** Changes the first components of a structured line; equal ones and all others keep their spelling. */
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
  // TYPE is the service; a label would replace it.
  fixedLabel: (line, labels) => (line.name === 'X-SOCIALPROFILE' ? messengerLabel(line, labels) : undefined),
  // The URI of an IMPP without a service implies the service, so another value may have another service.
  fits: (line, { value, service }) => (fixedService(line) ?? uriService(value)) === service,
  write: (line, { value }, format) => setValue(line, escapeUri(value), format),
  create: ({ value, service }, format) => newLine(newMessengerHead(value, service), escapeUri(value), format),
  hasPrimary: false,
}

/** In X-SOCIALPROFILE, TYPE is the service. */
const messengerLabel = (line: Line, labels: GroupLabels): string | null =>
  line.name === 'X-SOCIALPROFILE' ? labelOf({ ...line, params: [] }, labels) : labelOf(line, labels)

const anniversaries = ['ANNIVERSARY', 'X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY', 'X-MS-ANNIVERSARY']

/** Reads a line's date in the format of the API, or else its text. */
export const dateOf = (line: Line): string | null => {
  const text = textOf(line)
  return readDate(text, paramValues(line, 'X-APPLE-OMIT-YEAR')[0]) ?? orNull(text)
}

/** Changes the date of a line, or its text. Removes VALUE and X-APPLE-OMIT-YEAR of the previous date. */
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

/** Properties that imply a relation. */
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

/** The values of RELATED's parameter TYPE (RFC 6350, section 6.6.6). */
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

/** Properties for other lines or for programs, which mean nothing to a person. */
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
