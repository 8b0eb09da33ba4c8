import type { Line, Param, Version } from './card.ts'

/** CRLF, LF, CR; and CR CRLF, which Windows makes of CRLF in a file that was opened as text. */
const lineBreak = /\r?\r?\n|\r/g

/** Octets of a line, its line break left out (RFC 6350, section 3.2). */
const maxOctets = 75

/** What new lines of a card look like. */
export interface Format {
  readonly version: Version
  /** The line break. */
  readonly eol: string
}

/** A text in two, at a place and after it. */
export const cut = (text: string, at: number): [before: string, after: string] => [
  text.slice(0, at),
  text.slice(at + 1),
]

/** What stands between separators that are not in quotes. A quote that does not end is a sign like any other. */
function splitUnquoted(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator)
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted
    else if (text[at] === separator && !quoted) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return quoted ? text.split(separator) : [...parts, text.slice(start)]
}

/** Where the head of a line ends: at the first colon that is not in quotes; -1 where there is none. */
function headEnd(text: string): number {
  const colon = text.indexOf(':')
  const quote = text.indexOf('"')
  if (quote < 0 || quote > colon) return colon
  let quoted = false
  for (let at = quote; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted
    else if (text[at] === ':' && !quoted) return at
  }
  return colon
}

const caretEscapes: Readonly<Record<string, string>> = { '^n': '\n', '^N': '\n', '^^': '^', "^'": '"' }

/** Decodes a parameter's value (RFC 6868, section 3.2). */
const decodeParam = (text: string): string =>
  text.includes('^') ? text.replace(/\^[nN^']/g, (pair) => caretEscapes[pair] ?? pair) : text

/** Encodes a parameter's value (RFC 6868, section 3.1), in quotes where it needs them. */
export function encodeParam(text: string): string {
  const encoded = text
    .replaceAll('^', '^^')
    .replace(/\r\n?|\n/g, '^n')
    .replaceAll('"', "^'")
  return /[:;,]/.test(encoded) ? `"${encoded}"` : encoded
}

/** What a bare parameter of 2.1 stands for. */
function bareName(word: string): string {
  if (/^(QUOTED-PRINTABLE|BASE64|B|7BIT|8BIT)$/i.test(word)) return 'ENCODING'
  return /^(INLINE|URL|CID|CONTENT-ID)$/i.test(word) ? 'VALUE' : 'TYPE'
}

/** A parameter from its text, `TYPE=HOME,VOICE`, `TYPE="HOME,VOICE"` or, of 2.1, `HOME`. */
export function parseParam(raw: string): Param {
  const equals = raw.indexOf('=')
  if (equals < 0) return { name: bareName(raw.trim()), values: [raw.trim()], raw }
  const [before, text] = cut(raw, equals)
  const name = before.trim().toUpperCase()
  const values =
    name === 'TYPE'
      ? text.replaceAll('"', '').split(',')
      : splitUnquoted(text, ',').map((value) => decodeParam(value.trim().replace(/^"(.*)"$/s, '$1')))
  return { name, values: values.map((value) => value.trim()), raw }
}

/** The values of a line's parameters of that name. */
export const paramValues = (line: Line, name: string): string[] =>
  line.params.flatMap((param) => (param.name === name ? param.values : []))

/** A line from its unfolded text. */
function parseLine(text: string, raw: string, number: number): Line {
  const colon = headEnd(text)
  if (colon <= 0) return { group: '', name: '', params: [], head: '', value: text, raw, number }
  const [head, value] = cut(text, colon)
  const [full = '', ...params] = head.includes(';') ? splitUnquoted(head, ';') : [head]
  const [group, name] = full.includes('.') ? cut(full, full.lastIndexOf('.')) : ['', full]
  return {
    ...{ group: group.trim(), name: name.trim().toUpperCase(), head, value, raw, number },
    params: params.map(parseParam),
  }
}

const quotedHead = /[;=]QUOTED-PRINTABLE/i
const base64Head = /[;=](?:BASE64|B)[;:]/i
/** A soft break before it is none: what follows would be lost. */
const isCardEnd = /^END:VCARD\s*$/i

/** Says what the first part of a line declares, which it looks at once. */
function memoized([first = '']: readonly string[]): (what: 'quoted' | 'base64') => boolean {
  let answers: { readonly quoted: boolean; readonly base64: boolean } | undefined
  return (what) => {
    if (!answers) {
      const end = headEnd(first)
      const head = end < 0 ? first : `${cut(first, end)[0]}:`
      answers = { quoted: quotedHead.test(head), base64: base64Head.test(head) }
    }
    return answers[what]
  }
}

const base64Text = /^[A-Za-z0-9+/]+=*$/

/**
 * The lines of a text. Unfolds (RFC 6350, section 3.2) and joins what quoted-printable's soft breaks part (RFC 2045,
 * section 6.7) and base64 that is not indented, as old phones write it. Takes time in proportion to the text. Joining
 * all `raw` gives the text. `firstLine` is the number of the first line, for a text from within a file.
 */
export function parseLines(text: string, firstLine = 1): Line[] {
  const lines: Line[] = []
  let parts: string[] = []
  /** Whether the line's head says so: it is looked at once, for it may be as long as the text. */
  let says = memoized(parts)
  let [begin, beginNumber, at, number] = [0, firstLine, 0, firstLine]
  const finish = (end: number) => {
    if (end > begin)
      lines.push(parseLine(parts.length === 1 ? (parts[0] ?? '') : parts.join(''), text.slice(begin, end), beginNumber))
  }
  lineBreak.lastIndex = 0
  while (at < text.length) {
    const found = lineBreak.exec(text)
    const content = text.slice(at, found ? found.index : text.length)
    const last = parts.at(-1)
    if (last?.endsWith('=') && says('quoted') && !isCardEnd.test(content)) {
      parts[parts.length - 1] = last.replace(/=$/, '')
      parts.push(content)
    } else if (last !== undefined && /^[ \t]/.test(content)) parts.push(content.slice(1))
    else if (last && base64Text.test(content) && says('base64')) parts.push(content)
    else {
      finish(at)
      parts = [content]
      says = memoized(parts)
      begin = at
      beginNumber = number
    }
    at = found ? lineBreak.lastIndex : text.length
    number++
  }
  finish(at)
  return lines
}

const octetsOf = (character: number): number =>
  character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4

/** Folds at 75 octets (RFC 6350, section 3.2), never within a character. */
export function fold(text: string, eol: string): string {
  if (text.length * 3 <= maxOctets) return text
  let folded = ''
  let start = 0
  let octets = 0
  for (let at = 0; at < text.length; ) {
    const character = text.codePointAt(at) ?? 0
    const size = octetsOf(character)
    if (octets + size > maxOctets) {
      folded += `${text.slice(start, at)}${eol} `
      start = at
      octets = 1
    }
    octets += size
    at += character > 0xffff ? 2 : 1
  }
  return folded + text.slice(start)
}

/**
 * Breaks quoted-printable softly, at 75 octets and not within `=XX`: a fold right after a `=` would be read as another
 * break.
 */
function foldQuoted(head: string, value: string, eol: string): string {
  let folded = `${head}:`
  let octets = folded.length
  for (const [token] of value.matchAll(/=[0-9A-F]{2}|./gisu)) {
    if (octets + token.length > maxOctets) {
      folded += `=${eol}`
      octets = 0
    }
    folded += token
    octets += token.length
  }
  return folded
}

/** Whether a line's value is quoted-printable. */
export const isQuotedPrintable = (line: Pick<Line, 'params'>): boolean =>
  line.params.some(
    ({ name, values }) => name === 'ENCODING' && values.some((value) => /^QUOTED-PRINTABLE$/i.test(value)),
  )

/** A line's name, as spelled, without its group. */
export function spelledName({ head, group }: Line): string {
  const full = head.split(';', 1)[0] ?? head
  return group === '' ? full : full.slice(full.lastIndexOf('.') + 1)
}

/** Whether a line's value is base64. */
export const isBase64 = (line: Pick<Line, 'params'>): boolean =>
  line.params.some(({ name, values }) => name === 'ENCODING' && values.some((value) => /^(b|base64)$/i.test(value)))

/**
 * The printed text of a line. 2.1 folds at blanks, which stay: its lines are left long, but for base64, which a blank
 * line ends (vCard 2.1, section 2.1.5).
 */
function printLine(line: Pick<Line, 'head' | 'value' | 'params'>, { version, eol }: Format): string {
  const { head, value } = line
  if (isQuotedPrintable(line)) return foldQuoted(head, value, eol) + eol
  if (version !== '2.1') return fold(`${head}:${value}`, eol) + eol
  return isBase64(line) ? fold(`${head}:${value}`, eol) + eol + eol : `${head}:${value}${eol}`
}

/** A new line. The value is as it stands in the text: escaped and encoded. */
export function makeLine(head: string, value: string, format: Format): Line {
  const line = parseLine(`${head}:${value}`, '', 0)
  return { ...line, raw: printLine(line, format) }
}

interface Rewrite {
  readonly params?: readonly Param[] | undefined
  readonly value?: string | undefined
  /** Another group. */
  readonly group?: string | undefined
}

/** A line with another value, other parameters, or in a group; all else stays as it is spelled. */
export function rewriteLine(line: Line, rewrite: Rewrite, format: Format): Line {
  const { params = line.params, value = line.value, group = line.group } = rewrite
  const prefix = group === '' ? spelledName(line) : `${group}.${spelledName(line)}`
  const head = [prefix, ...params.map(({ raw }) => raw)].join(';')
  return { ...line, group, params, head, value, raw: printLine({ head, value, params }, format) }
}
