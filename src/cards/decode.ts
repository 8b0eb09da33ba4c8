import { CardFault } from './card.ts'
import { decodeAs, decodeOctets, guessCharset } from './charset.ts'

const [lf, cr, space, tab, colon] = [0x0a, 0x0d, 0x20, 0x09, 0x3a]

/** How many octets of a line are searched for CHARSET. */
const maxHead = 1000

const isBreak = (octet: number | undefined): boolean => octet === lf || octet === cr
const isBlank = (octet: number | undefined): boolean => octet === space || octet === tab
const isContinuation = (octet: number | undefined): boolean => octet !== undefined && octet >= 0x80 && octet < 0xc0

/**
 * Repairs UTF-8 characters that a fold has split: RFC 6350, section 3.2 forbids it, but some programs fold by octets.
 * The rest of the character is moved before the fold.
 */
function joinCharacters(octets: Uint8Array): Uint8Array {
  let joined: Uint8Array | undefined
  for (let at = 1; at < octets.length - 2; at++) {
    const bytes: Uint8Array = joined ?? octets
    if (!isBreak(bytes[at]) || (bytes[at - 1] ?? 0) < 0x80) continue
    const next = bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : at + 1
    if (!isBlank(bytes[next]) || !isContinuation(bytes[next + 1])) continue
    let end = next + 1
    while (isContinuation(bytes[end]) && end < next + 4) end++
    joined ??= octets.slice()
    const fold = joined.slice(at, next + 1)
    joined.copyWithin(at, next + 1, end)
    joined.set(fold, at + end - next - 1)
    at += end - next - 1
  }
  return joined ?? octets
}

/** Detects UTF-16 by the byte order mark, or by a zero in the first two octets, because BEGIN is ASCII. */
function wideCharset([first, second]: Uint8Array): string | undefined {
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined && second > 0)) return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== undefined && first > 0)) return 'utf-16le'
  return undefined
}

const charsetParam = /;CHARSET="?([^:;"]+)"?/i

/** Decodes a line, with its folds, by its own CHARSET, and removes that parameter. */
function decodeLine(octets: Uint8Array, fallback: string): string {
  // ISO-2022-JP is ASCII except for its escapes.
  if (octets.every((octet) => octet < 0x80 && octet !== 0x1b)) return decodeOctets(octets)
  const head = String.fromCharCode(...octets.subarray(0, Math.min(Math.max(octets.indexOf(colon), 0), maxHead)))
  const declared = charsetParam.exec(head)?.[1]?.trim()
  const text = declared === undefined || /^utf-?8$/i.test(declared) ? undefined : decodeAs(octets, declared)
  return text?.replace(charsetParam, '') ?? decodeAs(octets, 'utf-8') ?? decodeOctets(octets, fallback)
}

/** The index of each unfolded line, and of the end. */
function lineStarts(octets: Uint8Array): number[] {
  const starts = [0]
  for (let at = 1; at < octets.length; at++) {
    const previous = octets[at - 1]
    if (!isBreak(previous) || isBlank(octets[at]) || (previous === cr && octets[at] === lf)) continue
    starts.push(at)
  }
  return [...starts, octets.length]
}

function decodeLines(octets: Uint8Array, charset: string | undefined): string {
  const fallback = charset ?? guessCharset(octets)
  const starts = lineStarts(octets)
  return starts.map((start, index) => decodeLine(octets.subarray(start, starts[index + 1]), fallback)).join('')
}

/**
 * Decodes a file of vCards: UTF-8 or UTF-16, with or without a byte order mark, also if a fold has split a character of
 * UTF-8; otherwise line by line, by CHARSET of vCard 2.1 (section 2.1.2). That parameter is removed from decoded lines;
 * quoted-printable lines are ASCII and keep it. `charset` comes from the transport, and is used if the octets are not
 * UTF-8. @throws CardFault for a NUL, with its line
 */
export function decodeCards(octets: Uint8Array, charset?: string): string {
  const wide = wideCharset(octets)
  const joined = wide ? octets : joinCharacters(octets)
  const whole = wide ? new TextDecoder(wide).decode(octets) : decodeAs(joined, 'utf-8')
  // Text in ISO-2022-JP, which only CHARSET declares, is also valid UTF-8.
  const isUtf8 = whole !== undefined && (wide !== undefined || !/;CHARSET=/i.test(whole))
  const text = isUtf8 ? whole : decodeLines(whole === undefined ? octets : joined, charset)
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    const line = text.split('\0', 1)[0]?.split(/\r\n?|\n/).length ?? 1
    throw new CardFault(line, `Line ${line} holds a NUL character, which no vCard may hold. Export the file again.`)
  }
  return text
}

/**
 * Returns the name of the encoding in which `decodeCards` reads octets. Lines that name a CHARSET of their own are read
 * in that one.
 */
export function charsetOfCards(octets: Uint8Array, charset?: string): string {
  const wide = wideCharset(octets)
  if (wide) return wide
  return decodeAs(joinCharacters(octets), 'utf-8') === undefined ? (charset ?? guessCharset(octets)) : 'utf-8'
}
