import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ApiDocument, apiDocument, operationAt, type Read, type Schema } from '../document.ts'
import { type Actor, Cast } from './cast.ts'
import { judge } from './expectation.ts'
import { Mailbox } from './known.ts'
import { faultsOf } from './oracles.ts'
import { outside } from './outside.ts'
import { origin, type Sent } from './request.ts'
import { fits, valuesOf } from './values.ts'

let document: ApiDocument
let cast: Cast
let ana: Actor
let boris: Actor

beforeAll(async () => {
  document = await apiDocument()
  cast = new Cast()
  ana = Object.assign(cast.draft(), { id: 1 })
  boris = Object.assign(cast.draft(), { id: 2 })
})

interface Asked {
  readonly by?: Actor | null
  readonly json?: unknown
  readonly headers?: Record<string, string>
}

function request(method: string, path: string, { by = ana, json, headers = {} }: Asked = {}): Sent {
  const operation = operationAt(document, method, path) ?? operationAt(document, 'GET', '/api/healthchecker')
  if (!operation) throw new Error(`There is no ${path}.`)
  const type: Record<string, string> = json === undefined ? {} : { 'Content-Type': 'application/json' }
  return {
    method,
    url: `${origin}${path}`,
    headers: new Headers({ ...type, ...headers }),
    body: json === undefined ? null : new Uint8Array(new TextEncoder().encode(JSON.stringify(json))),
    by,
    turn: { cast, mailbox: new Mailbox(), operation, who: ana, n: 0 },
    hurried: false,
  }
}

const contact = {
  ...{ id: 7, first_name: 'Леся', last_name: null, full_name: 'Леся', email: null, phone: null, birthday: null },
  ...{ additional: null, favorite: false, avatar: `${origin}/avatars/initials/7.svg` },
  ...{ created_at: '2026-11-21T09:30:00.000Z', updated_at: '2026-11-21T09:30:00.000Z' },
}
const told = { 'X-Request-Id': 'r', 'RateLimit-Policy': '"contacts-read";q=1;w=1, "account";q=1;w=1' }
const answered = (status: number, body: unknown, headers: Record<string, string> = {}): Read => ({
  status,
  headers: new Headers({
    'Content-Type': 'application/json',
    ETag: '"2-1"',
    'Cache-Control': 'private',
    ...told,
    ...headers,
  }),
  text: body === null ? '' : JSON.stringify(body),
})
const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}): Read =>
  answered(
    status,
    { type: `${origin}/problems/${code}`, title: 'T', status, detail: 'D', code, request_id: 'r', ...more },
    { 'Content-Type': 'application/problem+json', ...headers },
  )

const faults = async (sent: Sent, answer: Read): Promise<string> =>
  faultsOf(document, await judge(document, sent), sent, answer, cast).join('; ')

const one = '/api/contacts/7'

describe('an answer', () => {
  it('that is as documented has no fault', async () => {
    expect(await faults(request('GET', one), answered(200, contact))).toBe('')
    expect(await faults(request('GET', one), problem(404, 'not-found'))).toBe('')
    expect(
      await faults(request('POST', one, { json: {} }), problem(405, 'method-not-allowed', {}, { Allow: 'GET' })),
    ).toBe('')
  })

  it('of another status, media type, shape or code, or without its headers, is a fault', async () => {
    const get = request('GET', one)
    for (const [answer, words] of [
      [problem(500, 'internal-error'), 'a 500'],
      [answered(202, contact), '202 is not in the document'],
      [answered(200, { ...contact, owner_id: 1 }), 'does not fit its schema'],
      [answered(200, { ...contact, created_at: 'yesterday' }), 'does not fit its schema'],
      [answered(200, contact, { 'Content-Type': 'text/html' }), 'text/html, which the document lacks'],
      [answered(200, contact, { 'Cache-Control': 'public' }), 'a cache may keep it'],
      [answered(200, contact, { 'RateLimit-Policy': '' }), 'no word of contacts-read'],
      [answered(404, { detail: 'No' }), '404 is application/json'],
      [problem(404, 'nowhere'), 'explained nowhere'],
      [problem(404, 'not-found', { status: 403 }), 'the problem says 403'],
      [problem(401, 'not-signed-in'), '401 without WWW-Authenticate'],
      [problem(429, 'too-many-requests'), '429 without Retry-After'],
    ] as const) {
      expect(await faults(get, answer)).toContain(words)
    }
    const { headers } = answered(200, contact)
    headers.delete('ETag')
    expect(await faults(get, { ...answered(200, contact), headers })).toContain('lacks the header ETag')
    expect(await faults(request('POST', one, { json: {} }), answered(200, contact))).toContain(
      'the document has no POST',
    )
  })

  it('that lets in what the document forbids is a fault, and so is one that refuses what it allows', async () => {
    const made = answered(201, contact, { Location: one, 'RateLimit-Policy': '"contacts-create";q=1;w=1' })
    const add = (json: unknown, more: Asked = {}) => request('POST', '/api/contacts', { json, ...more })
    expect(await faults(add({ first_name: ` ${'x'.repeat(100)} ` }), made)).toBe('')
    for (const [sent, words] of [
      [add({ first_name: 'x'.repeat(101) }), 'the body does not fit its schema'],
      [add({ first_name: 'Леся', owner_id: 2 }), 'the body does not fit its schema'],
      [add({ first_name: 'a\u0000b' }), 'the body does not fit its schema'],
      [add({}), 'the body does not fit its schema'],
      [add({ first_name: null, last_name: ' ' }), 'the body does not fit its schema'],
      [add({ first_name: 'Леся' }, { by: null }), 'it needs an access token'],
      [add({ first_name: 'Леся' }, { headers: { 'Content-Type': 'text/plain' } }), 'a body of text/plain is not taken'],
      [add({ first_name: 'Леся' }, { headers: { 'Idempotency-Key': 'Ж' } }), 'header/Idempotency-Key does not fit'],
      [add(undefined), 'the body is missing'],
    ] as const) {
      expect(await faults(sent, made)).toContain(words)
    }
    const list = (query: string) => request('GET', `/api/contacts?${query}`)
    for (const query of ['limit=0', 'limit=1e9', 'limit=x', 'limit=1&limit=2', 'favorite=yes', 'q=', 'phone=%2B'])
      expect(await faults(list(query), answered(200, [])), query).toContain('200 to what the document forbids')
    expect(await faults(request('GET', '/api/admin/users'), answered(200, []))).toContain('it needs users:read')
    const refused = problem(422, 'invalid-values', { errors: [{ pointer: '/last_name', detail: 'No.' }] })
    expect(await faults(add({ last_name: 'Українка' }), refused)).toContain(
      '422 to what the document allows: /last_name',
    )
    const nameless = problem(422, 'invalid-values', { errors: [{ pointer: '/first_name', detail: 'No.' }] })
    const patch = (json: unknown) => request('PATCH', one, { json })
    for (const sent of [add({ last_name: 'Українка' }), patch({ phone: '1' }), patch({ first_name: 'Леся' })])
      expect(await faults(sent, nameless)).toContain('422 to what the document allows: /first_name')
    // What is left of the names, no schema knows.
    expect(await faults(patch({ first_name: '' }), nameless)).toBe('')
    const lacking = problem(422, 'invalid-values', { errors: [{ pointer: '/refresh_token', detail: 'Send it.' }] })
    const refresh = (more: Asked) => request('POST', '/api/auth/refresh', { by: null, ...more })
    expect(await faults(refresh({ json: {} }), lacking)).toBe('')
    for (const more of [{ json: { refresh_token: 'x' } }, { json: {}, headers: { Authorization: 'Bearer x' } }])
      expect(await faults(refresh(more), lacking)).toContain('422 to what the document allows: /refresh_token')
  })

  it('with what is another’s, in its body, a header or a cursor, is a fault, unless the asker may manage accounts', async () => {
    const leak = { ...contact, additional: `of ${boris.marks.book.toUpperCase()}` }
    expect(await faults(request('GET', one), answered(200, { ...contact, additional: ana.marks.book }))).toBe('')
    expect(await faults(request('GET', one), answered(200, leak))).toContain(`the book of account 2`)
    expect(await faults(request('GET', one), answered(200, contact, { 'X-Name': boris.marks.account }))).toContain(
      'account 2',
    )
    const cursor = Buffer.from(JSON.stringify(['name asc', boris.marks.book, 1])).toString('base64url')
    const Link = `<${origin}/api/contacts?cursor=${cursor}>; rel="next"`
    expect(await faults(request('GET', '/api/contacts'), answered(200, [], { Link }))).toContain(
      'the book of account 2',
    )
    const accounts = request('GET', '/api/admin/users', {
      by: Object.assign(cast.draft(), { id: 3, role: 'moderator' }),
    })
    const { marks, id, username, email } = boris
    const account = { id, username, email, role: 'user', avatar: `${origin}/a`, confirmed: true, disabled: false }
    const shown = { ...account, created_at: contact.created_at }
    expect(await faults(accounts, answered(200, [shown]))).toBe('')
    expect(await faults(accounts, answered(200, [{ ...shown, username: marks.trace }]))).toContain(
      'the trace of account 2',
    )
  })
})

describe('values made for a schema', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      kind: { const: 'x' },
      one: {
        oneOf: [
          { type: 'integer', minimum: 3, maximum: 9, multipleOf: 3 },
          { type: 'string', format: 'date' },
        ],
      },
      all: {
        allOf: [
          { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
          { required: ['b'], properties: { b: { enum: [1, 2] } } },
        ],
      },
      any: { anyOf: [{ $ref: '#/components/schemas/Address' }, { type: 'null' }] },
      list: {
        type: 'array',
        items: { type: ['string', 'null'], minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
        minItems: 1,
        maxItems: 3,
      },
      share: { type: ['number', 'null'], exclusiveMinimum: 0, exclusiveMaximum: 1 },
    },
    required: ['kind', 'all'],
    additionalProperties: false,
    minProperties: 3,
  }

  it('fit it, and are of every kind that it allows', () => {
    const values = fc.sample(valuesOf(document, schema), { numRuns: 300, seed: 1 }) as Record<string, unknown>[]
    for (const value of values) expect(fits(document, schema, value)).toBe(true)
    const seen = (test: (value: Record<string, unknown>) => boolean) => values.some(test)
    expect(seen(({ one }) => typeof one === 'number') && seen(({ one }) => typeof one === 'string')).toBe(true)
    expect(seen(({ any }) => any === null) && seen(({ any }) => typeof any === 'object' && any !== null)).toBe(true)
    expect(seen(({ share }) => share === null) && seen(({ share }) => typeof share === 'number')).toBe(true)
    expect(seen((value) => !('list' in value))).toBe(true)
  })

  it('past its edges fit none', () => {
    const edges = { type: 'string', minLength: 2, maxLength: 4 }
    expect(outside(document, edges)).toEqual(expect.arrayContaining(['', 'x', 'xxxxx', '𝒳𝒳𝒳𝒳𝒳', null, 0]))
    expect(outside(document, { type: 'integer', minimum: 1, maximum: 100 })).toEqual(
      expect.arrayContaining([0, 101, '1']),
    )
    expect(outside(document, { type: 'string', enum: ['asc', 'desc'] })).toEqual(
      expect.arrayContaining(['asc ', 'ASC', 'as']),
    )
  })
})
