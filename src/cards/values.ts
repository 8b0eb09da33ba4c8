import type { Line, Version } from './card.ts'
import { decodeAs, decodeOctets } from './charset.ts'
import { isQuotedPrintable, paramValues } from './lines.ts'

const escapes: Readonly<Record<string, string>> = { n: '\n', N: '\n' }

/**
 * Undoes a text's escapes (RFC 6350, section 3.4): `\n`, `\,`, `\;`, `\\`, and those that programs add, `\:`, `\"`,
 * `\'`. A backslash before anything else is one.
 */
export function unescapeText(value: string): string {
  const text = value.includes('\\')
    ? value.replace(/\\([nN\\,;:"'])/g, (_, sign: string) => escapes[sign] ?? sign)
    : value
  return cleanText(text)
}

/** Undoes a URI's escapes: 3.0 has none in URIs, but programs write `http\:`. */
export const unescapeUri = (value: string): string => cleanText(value.replace(/\\([\\,;:])/g, '$1'))

/** A text with the line breaks that ours have, and without what no column and no JSON may hold. */
const cleanText = (text: string): string => text.replace(/\r\n?/g, '\n').replaceAll('\0', '').toWellFormed()

/** Control characters other than tab and line break: RFC 6350 allows none in a value. */
const controls = /(?![\t\n])\p{Cc}/gu

/**
 * Escapes a text (RFC 6350, section 3.4). 2.1 knows neither `\,` nor `\n`: commas are commas, line breaks are encoded.
 */
export function escapeText(text: string, version: Version): string {
  const clean = cleanText(text).replace(controls, '')
  if (version === '2.1') return clean.replace(/[\\;]/g, '\\$&')
  return clean.replace(/[\\,;]/g, '\\$&').replaceAll('\n', '\\n')
}

/** A URI as a value: nothing is escaped but what would be read as an escape. */
export const escapeUri = (uri: string): string =>
  cleanText(uri).replace(controls, '').replaceAll('\n', '').replaceAll('\\', '\\\\')

/**
 * The parts of a structured value or a list, their escapes left in them. A backslash that ends the value is one for
 * itself: it is escaped, so that it stays so before whatever is joined to it.
 */
export function splitEscaped(value: string, separator: ';' | ','): string[] {
  if (!value.includes('\\')) return value.split(separator)
  const parts: string[] = []
  let [start, at] = [0, 0]
  for (; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === separator) {
      parts.push(value.slice(start, at))
      start = at + 1
    }
  }
  const isDangling = at > value.length
  return [...parts, isDangling ? `${value.slice(start)}\\` : value.slice(start)]
}

/** A text without blanks around it; null where nothing is left. */
export const orNull = (text: string | null | undefined): string | null => text?.trim() || null

const utf8 = new TextEncoder()
const isAscii = (text: string): boolean => /^\p{ASCII}*$/u.test(text)

/** Decodes quoted-printable (RFC 2045, section 6.7) in that charset, or in the likeliest. What is no `=XX` stays. */
export function decodeQuotedPrintable(text: string, charset?: string): string {
  if (!text.includes('=')) return text
  // A soft break after which nothing comes.
  const value = text.replace(/=$/, '')
  const octetsOf = (text: string): Uint8Array => {
    const octets: number[] = []
    for (let at = 0; at < text.length; at++) {
      const hex = text[at] === '=' ? /^[0-9A-F]{2}$/i.exec(text.slice(at + 1, at + 3)) : null
      octets.push(hex ? Number.parseInt(hex[0], 16) : text.charCodeAt(at))
      if (hex) at += 2
    }
    return Uint8Array.from(octets)
  }
  // In shift_jis the second octet of a character may be a letter, so that a value is decoded whole where it can be.
  if (isAscii(value)) return decodeOctets(octetsOf(value), charset)
  return value.replace(/(?:=[0-9A-F]{2})+/gi, (run) => decodeOctets(octetsOf(run), charset))
}

/** Encodes a text in UTF-8 as quoted-printable, line breaks as `=0D=0A`. Soft breaks are the fold's (lines.ts). */
export function encodeQuotedPrintable(text: string): string {
  let encoded = ''
  for (const octet of utf8.encode(text.replace(/\r\n?|\n/g, '\r\n'))) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x3d
    encoded += plain ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** A line's value, its transfer encoding undone; escapes are left in it. */
export const decodedValue = (line: Line): string =>
  isQuotedPrintable(line) ? decodeQuotedPrintable(line.value, paramValues(line, 'CHARSET')[0]) : line.value

/** What a line says, as a text. */
export const textOf = (line: Line): string => unescapeText(decodedValue(line))

/** The octets of a base64 text, blanks left out; undefined where it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replace(/[\s\\]/g, ''))
    return Uint8Array.from(binary, (sign) => sign.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Whether octets are a text in UTF-8 that begins as a URI does: some programs write a URI as base64. */
export const uriIn = (octets: Uint8Array): string | undefined => {
  const text = decodeAs(octets.subarray(0, 4096), 'utf-8')
  return text && /^(https?|data):\S+$/i.test(text) ? text : undefined
}
