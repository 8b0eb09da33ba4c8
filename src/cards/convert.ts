import { truncate } from '../platform/text/truncate.ts'
import { fileNames } from './bounds.ts'
import type { Card, Line, Param, Version } from './card.ts'
import { omitYearParam, readDate, writeDate } from './dates.ts'
import { readPhone } from './kinds.ts'
import { preference, typeParams, withoutTypes } from './labels.ts'
import { type Format, isBase64, isQuotedPrintable, makeLine, paramValues, parseParam, rewriteLine } from './lines.ts'
import { firstLine, joinName, readName, substituteName } from './names.ts'
import { encodeBase64, readInline } from './photo.ts'
import { decodedValue, escapeText, orNull, splitEscaped, textOf, unescapeText, unescapeUri } from './values.ts'
import { newLine } from './write.ts'

/** The versions in which cards are sent. */
export type SentVersion = Exclude<Version, '2.1'>

/** Properties that 3.0 lacks, and Apple's properties for them. */
const appleNames: readonly (readonly [name: string, apple: string])[] = [
  ['KIND', 'X-ADDRESSBOOKSERVER-KIND'],
  ['MEMBER', 'X-ADDRESSBOOKSERVER-MEMBER'],
]

/** Properties whose value is a date. */
const dates = new Set(['BDAY', 'ANNIVERSARY', 'X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY', 'X-ABDATE'])

/** Properties with several parts, and the separator of the parts. */
const structured: Readonly<Record<string, ';' | ','>> = {
  N: ';',
  ADR: ';',
  ORG: ';',
  GENDER: ';',
  NICKNAME: ',',
  CATEGORIES: ',',
}

/** Properties whose value is a URI, in which nothing is escaped. */
const uris = new Set(['URL', 'IMPP', 'SOURCE', 'FBURL', 'CALURI', 'CALADRURI'])

/** Parameters that describe how a value is encoded, which differs between versions. */
const encodings = new Set(['ENCODING', 'CHARSET'])

/** Makes a line with another name, other parameters and another value. */
const renamed = (line: Line, name: string, params: readonly Param[], value: string, format: Format): Line => {
  const full = line.group === '' ? name : `${line.group}.${name}`
  return makeLine([full, ...params.map(({ raw }) => raw)].join(';'), value, format)
}

/** Escapes the value of a 2.1 line as later versions do. */
function escapedAnew(line: Line, version: SentVersion): string {
  const value = decodedValue(line)
  // Only the programs that wrote these know their parts.
  if (line.name.startsWith('X-')) return value.replaceAll('\r\n', '\n').replaceAll('\n', '\\n')
  if (line.name === 'GEO') return value.replace(',', ';')
  if (uris.has(line.name)) return unescapeUri(value).replaceAll('\n', '')
  const separator = structured[line.name]
  const escapePart = (text: string): string => escapeText(unescapeText(text), version)
  return separator ? splitEscaped(value, separator).map(escapePart).join(separator) : escapePart(value)
}

/** Converts parameters: bare ones of 2.1 get their names, and TYPE=pref becomes PREF=1, or the reverse. */
function convertParams(line: Line, from: Version, format: Format): Param[] {
  const others = line.params.filter(({ name }) => !encodings.has(name) && name !== 'PREF')
  const isPref = (type: string): boolean => /^pref$/i.test(type)
  const params = withoutTypes(others, isPref)
  const types = from === '2.1' ? params.filter(({ name }) => name === 'TYPE').flatMap(({ values }) => values) : []
  const named = (from === '2.1' ? params.filter(({ name }) => name !== 'TYPE') : params).map(withName)
  const [pref] = [preference(line)]
  const own =
    pref === undefined
      ? []
      : format.version === '4.0'
        ? [parseParam(`PREF=${pref}`)]
        : pref === 1
          ? typeParams(['pref'], format)
          : []
  const encoding = isBase64(line) ? [parseParam('ENCODING=b')] : []
  return [...named, ...typeParams(types, format), ...encoding, ...own]
}

const withName = (param: Param): Param =>
  param.raw.includes('=') ? param : parseParam(`${param.name}=${param.values.join(',')}`)

/** Converts an embedded file: base64 with a type before 4.0, a `data:` URI in 4.0. Undefined if it is a link. */
function convertFile(line: Line, format: Format): Line | undefined {
  const inline = readInline(line)
  if (!inline) return undefined
  const others = line.params.filter(
    ({ name }) => !encodings.has(name) && !['TYPE', 'VALUE', 'MEDIATYPE'].includes(name),
  )
  const text = encodeBase64(inline.octets)
  const stated = paramValues(line, 'TYPE')[0]?.toLowerCase()
  const mediaType = inline.mediaType || (stated ? `image/${stated}` : '')
  if (format.version === '4.0') return renamed(line, line.name, others, `data:${mediaType};base64,${text}`, format)
  const type = mediaType.replace(/^.*\//, '').toUpperCase()
  const own = ['ENCODING=b', ...(type ? [`TYPE=${type}`] : [])].map(parseParam)
  return renamed(line, line.name, [...others, ...own], text, format)
}

/** Converts a link to a file. */
function convertAddress(line: Line, format: Format): Line {
  const address = decodedValue(line).trim()
  if (!/^[a-z][a-z0-9+.-]*:\S+$/i.test(address)) return line
  const others = line.params.filter(({ name, raw }) => raw.includes('=') && !encodings.has(name) && name !== 'VALUE')
  return rewriteLine(line, { params: [...others, parseParam('VALUE=uri')], value: address }, format)
}

/** Converts a date; undefined if it is none. */
function convertDate(line: Line, params: readonly Param[], format: Format): Line | undefined {
  const date = readDate(textOf(line), paramValues(line, 'X-APPLE-OMIT-YEAR')[0])
  // A value with a time of day stays as it is.
  if (date === null || /T/i.test(textOf(line))) return undefined
  const others = params.filter(({ name }) => name !== 'X-APPLE-OMIT-YEAR')
  const own = date.startsWith('--') && format.version !== '4.0' ? [parseParam(omitYearParam)] : []
  return rewriteLine(line, { params: [...others, ...own], value: writeDate(date, format.version) }, format)
}

function convertLine(line: Line, from: Version, format: Format): Line {
  const { version } = format
  if (line.name === '' || line.name === 'BEGIN' || line.name === 'END') return line
  if (line.name === 'VERSION') return rewriteLine(line, { value: version }, format)
  if (fileNames.has(line.name)) return convertFile(line, format) ?? convertAddress(line, format)
  // A card inside a card of 2.1 becomes text, so that its END does not end the outer card.
  if (line.name === 'AGENT' && /^BEGIN:/im.test(line.value.trim())) {
    return renamed(line, 'AGENT', [], escapeText(line.value, version), format)
  }
  const params = convertParams(line, from, format)
  for (const [name, apple] of appleNames) {
    if (version === '3.0' && line.name === name) return renamed(line, apple, params, line.value, format)
    if (version === '4.0' && line.name === apple) return renamed(line, name, params, line.value, format)
  }
  const date = dates.has(line.name) ? convertDate(line, params, format) : undefined
  if (date) return date
  const isUri = line.name === 'TEL' && /^\s*tel:/i.test(textOf(line))
  const phone = isUri && version === '3.0' ? readPhone(textOf(line)) : null
  if (phone !== null) {
    const others = params.filter(({ name }) => name !== 'VALUE')
    return rewriteLine(line, { params: others, value: escapeText(phone, version) }, format)
  }
  const isEncoded = isQuotedPrintable(line) || from === '2.1'
  const value = isBase64(line) || !isEncoded ? line.value : escapedAnew(line, format.version as SentVersion)
  const isSame =
    value === line.value &&
    params.length === line.params.length &&
    params.every((one, at) => one.raw === line.params[at]?.raw)
  return isSame ? line : rewriteLine(line, { params, value }, format)
}

/** Makes required lines that a card lacks (RFC 2426, section 5; RFC 6350, section 6.2.1). */
function missingLines(card: Card, format: Format): Line[] {
  const full = firstLine(card, 'FN')
  const { first, last } = readName(card)
  const name = orNull(joinName(first, last)) ?? substituteName(card, truncate)
  return [
    ...(full ? [] : [newLine('FN', escapeText(name, format.version), format)]),
    ...(format.version === '3.0' && !card.lines.some((line) => line.name === 'N')
      ? [newLine('N', ';;;;', format)]
      : []),
  ]
}

/**
 * Converts a card to another version, for sending; stored cards are not converted. It converts preferences, dates
 * without a year, files, `tel:` URIs, groups of contacts, and the encodings of 2.1. All other lines stay as they are,
 * also those that only the other version defines, so that converting back restores them. Returns the same object if the
 * card already has that version. Never throws.
 */
export function convertCard(card: Card, version: SentVersion): Card {
  if (card.version === version) return card
  const from = card.version ?? '3.0'
  const [eol = '\r\n'] = /(?:\r?\n|\r)$/.exec(card.lines[0]?.raw ?? '') ?? []
  const format: Format = { version, eol }
  const lines = card.lines.map((line) => convertLine(line, from, format))
  const begin = lines.findIndex(({ name }) => name === 'BEGIN') + 1
  const hasVersion = lines.some(({ name }) => name === 'VERSION')
  const own = [...(hasVersion ? [] : [newLine('VERSION', version, format)]), ...missingLines(card, format)]
  const at = hasVersion ? lines.findIndex(({ name }) => name === 'VERSION') + 1 : begin
  return { ...card, version, lines: lines.toSpliced(at, 0, ...own) }
}
