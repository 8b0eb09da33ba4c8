import { Buffer } from 'node:buffer'
import { type MultipartPart, parseMultipart } from '@remix-run/multipart-parser'
import { parse } from 'content-type'
import { parseMediaType } from './media-type.ts'
import { unreadableBody } from './problem.ts'

/** Longer than the headers of any real part. */
const maxHeaderBytes = 8192

/** More parts than any form of ours has fields. app.ts limits the size of the whole body. */
const limits = { maxParts: 100, maxFileSize: Number.POSITIVE_INFINITY, maxTotalSize: Number.POSITIVE_INFINITY }

/**
 * Parses a `multipart/form-data` body (RFC 7578). The runtime's own parser refuses names without quotes and
 * `filename*`, which RFC 2183 (section 2) and RFC 6266 (section 4.1) allow, and which .NET sends.
 * @throws Problem 400 `unreadable-body`
 */
export function readForm(bytes: ArrayBuffer, boundary: string | undefined): FormData {
  if (!boundary) throw unreadableBody('a form whose Content-Type says its boundary')
  const form = new FormData()
  try {
    for (const part of parseMultipart(canonical(Buffer.from(bytes), boundary), { ...limits, boundary }))
      appendPart(form, part)
  } catch {
    // The parser's own message may quote the body.
    throw unreadableBody('a well-formed form')
  }
  return form
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Rewrites a body for the parser: without anything before its first boundary (RFC 2046, section 5.1.1), with CRLF
 * instead of bare line feeds, and with each header of a part on one line (RFC 2183 uses the grammar of RFC 822, which
 * allows folding).
 */
function canonical(body: Buffer, boundary: string): Buffer {
  const pieces: Buffer[] = []
  let at = delimiterFrom(body, boundary, 0)
  while (at && !at.isLast) {
    const next = delimiterFrom(body, boundary, at.end)
    if (!next || pieces.length > 3 * limits.maxParts) throw new Error('A form without an end, or of too many parts.')
    const part = body.subarray(at.end, next.start)
    const { headers, content } = splitPart(part)
    pieces.push(Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`, 'latin1'), content, Buffer.from('\r\n'))
    at = next
  }
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
}

/** Finds the next delimiter line: where the line break before it begins, and where the next line begins. */
function delimiterFrom(body: Buffer, boundary: string, from: number) {
  const delimiter = `--${boundary}`
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== lineFeed) continue
    const feed = body.indexOf(lineFeed, at)
    const end = feed < 0 ? body.length : feed + 1
    // Blanks may follow (RFC 2046: transport padding). If anything else follows, the line is not a delimiter.
    const rest = body.toString('latin1', at + delimiter.length, Math.min(end, at + delimiter.length + 100))
    if (!/^(--)?[ \t]*\r?\n?$/.test(rest)) continue
    const start = Math.max(from, body[at - 2] === carriageReturn ? at - 2 : at - 1)
    return { start, end, isLast: rest.startsWith('--') }
  }
  return undefined
}

/** Splits a part into its headers, one character for each byte, and its content. */
function splitPart(part: Buffer): { headers: string; content: Buffer } {
  const text = part.toString('latin1', 0, maxHeaderBytes)
  // They end at the first empty line.
  const end = /\n\r?\n/.exec(text)
  if (!end) throw new Error('A part whose headers do not end.')
  const head = text.slice(0, end.index + end[0].length)
  const headers = head
    .trimEnd()
    .replace(/\r?\n(?=[ \t])/g, '')
    .replace(/\r?\n/g, '\r\n')
  return { headers, content: part.subarray(head.length) }
}

function appendPart(form: FormData, part: MultipartPart): void {
  const { type, parameters } = parse(part.headers['content-disposition'] ?? '')
  const { name, filename } = parameters
  if (type !== 'form-data' || name === undefined) throw new Error('A part without a name.')
  const mediaType = parseMediaType(part.headers['content-type'])?.type ?? 'text/plain'
  // A file may be sent without its name (RFC 7578, section 4.2).
  const isFile = filename !== undefined || 'filename*' in parameters || !mediaType.startsWith('text/')
  if (isFile) form.append(name, new File(part.content, filename ?? '', { type: mediaType }))
  else form.append(name, new TextDecoder().decode(part.bytes))
}
