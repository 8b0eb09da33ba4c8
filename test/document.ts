import { exports } from 'cloudflare:workers'
import { dereference, type OutputUnit, validate } from '@cfworker/json-schema'
import { z } from 'zod'

/** A JSON Schema (draft 2020-12) as it stands in the document. */
export const schemaSchema = z.looseObject({})
export type Schema = z.infer<typeof schemaSchema>

const content = z.record(z.string(), z.looseObject({ schema: schemaSchema }))

const parameterSchema = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().default(false),
  schema: schemaSchema,
})
export type Parameter = z.infer<typeof parameterSchema>

const operationSchema = z.looseObject({
  security: z.array(z.unknown()).optional(),
  'x-permissions': z.array(z.string()).default([]),
  'x-rate-limits': z.array(z.looseObject({ policy: z.string() })).default([]),
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.looseObject({ required: z.boolean().default(false), content }).optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      headers: z
        .record(z.string(), z.looseObject({ required: z.boolean().default(false), schema: schemaSchema }))
        .default({}),
      content: content.optional(),
    }),
  ),
})

/** The parts of the OpenAPI document that the checks use. */
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), schemaSchema) }),
})

export type ApiDocument = z.infer<typeof documentSchema>

/** One thing that the document says can be asked. */
export interface Operation extends z.infer<typeof operationSchema> {
  /** `GET /api/contacts/{id}` */
  readonly name: string
  readonly method: string
  /** The path, with its parameters in braces. */
  readonly template: string
}

let document: Promise<ApiDocument> | undefined

/** The service's OpenAPI document with closed response schemas: an undocumented member is an error. */
export function apiDocument(): Promise<ApiDocument> {
  document ??= publishedDocument().then(withClosedAnswers)
  return document
}

/**
 * The document as it is published: with open responses, so that a generated client still works when a field is added.
 */
export async function publishedDocument(): Promise<ApiDocument> {
  const response = await exports.default.fetch('https://vizitka.test/openapi.json')
  return documentSchema.parse(await response.json())
}

/** Collects every schema of responses, with their parts and references. */
export function answerSchemas(document: ApiDocument): Set<Schema> {
  const seen = new Set<Schema>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value as Schema)) return
    const schema = value as Schema
    seen.add(schema)
    if (schema.$ref !== undefined) visit(resolved(document, schema))
    for (const [name, part] of Object.entries(schema)) if (name !== 'example') visit(part)
  }
  for (const { responses } of operationsOf(document)) {
    for (const { content } of Object.values(responses)) {
      for (const { schema } of Object.values(content ?? {})) visit(schema)
    }
  }
  return seen
}

function withClosedAnswers(document: ApiDocument): ApiDocument {
  for (const schema of answerSchemas(document)) {
    if (schema.type === 'object' && schema.properties) schema.additionalProperties ??= false
  }
  return document
}

/** Older clients' paths: described in docs/compat.md, and not in the document. */
export const olderPaths = [
  'GET /api/auth/refresh_token',
  'POST /api/auth/request_email',
  'GET /api/auth/confirmed_email/{}',
  'GET /api/email/confirm/{}',
  'POST /api/auth/reset_pwd',
  'GET /api/contacts/bd',
]

export const isOlder = (method: string, pathname: string): boolean =>
  olderPaths.some((older) => new RegExp(`^${older.replace('{}', '[^/]+')}$`).test(`${method} ${pathname}`))

/** Every operation of the document. */
export const operationsOf = ({ paths }: ApiDocument): Operation[] =>
  Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([verb, operation]) => {
      const method = verb.toUpperCase()
      return { ...operation, name: `${method} ${template}`, method, template }
    }),
  )

/** Normalizes a path as the document writes it: without a query and without a trailing slash. */
export const pathnameOf = (path: string): string => path.replace(/\?.*$/s, '').replace(/(?<=.)\/$/, '')

/** The documented paths that match a path, the most literal first, as in the router. */
export function templatesFor({ paths }: ApiDocument, pathname: string): string[] {
  const fits = Object.keys(paths).filter((template) =>
    new RegExp(
      `^${pathnameOf(template)
        .replaceAll('.', '\\.')
        .replace(/\{[^}]+\}/g, '[^/]+')}$`,
    ).test(pathname),
  )
  return fits.sort((a, b) => a.split('{').length - b.split('{').length || b.length - a.length)
}

/**
 * The documented operation of a request, if there is one. A literal path takes precedence (OpenAPI 3.1, section 4.8.8).
 */
export function operationAt(document: ApiDocument, method: string, path: string): Operation | undefined {
  const pathname = pathnameOf(path)
  const isFixed = pathname in document.paths || olderPaths.some((older) => older.endsWith(` ${pathname}`))
  for (const template of templatesFor(document, pathname).filter((one) => !isFixed || one === pathname)) {
    const operation = document.paths[template]?.[method.toLowerCase()]
    if (operation) return { ...operation, name: `${method} ${template}`, method, template }
  }
  return undefined
}

// The validator would treat an example's `id` as a schema's.
const withoutExamples = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key: string, part: unknown) => (key === 'example' ? undefined : part))

/** Every part of a schema by its address, as the validator looks it up. */
type Parts = ReturnType<typeof dereference>

const shared = new WeakMap<object, Parts>()
const validators = new WeakMap<Schema, { readonly schema: Schema; readonly parts: Parts }>()

/** The parts of a document's components, which all of its schemas refer to: looked up for each would take long. */
function partsOf(components: ApiDocument['components']): Parts {
  const found = shared.get(components)
  if (found) return found
  const root = { components: withoutExamples(components) }
  const all: Parts = dereference(root)
  // Its own address is that of each schema that refers to it.
  const parts = Object.fromEntries(Object.entries(all).filter(([, part]) => part !== root))
  shared.set(components, parts)
  return parts
}

/** Lists what a schema forbids in a value; empty if it fits. */
export function violations({ components }: ApiDocument, schema: Schema, value: unknown): OutputUnit[] {
  let validator = validators.get(schema)
  if (!validator) {
    const copy = withoutExamples(schema) as Schema
    validator = { schema: copy, parts: dereference(copy, { ...partsOf(components) }) }
    validators.set(schema, validator)
  }
  return validate(value, validator.schema, '2020-12', validator.parts, false).errors
}

/** A response, read completely. */
export interface Read {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export const isJson = (mediaType: string): boolean => /^application\/([\w.+-]+\+)?json$/.test(mediaType)
export const mediaTypeOf = (header: string | null): string => (header ?? '').replace(/;.*/s, '').trim().toLowerCase()

/**
 * Lists what a response has that its operation does not document, as sentences: status, media type, schema, headers.
 */
export function undocumentedParts(
  document: ApiDocument,
  operation: Operation,
  { status, headers, text }: Read,
): string[] {
  const documented = operation.responses[String(status)]
  const where = `${operation.name} → ${status}`
  if (!documented) return [`${where} is not in the document`]
  const faults: string[] = []
  for (const [name, { required, schema }] of Object.entries(documented.headers)) {
    const value = headers.get(name)
    if (value === null) {
      if (required) faults.push(`${where} lacks the header ${name}`)
    } else if (violations(document, schema, written(schema, value)).length > 0) {
      faults.push(`${where} has a header ${name}: ${value}, which does not fit its schema`)
    }
  }
  if (!documented.content) return text === '' ? faults : [...faults, `${where} has a body that the document lacks`]
  const mediaType = mediaTypeOf(headers.get('Content-Type'))
  const schema = documented.content[mediaType]?.schema
  if (!schema) return [...faults, `${where} is ${mediaType || 'of no media type'}, which the document lacks`]
  if (!isJson(mediaType)) return faults
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return [...faults, `${where} is no JSON`]
  }
  const found = violations(document, schema, body)
  return found.length === 0 ? faults : [...faults, `${where} does not fit its schema: ${JSON.stringify(found)}`]
}

/** Resolves a schema's reference. */
export function resolved({ components }: ApiDocument, schema: Schema): Schema {
  const [, name] = typeof schema.$ref === 'string' ? (schema.$ref.match(/^#\/components\/schemas\/(.+)$/) ?? []) : []
  return (name !== undefined && components.schemas[name]) || schema
}

/** Converts a value that is sent as text (a parameter, a header) to its schema's type. */
export function written(schema: Schema, text: string): unknown {
  const wanted = schema.type
  if ((wanted === 'integer' || wanted === 'number') && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return Number(text)
  if (wanted === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** Decodes percent-encoding; returns the text unchanged if that is broken. */
export function decoded(text: string, by: (text: string) => string = decodeURIComponent): string {
  try {
    return by(text)
  } catch {
    return text
  }
}
