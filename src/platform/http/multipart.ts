import { type MultipartPart, parseMultipart } from '@remix-run/multipart-parser'
import { parse } from 'content-type'
import { parseMediaType } from './media-type.ts'
import { unreadable } from './problem.ts'

/** More parts than any form of ours has fields. The size of the whole is bounded before: see app.ts. */
const limits = { maxParts: 100, maxFileSize: Number.POSITIVE_INFINITY, maxTotalSize: Number.POSITIVE_INFINITY }

/**
 * Reads a `multipart/form-data` body (RFC 7578). The runtime's own reader refuses names without quotes and `filename*`, which
 * RFC 2183 (section 2) and RFC 6266 (section 4.1) allow, and which .NET sends.
 * @throws Problem 400 `unreadable-body`
 */
export function readForm(bytes: ArrayBuffer, boundary: string | undefined): FormData {
  if (!boundary) throw unreadable('a form whose Content-Type says its boundary')
  const form = new FormData()
  try {
    for (const part of parseMultipart(new Uint8Array(bytes), { ...limits, boundary })) appendPart(form, part)
  } catch {
    // Whatever the parser says of it: it may quote the body.
    throw unreadable('a well-formed form')
  }
  return form
}

function appendPart(form: FormData, part: MultipartPart): void {
  const { type, parameters } = parse(part.headers['content-disposition'] ?? '')
  const { name, filename } = parameters
  if (type !== 'form-data' || name === undefined) throw new Error('A part without a name.')
  const mediaType = parseMediaType(part.headers['content-type'])?.type ?? 'text/plain'
  // A file may come without its name (RFC 7578, section 4.2).
  const isFile = filename !== undefined || 'filename*' in parameters || !mediaType.startsWith('text/')
  if (isFile) form.append(name, new File(part.content, filename ?? '', { type: mediaType }))
  else form.append(name, new TextDecoder().decode(part.bytes))
}
