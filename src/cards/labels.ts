import type { Card, Line, Param } from './card.ts'
import { type Format, paramValues, parseParam, rewriteLine } from './lines.ts'
import { escapeText, orNull, textOf } from './values.ts'
import { newLine } from './write.ts'

/** Words of TYPE that say how something is used, not what it is to the person. */
const silent = new Set(
  'pref internet x400 voice msg text textphone video isdn pcs modem bbs dom intl postal parcel'.split(' '),
)

/** Words of TYPE and what they are called. All others are called as they are written. */
const words: Readonly<Record<string, string>> = { cell: 'mobile' }

/** Labels that TYPE can say, and the words it says them by, in the order in which they are read. */
const places = ['home', 'work']
const devices = ['mobile', 'fax', 'pager', 'main', 'car', 'iphone']

/** Labels that Apple translates for its people, where they stand as `_$!<Spouse>!$_`. */
const translated = new Set(
  (
    'other,home page,anniversary,spouse,partner,mother,father,parent,brother,sister,child,friend,manager,assistant,' +
    'son,daughter,school'
  ).split(','),
)

/** Labels by group, in capitals: `item1.X-ABLabel:…`. */
export type GroupLabels = ReadonlyMap<string, string>

/** Removes Apple's brackets: `_$!<HomePage>!$_` is `home page`. */
const unwrapLabel = (text: string): string => {
  const [, inner] = /^_\$!<(.*)>!\$_$/s.exec(text) ?? []
  return inner === undefined ? text : inner.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}

const wrapLabel = (label: string): string =>
  translated.has(label)
    ? `_$!<${label
        .split(' ')
        .map((word) => word.replace(/^./, (first) => first.toUpperCase()))
        .join('')}>!$_`
    : label

/** The labels that a card gives its groups. */
export function groupLabels(card: Card): GroupLabels {
  const labels = new Map<string, string>()
  for (const line of card.lines) {
    const group = line.group.toUpperCase()
    if (line.name !== 'X-ABLABEL' || group === '' || labels.has(group)) continue
    const label = orNull(unwrapLabel(textOf(line).trim()))
    if (label !== null) labels.set(group, label)
  }
  return labels
}

/** The words of TYPE that make a line's label, as they are called, places first. */
function typeWords(line: Pick<Line, 'params'>): string[] {
  const types = paramValues(line as Line, 'TYPE').map((type) => type.toLowerCase())
  const called = types
    .filter((type) => type !== '' && !silent.has(type))
    .map((type) => words[type] ?? type.replace(/^x-/, ''))
  const unique = [...new Set(called)]
  return [...unique.filter((word) => places.includes(word)), ...unique.filter((word) => !places.includes(word))]
}

/** A line's label: that of its group, else what TYPE says; null where neither says anything. */
export const labelOf = (line: Line, labels: GroupLabels): string | null =>
  (line.group === '' ? undefined : labels.get(line.group.toUpperCase())) ?? orNull(typeWords(line).join(' '))

/** The words of TYPE that say a label; undefined where TYPE cannot say it. */
function typesFor(label: string): string[] | undefined {
  const parts = label.split(' ')
  const sayable = parts.every((part) => places.includes(part) || devices.includes(part))
  const types = parts.map((part) => (part === 'mobile' ? 'cell' : part))
  const readAs = typeWords({ params: [parseParam(`TYPE=${types.join(',')}`)] }).join(' ')
  return sayable && readAs === label ? types : undefined
}

/** A parameter TYPE in that version's manner. */
export const typeParams = (types: readonly string[], { version }: Format): Param[] => {
  if (version === '4.0') return types.length > 0 ? [parseParam(`TYPE=${types.join(',').toLowerCase()}`)] : []
  const prefix = version === '2.1' ? '' : 'TYPE='
  return types.map((type) => parseParam(prefix + type.toUpperCase()))
}

/** Parameters without those words of TYPE; the others stay as they are spelled. */
export function withoutTypes(params: readonly Param[], isRemoved: (type: string) => boolean): Param[] {
  return params.flatMap((param) => {
    if (param.name !== 'TYPE' || !param.values.some(isRemoved)) return [param]
    const left = param.values.filter((value) => !isRemoved(value))
    return left.length > 0 ? [parseParam(`${param.raw.split('=', 1)[0]}=${left.join(',')}`)] : []
  })
}

const isPref = (type: string): boolean => /^pref$/i.test(type)

/**
 * How much a line is preferred, 1 most (RFC 6350, section 5.3; TYPE=pref before it); undefined where it does not say.
 */
export function preference(line: Line): number | undefined {
  const pref = Number.parseInt(paramValues(line, 'PREF')[0] ?? '', 10)
  if (pref >= 1) return pref
  return paramValues(line, 'TYPE').some(isPref) ? 1 : undefined
}

/** The index of the line that is preferred most; that of the first where none is. */
export function primaryIndex(lines: readonly Line[]): number {
  const preferences = lines.map((line) => preference(line) ?? Number.POSITIVE_INFINITY)
  return Math.max(0, preferences.indexOf(Math.min(...preferences)))
}

/** A line that is preferred, or no longer is. */
export function setPreference(line: Line, preferred: boolean, format: Format): Line {
  const others = withoutTypes(line.params, isPref).filter(({ name }) => name !== 'PREF')
  const own = format.version === '4.0' ? [parseParam('PREF=1')] : typeParams(['pref'], format)
  return rewriteLine(line, { params: preferred ? [...others, ...own] : others }, format)
}

interface Labeling {
  /** The line with its label in TYPE, or in a group. */
  readonly line: Line
  /** The line X-ABLabel of its group; undefined where it needs none. */
  readonly label: Line | undefined
}

/**
 * Labels a line: by TYPE where it can say the label, else by Apple's X-ABLabel in the line's group, or in a new one.
 * Words of TYPE that said the label before go; all other parameters stay.
 */
export function setLabel(line: Line, label: string | null, newGroup: () => string, format: Format): Labeling {
  const others = withoutTypes(line.params, (type) => !silent.has(type.toLowerCase()))
  const types = label === null ? [] : typesFor(label)
  if (types) {
    return { line: rewriteLine(line, { params: [...others, ...typeParams(types, format)] }, format), label: undefined }
  }
  const group = line.group || newGroup()
  const labelLine = newLine(`${group}.X-ABLabel`, escapeText(wrapLabel(label ?? ''), format.version), format)
  return { line: rewriteLine(line, { params: others, group }, format), label: labelLine }
}
