import { fileNames } from './bounds.ts'
import type { Line, Param } from './card.ts'
import { type Format, isQuotedPrintable, makeLine, parseParam, rewriteLine } from './lines.ts'
import { encodeQuotedPrintable } from './values.ts'

const isAscii = (text: string): boolean => /^\p{ASCII}*$/u.test(text)

/** Whether a parameter says that a value is base64. */
const saysBase64 = ({ name, values }: Param): boolean => name === 'ENCODING' && /^(b|base64)$/i.test(values[0] ?? '')

/**
 * A line with another value, which is escaped already. A text is not base64, whatever the one before was. A line in
 * quoted-printable stays so, in UTF-8; in 2.1 a value of several lines becomes so, and one beyond ASCII says that it is
 * UTF-8 (vCard 2.1, sections 2.1.2 and 2.1.5).
 */
export function setValue(line: Line, value: string, format: Format): Line {
  const quoted = isQuotedPrintable(line) || (format.version === '2.1' && value.includes('\n'))
  const says = line.params.some(({ name, values }) => name === 'CHARSET' && /^utf-?8$/i.test(values[0] ?? ''))
  const spoken = format.version === '2.1' || quoted || line.params.some(({ name }) => name === 'CHARSET')
  const params = [
    ...line.params
      .filter((param) => fileNames.has(line.name) || !saysBase64(param))
      .filter(({ name }) => says || isAscii(value) || name !== 'CHARSET'),
    ...(spoken && !says && !isAscii(value) ? [parseParam('CHARSET=UTF-8')] : []),
    ...(quoted && !isQuotedPrintable(line) ? [parseParam('ENCODING=QUOTED-PRINTABLE')] : []),
  ]
  return rewriteLine(line, { params, value: quoted ? encodeQuotedPrintable(value) : value }, format)
}

/** A new line with a value that is escaped already. */
export const newLine = (head: string, value: string, format: Format): Line =>
  setValue(makeLine(head, '', format), value, format)

/** A line without parameters of those names. */
export const dropParams = (line: Line, names: readonly string[], format: Format): Line =>
  line.params.some(({ name }) => names.includes(name))
    ? rewriteLine(line, { params: line.params.filter(({ name }) => !names.includes(name)) }, format)
    : line
