import {
  type ApiDocument,
  decoded,
  isJson,
  mediaTypeOf,
  type Operation,
  operationAt,
  type Parameter,
  pathnameOf,
  type Schema,
  templatesFor,
  written,
} from '../document.ts'
import type { Sent } from './request.ts'
import { fits, merged, vcards } from './values.ts'

/**
 * What the document says of a request, derived from the request alone: not from how it was generated, and not with the
 * service's own validators.
 */
export interface Expectation {
  /** The operation of the request; undefined if the document does not have the path or method. */
  readonly operation: Operation | undefined
  /** Whether the path is in the document, whatever the method. */
  readonly documented: boolean
  /** For an older client's path (docs/compat.md): the operation that it stands for. */
  readonly older?: Operation | undefined
  /** Why it is forbidden, as sentences. The response must not be 2xx. */
  readonly forbidden: readonly string[]
  /** What no OpenAPI document can express. If this and `forbidden` are empty, the request is valid. */
  readonly unspoken: readonly string[]
}

/** The permissions of each role in docs/security.md. */
const permissions: Readonly<Record<string, readonly string[]>> = {
  user: ['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete'],
  moderator: ['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete', 'users:read', 'users:disable'],
  admin: [
    ...['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete'],
    ...['users:read', 'users:disable', 'users:role', 'users:delete', 'events:read', 'outbox:manage'],
  ],
}

interface Findings {
  forbidden: string[]
  unspoken: string[]
}

// Anything but digits is a search: docs/compat.md.
const isQueryOfOldClients = (method: string, pathname: string): boolean =>
  /^(GET|HEAD)$/.test(method) &&
  /^\/api\/contacts\/[^/]*[^/0-9][^/]*$/.test(pathname) &&
  !/^\/api\/contacts\/(birthdays|changes|duplicates|batch|merge|[1-9]\d*\.vcf)$/.test(pathname)

/** Judges a request. */
export async function judge(document: ApiDocument, sent: Sent): Promise<Expectation> {
  const url = new URL(sent.url)
  const pathname = pathnameOf(decoded(url.pathname, decodeURI))
  const method = sent.method === 'HEAD' ? 'GET' : sent.method
  const found: Findings = { forbidden: [], unspoken: [] }
  const documented = templatesFor(document, pathname).length > 0
  if (isQueryOfOldClients(method, pathname)) {
    if (!sent.by) found.forbidden.push('it needs an access token')
    const older = operationAt(document, method, /\/bd$/.test(pathname) ? '/api/contacts/birthdays' : '/api/contacts/1')
    return { operation: undefined, documented, older, ...found }
  }
  const operation = operationAt(document, method, pathname)
  if (!operation) {
    if (method !== 'OPTIONS') found.forbidden.push(`the document has no ${method} ${pathname}`)
    return { operation, documented, ...found }
  }
  secured(operation, sent, found)
  parameters(document, operation, sent, url, pathname, found)
  await body(document, operation, sent, found)
  return { operation, documented, ...found }
}

function secured(operation: Operation, { by }: Sent, { forbidden }: Findings): void {
  if (!operation.security?.length) return
  if (!by) forbidden.push('it needs an access token')
  const wanted = operation['x-permissions']
  if (by && wanted.length > 0 && !wanted.some((one) => permissions[by.role]?.includes(one)))
    forbidden.push(`it needs ${wanted.join(' or ')}, and ${by.role} has none of them`)
}

function parameters(
  document: ApiDocument,
  operation: Operation,
  { headers }: Sent,
  url: URL,
  pathname: string,
  found: Findings,
): void {
  const values =
    pathname.match(new RegExp(`^${pathnameOf(operation.template).replace(/\{[^}]+\}/g, '([^/]+)')}$`))?.slice(1) ?? []
  const names = [...operation.template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
  const of = ({ in: where, name }: Parameter): string[] => {
    if (where === 'query') return url.searchParams.getAll(name)
    if (where === 'header') return headers.get(name) === null ? [] : [headers.get(name) ?? '']
    return values.filter((_, at) => names[at] === name).map((text) => decoded(text, decodeURIComponent))
  }
  for (const parameter of operation.parameters) {
    const { in: where, name, required, schema } = parameter
    const [text, ...more] = of(parameter)
    if (text === undefined) {
      if (required) found.forbidden.push(`${where}/${name} is missing`)
    } else if (more.length > 0) {
      if (merged(document, schema).type !== 'array') found.forbidden.push(`${where}/${name} is there twice`)
    } else if (!fits(document, schema, written(merged(document, schema), text))) {
      if (isUnusual(document, schema, text)) found.unspoken.push(`${where}/${name} is a number in an unusual way`)
      else found.forbidden.push(`${where}/${name} does not fit its schema`)
    } else if (text === '-0') found.unspoken.push(`${where}/${name} is minus nothing`)
  }
  const existing = new Set(operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name))
  for (const name of url.searchParams.keys()) if (!existing.has(name)) found.unspoken.push(`query/${name} is unknown`)
  // Every server decodes invalid UTF-8 in its own way.
  if (/%(?![0-9a-f]{2})/i.test(url.search + url.pathname) || url.search.includes('%EF%BF%BD'))
    found.unspoken.push('odd escapes')
}

/** Whether a text is an allowed number in an unusual spelling: 007, +7, 7.0, 7e0. */
const isUnusual = (document: ApiDocument, schema: Schema, text: string): boolean =>
  merged(document, schema).type === 'integer' && /^[+-]?\d/.test(text) && fits(document, schema, Number(text))

// ---------------------------------------------------------------- bodies

/** The size limit of a body, from the document's text; for a picture it is larger. */
const maxBody = 1_000_000

async function body(
  document: ApiDocument,
  operation: Operation,
  { headers, body: bytes }: Sent,
  found: Findings,
): Promise<void> {
  const { requestBody } = operation
  const header = headers.get('Content-Type')
  if (!requestBody) {
    if (bytes !== null || header !== null) found.unspoken.push('it has a body, which nobody asked for')
    return
  }
  if (bytes === null || bytes.length === 0) {
    if (requestBody.required) found.forbidden.push('the body is missing')
    return
  }
  if (bytes.length > maxBody) found.unspoken.push('the body is large')
  const type = mediaTypeOf(header)
  const schema = requestBody.content[type]?.schema
  if (!schema) {
    found.forbidden.push(`a body of ${type || 'no media type'} is not taken`)
    return
  }
  if (/charset/i.test(header ?? '') && !/charset="?utf-8"?\s*(;|$)/i.test(header ?? ''))
    found.unspoken.push('a charset other than UTF-8')
  if (isJson(type)) json(document, schema, bytes, found)
  else if (type === 'application/x-www-form-urlencoded')
    fields(document, schema, new URLSearchParams(new TextDecoder().decode(bytes)), found)
  else if (type === 'multipart/form-data') {
    await multipart(document, schema, bytes, header ?? '', found)
    if (operation.template === '/api/imports') found.unspoken.push('a picture is no file of contacts')
  } else if (type === 'text/csv') found.unspoken.push('CSV without a column that names anybody')
  else if (type === 'text/vcard' && !vcards.includes(new TextDecoder().decode(bytes)))
    found.unspoken.push('a vCard that no program wrote')
}

function json(document: ApiDocument, schema: Schema, bytes: Uint8Array, found: Findings): void {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    // RFC 8259, section 8.1: a byte order mark may be ignored.
    if (bytes[0] === 0xef && bytes[1] === 0xbb) found.unspoken.push('a mark of byte order')
    else found.forbidden.push('the body is no JSON in UTF-8')
    return
  }
  // RFC 8259, section 8.2: the treatment of unpaired surrogates is unpredictable.
  if (/\\u[dD][89a-fA-F]/.test(JSON.stringify(value))) found.unspoken.push('halves of surrogate pairs')
  if (fits(document, schema, value)) return
  if (fits(document, schema, withPlainRows(value))) found.unspoken.push('what is wrong with a row, its row says')
  else found.forbidden.push('the body does not fit its schema')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A batch whose operations bring nothing that could be wrong. */
function withPlainRows(value: unknown): unknown {
  if (!isObject(value) || !Array.isArray(value.operations)) return value
  const plain = (row: unknown): unknown => {
    if (!isObject(row)) return row
    const { create, update } = row
    if (create !== undefined) return { ...row, create: { first_name: 'Plain' } }
    return isObject(update) && update.patch !== undefined ? { ...row, update: { ...update, patch: {} } } : row
  }
  return { ...value, operations: value.operations.map(plain) }
}

function fields(document: ApiDocument, schema: Schema, form: Iterable<[string, unknown]>, found: Findings): void {
  const value: Record<string, unknown> = {}
  for (const [name, one] of form) {
    if (Object.hasOwn(value, name)) found.forbidden.push(`the field ${name} is there twice`)
    Object.defineProperty(value, name, { value: one, enumerable: true, configurable: true })
  }
  if (!fits(document, schema, value)) found.forbidden.push('the form does not fit its schema')
}

/** The beginning of a form that every parser reads in the same way. */
const plainPart = /^--[!-~]+(--|\r\n(Content-[A-Za-z-]+: [ -~]*\r\n)+\r\n)/
/** And its end (RFC 2046, section 5.1.1): some parsers accept a line with more text as the end, and some do not. */
const plainEnd = /(^|\r\n)--[!-~]+--\r?\n?$/

async function multipart(
  document: ApiDocument,
  schema: Schema,
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  found: Findings,
): Promise<void> {
  // Parsers differ in parts with other headers, or without any.
  const whole = new TextDecoder('latin1').decode(bytes)
  if (!plainPart.test(whole)) found.unspoken.push('a part in an unusual form')
  if (!plainEnd.test(whole.slice(-100))) found.unspoken.push('an end in an unusual form')
  let form: FormData
  try {
    form = await new Response(bytes, { headers: { 'Content-Type': type } }).formData()
  } catch {
    found.forbidden.push('the body is no form')
    return
  }
  // A file is `type: string, format: binary`: any bytes.
  fields(
    document,
    schema,
    [...form].map(([name, one]): [string, unknown] => [name, typeof one === 'string' ? one : 'bytes']),
    found,
  )
}
