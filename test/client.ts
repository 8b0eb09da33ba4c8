import { exports } from 'cloudflare:workers'
import { expect } from 'vitest'
import { z } from 'zod'
// Requests through `exports` import nothing: without this, `npm test -- --changed` would not see the dependency.
import '../src/worker.ts'
import { apiDocument, isJson, isOlder, mediaTypeOf, operationAt, pathnameOf, undocumentedParts } from './document.ts'

export { apiDocument, olderPaths } from './document.ts'

/** The response with its parsed body. */
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

/** Calls the service, and checks the response against the route's documentation: status, media type, schema. */
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
  const answer = {
    status: response.status,
    headers: response.headers,
    body: isJson(mediaTypeOf(response.headers.get('Content-Type'))) ? JSON.parse(text) : undefined,
    text,
  }
  await fitsDocument(method, path, answer)
  return answer
}

/** Reads a value at a path of a response's body with a schema. */
export function read<S extends z.ZodType>(schema: S, answer: Answer): z.output<S> {
  return schema.parse(answer.body)
}

/** The problem of a response: its status and code, for one comparison. */
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

/** Checks a response against the document. For an undocumented path or method it must be 404 or 405. */
async function fitsDocument(method: string, path: string, answer: Answer): Promise<void> {
  const pathname = pathnameOf(path)
  if (isOlder(method, pathname)) return
  const document = await apiDocument()
  const operation = operationAt(document, method, path)
  if (operation) expect(undocumentedParts(document, operation, answer), answer.text).toEqual([])
  else if (pathname.startsWith('/api/')) expect([404, 405]).toContain(answer.status)
}
