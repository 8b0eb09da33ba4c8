import { exports } from 'cloudflare:workers'
import { Validator } from '@cfworker/json-schema'
import { expect } from 'vitest'
import { z } from 'zod'

/** As much of the OpenAPI document as the checks need. */
const documentSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        security: z.array(z.unknown()).optional(),
        responses: z.record(
          z.string(),
          z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })).optional() }),
        ),
      }),
    ),
  ),
  components: z.looseObject({}),
})

export type ApiDocument = z.infer<typeof documentSchema>

let document: Promise<ApiDocument> | undefined

/** The service's own OpenAPI document. */
export function apiDocument(): Promise<ApiDocument> {
  document ??= exports.default
    .fetch('https://vizitka.test/openapi.json')
    .then(async (response) => documentSchema.parse(await response.json()))
  return document
}

/** What came back: the parsed body beside the response. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly text: string
}

export interface Call {
  readonly token?: string | undefined
  readonly json?: unknown
  readonly form?: Record<string, string>
  readonly raw?: BodyInit
  readonly headers?: Record<string, string>
}

/**
 * Calls the service, and checks that what it answers fits what its document says of that route: status, media type, schema.
 */
export async function call(
  method: string,
  path: string,
  { token, json, form, raw, headers }: Call = {},
): Promise<Answer> {
  const init: RequestInit = { method, redirect: 'manual', headers: { ...headers } }
  const sent = new Headers(init.headers)
  if (token !== undefined) sent.set('Authorization', `Bearer ${token}`)
  if (json !== undefined) {
    if (!sent.has('Content-Type')) sent.set('Content-Type', 'application/json')
    init.body = JSON.stringify(json)
  }
  if (form) init.body = new URLSearchParams(form)
  if (raw !== undefined) init.body = raw
  init.headers = sent
  const response = await exports.default.fetch(new Request(`https://vizitka.test${path}`, init))
  const text = await response.text()
  const isJson = /^application\/([a-z-]+\+)?json/.test(response.headers.get('Content-Type') ?? '')
  const answer = {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : undefined,
    text,
  }
  await fitsDocument(method, path, answer)
  return answer
}

/** A value at a path of an answer's body, as a schema reads it. */
export function read<S extends z.ZodType>(schema: S, answer: Answer): z.output<S> {
  return schema.parse(answer.body)
}

/** The problem of an answer: its status and code, for one comparison. */
export function problemOf(answer: Answer): string {
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
  return `${answer.status} ${read(z.looseObject({ code: z.string() }), answer).code}`
}

/** The pointers of a 422's faults. */
export function pointersOf(answer: Answer): string[] {
  expect(problemOf(answer)).toBe('422 invalid-values')
  return read(
    z.looseObject({ errors: z.array(z.object({ pointer: z.string(), detail: z.string().min(5) })) }),
    answer,
  ).errors.map((fault) => fault.pointer)
}

// The validator takes an example's `id` for a schema's.
function withoutExamples(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key: string, value: unknown) => (key === 'example' ? undefined : value))
}

const validators = new Map<string, Validator>()

/** Older clients' paths: described in docs/compat.md, and not in the document. */
export const olderPaths = [
  'GET /api/auth/refresh_token',
  'POST /api/auth/request_email',
  'GET /api/auth/confirmed_email/{}',
  'GET /api/email/confirm/{}',
  'POST /api/auth/reset_pwd',
  'GET /api/contacts/bd',
]

const isOlder = (method: string, pathname: string): boolean =>
  olderPaths.some((older) => new RegExp(`^${older.replace('{}', '[^/]+')}$`).test(`${method} ${pathname}`))

async function fitsDocument(method: string, path: string, answer: Answer): Promise<void> {
  const { paths, components } = await apiDocument()
  const pathname = path.replace(/\?.*$/, '').replace(/(?<=.)\/$/, '')
  if (isOlder(method, pathname)) return
  const template = templateFor(Object.keys(paths), pathname)
  const operation = template === undefined ? undefined : paths[template]?.[method.toLowerCase()]
  // A path or method outside the document is answered by 404 or 405, which are no route's.
  if (!operation) {
    if (pathname.startsWith('/api/')) expect([404, 405]).toContain(answer.status)
    return
  }
  const where = `${method} ${template} → ${answer.status}`
  const documented = operation.responses[String(answer.status)]
  expect(documented, `${where} is not in the document: ${answer.text}`).toBeDefined()
  if (!documented?.content) {
    expect(answer.text, `${where} has a body that the document lacks`).toBe('')
    return
  }
  const mediaType = (answer.headers.get('Content-Type') ?? '').replace(/;.*/, '')
  const schema = documented.content[mediaType]?.schema
  expect(schema, `${where} is ${mediaType}, which the document lacks`).toBeDefined()
  let validator = validators.get(where + mediaType)
  if (!validator) {
    validator = new Validator(withoutExamples({ ...schema, components }), '2020-12', false)
    validators.set(where + mediaType, validator)
  }
  const { valid, errors } = validator.validate(answer.body)
  expect(valid, `${where}: ${JSON.stringify(errors)} ${answer.text}`).toBe(true)
}

function templateFor(templates: string[], pathname: string): string | undefined {
  const fits = templates.filter((template) =>
    new RegExp(`^${template.replace(/(?<=.)\/$/, '').replace(/\{[^}]+\}/g, '[^/]+')}$`).test(pathname),
  )
  // A literal path goes before one with parameters, as in the router.
  return fits.sort((a, b) => a.split('{').length - b.split('{').length)[0]
}
