import { beforeAll, describe, expect, it } from 'vitest'
import { plainDetails } from '../../src/contacts/details.ts'
import { withDefaults } from '../../src/contacts/fields.ts'
import { type ApiDocument, apiDocument, operationAt, type Read } from '../document.ts'
import { type Actor, Cast } from './cast.ts'
import { judge } from './expectation.ts'
import { Mailbox } from './known.ts'
import { faultsOf } from './oracles.ts'
import { origin, type Sent } from './request.ts'

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
  readonly mailbox?: Mailbox
}

function request(
  method: string,
  path: string,
  { by = ana, json, headers = {}, mailbox = new Mailbox() }: Asked = {},
): Sent {
  const operation = operationAt(document, method, path) ?? operationAt(document, 'GET', '/api/healthchecker')
  if (!operation) throw new Error(`There is no ${path}.`)
  const type: Record<string, string> = json === undefined ? {} : { 'Content-Type': 'application/json' }
  return {
    method,
    url: `${origin}${path}`,
    headers: new Headers({ ...type, ...headers }),
    body: json === undefined ? null : new Uint8Array(new TextEncoder().encode(JSON.stringify(json))),
    by,
    turn: { cast, mailbox, operation, who: ana, n: 0 },
    hurried: false,
  }
}

const contact = {
  ...{ id: 7, uid: 'a-7', book: 'contacts', ...withDefaults({ first_name: 'Леся' }), full_name: 'Леся' },
  avatar: `${origin}/avatars/initials/7.svg`,
  ...{ created_at: '2026-11-21T09:30:00.000Z', updated_at: '2026-11-21T09:30:00.000Z' },
  ...plainDetails({ email: null, phone: null }),
}
const reported = { 'X-Request-Id': 'r', 'RateLimit-Policy': '"contacts-read";q=1;w=1, "account";q=1;w=1' }
const answered = (status: number, body: unknown, headers: Record<string, string> = {}): Read => ({
  status,
  headers: new Headers({
    ...{ 'Content-Type': 'application/json', ETag: '"2-1"', 'Cache-Control': 'private' },
    ...reported,
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
  it('as documented has no fault', async () => {
    expect(await faults(request('GET', one), answered(200, contact))).toBe('')
    expect(await faults(request('GET', one), problem(404, 'not-found'))).toBe('')
    expect(
      await faults(request('POST', one, { json: {} }), problem(405, 'method-not-allowed', {}, { Allow: 'GET' })),
    ).toBe('')
  })

  it('with another status, media type, shape or code, or without its headers, is a fault', async () => {
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

  it('that accepts what the document forbids is a fault, and so is one that refuses what it allows', async () => {
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
  })

  it('with another user’s data, in its body, a header or a cursor, is a fault, unless the caller may manage accounts', async () => {
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
    const displayed = { ...account, created_at: contact.created_at }
    expect(await faults(accounts, answered(200, [displayed]))).toBe('')
    expect(await faults(accounts, answered(200, [{ ...displayed, username: marks.trace }]))).toContain(
      'the trace of account 2',
    )
  })
})

/** Whether refusing a request for a value that its schema allows counts as a fault. */
async function isFault(pointer: string, method: string, path: string, requested: Asked = {}): Promise<boolean> {
  const refused = problem(422, 'invalid-values', { errors: [{ pointer, detail: 'No.' }] })
  const found = await faults(request(method, path, requested), refused)
  expect(['', `422 to what the document allows: ${pointer}`]).toContain(found)
  return found !== ''
}

describe('a rule that the document states only in words', () => {
  const contacts = '/api/contacts'
  const signup = { username: 'Ana', email: 'ana@example.com', password: 'correct horse battery' }

  it('excuses an address that is not a plain one, and one that an account must or must not have', async () => {
    const plain = ['ana@example.com', 'Ana.Maria+tag@mail.Example.co', 'a_b-c@x-y.example', ' ana@example.com\u200b']
    const odd = ["o'neill@example.com", 'ана@example.com', 'ana@пошта.укр', 'ana@localhost', 'a--b@example.com']
    const longest = `${'x'.repeat(64)}@example.com`
    for (const email of [...plain, longest, ...odd, `x${longest}`, `ana@${'x'.repeat(64)}.com`]) {
      const isPlain = plain.includes(email) || email === longest
      for (const path of ['/api/auth/verification-email', '/api/auth/request-password-reset-email'])
        expect(await isFault('/email', 'POST', path, { by: null, json: { email } }), email).toBe(isPlain)
      expect(await isFault('/email', 'POST', '/api/auth/signup', { by: null, json: { ...signup, email } })).toBe(
        isPlain,
      )
      expect(await isFault('/email', 'POST', contacts, { json: { first_name: 'A', email } }), email).toBe(isPlain)
    }
    expect(await isFault('/email', 'POST', contacts, { json: { first_name: 'A', email: '' } })).toBe(true)
    const change = (email: string) => ({ json: { email, current_password: 'x' } })
    expect(await isFault('/email', 'POST', '/api/users/me/email', change(ana.email))).toBe(false)
    expect(await isFault('/email', 'POST', '/api/users/me/email', change(boris.email))).toBe(true)
    const mailbox = new Mailbox()
    mailbox.own('link', { actor: boris, email: boris.email })
    const reset = (email: string) =>
      isFault('/email', 'PATCH', '/api/auth/reset-password-confirmation/link', {
        ...{ by: null, mailbox },
        json: { email, password: signup.password },
      })
    expect(await reset(ana.email)).toBe(false)
    expect(await reset(boris.email.toUpperCase())).toBe(true)
  })

  it('excuses a password that is common, or the account’s e-mail or username', async () => {
    const mailbox = new Mailbox()
    mailbox.own('link', { actor: boris, email: boris.email })
    const isAlways = (password: string, of: Actor) =>
      Promise.all([
        isFault('/password', 'POST', '/api/auth/signup', { by: null, json: { ...signup, password } }),
        isFault('/password', 'PUT', '/api/users/me/password', { by: of, json: { current_password: 'x', password } }),
        isFault('/password', 'PATCH', '/api/auth/reset-password-confirmation/link', {
          ...{ by: null, mailbox },
          json: { password, email: signup.email, username: signup.username },
        }),
      ])
    expect(await isAlways('PassWord1', boris)).toEqual([false, false, false])
    expect(await isAlways(boris.email.toUpperCase(), boris)).toEqual([true, false, false])
    expect(await isAlways(boris.username, boris)).toEqual([true, false, false])
    expect(await isAlways(signup.email, boris)).toEqual([false, true, true])
    expect(await isAlways(`${boris.email} and more`, boris)).toEqual([true, true, true])
    expect(await isAlways(signup.password, ana)).toEqual([true, true, true])
  })

  it('excuses a cursor of another list, and skip beside a cursor', async () => {
    ana.pages.set(contacts, ['sort=created&limit=2&cursor=abc'])
    const list = (pointer: string, query: string, by = ana) => isFault(pointer, 'GET', `${contacts}?${query}`, { by })
    for (const query of ['cursor=abc&sort=created', 'cursor=abc&limit=7&sort=created&total=true'])
      expect(await list('query/cursor', query), query).toBe(true)
    for (const query of ['cursor=abc', 'cursor=abc&sort=name', 'cursor=abc&sort=created&order=desc', 'cursor=x'])
      expect(await list('query/cursor', query), query).toBe(false)
    expect(await list('query/cursor', 'cursor=abc&sort=created', boris)).toBe(false)
    expect(await list('query/skip', 'skip=1')).toBe(true)
    expect(await list('query/skip', 'skip=1&cursor=abc')).toBe(false)
    expect(await list('query/sort', 'sort=relevance')).toBe(false)
    for (const query of ['sort=relevance&q=a', 'sort=name']) expect(await list('query/sort', query), query).toBe(true)
    for (const [tz, isZone] of [
      ['Europe/Kyiv', true],
      ['utc', true],
      ['+02:00', false],
      ['Kyiv', false],
    ] as const)
      expect(await isFault('query/tz', 'GET', `${contacts}/birthdays?${new URLSearchParams({ tz })}`)).toBe(isZone)
  })

  it('excuses an invisible name where one is required', async () => {
    const isRefused = (method: string, json: object) =>
      isFault('/first_name', method, method === 'POST' ? contacts : one, { json })
    for (const unseen of ['\u0301', '\u200b', '\u3164', '\u{fff8}']) {
      for (const method of ['POST', 'PUT', 'PATCH']) {
        expect(await isRefused(method, { first_name: unseen })).toBe(false)
        expect(await isRefused(method, { first_name: unseen, last_name: unseen })).toBe(false)
        expect(await isRefused(method, { first_name: unseen, last_name: 'A' })).toBe(true)
      }
      expect(await isRefused('PATCH', { last_name: unseen, phone: '1' })).toBe(false)
      const username = `${unseen}\u0301\u0301`
      for (const [text, isSeen] of [
        [username, false],
        [`a${username}`, true],
      ] as const) {
        expect(await isFault('/username', 'PATCH', '/api/users/me', { json: { username: text } })).toBe(isSeen)
        const json = { ...signup, username: text }
        expect(await isFault('/username', 'POST', '/api/auth/signup', { by: null, json })).toBe(isSeen)
      }
    }
    expect(await isFault('/last_name', 'POST', contacts, { json: { last_name: '\u0301' } })).toBe(true)
    // No schema knows which names would be left.
    for (const patch of [{ first_name: '' }, { first_name: null }, { last_name: ' ' }])
      expect(await isRefused('PATCH', patch)).toBe(false)
    for (const patch of [{ phone: '1' }, { first_name: 'Леся' }, { first_name: '', last_name: 'A' }])
      expect(await isRefused('PATCH', patch)).toBe(true)
    expect(await isRefused('POST', { last_name: 'Українка' })).toBe(true)
  })

  it('excuses a date that does not exist or is in the future, and a refresh without its token', async () => {
    const next = String(new Date().getUTCFullYear() + 1)
    for (const [birthday, isRight] of [
      ...['1990-05-01', '--02-29', '2000-02-29', ''].map((day) => [day, true] as const),
      ...['2023-02-29', '--02-30', `${next}-12-31`, '0000-01-01'].map((day) => [day, false] as const),
    ])
      expect(await isFault('/birthday', 'POST', contacts, { json: { first_name: 'A', birthday } })).toBe(isRight)
    const refresh = (more: Asked) => isFault('/refresh_token', 'POST', '/api/auth/refresh', { by: null, ...more })
    expect(await refresh({ json: {} })).toBe(false)
    for (const more of [{ json: { refresh_token: 'x' } }, { json: {}, headers: { Authorization: 'Bearer x' } }])
      expect(await refresh(more)).toBe(true)
  })
})

describe('a form that readers parse differently', () => {
  it('may be accepted or refused', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
    const form = request('PATCH', '/api/users/avatar', { headers })
    const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\npicture\r\n'
    const judged = (text: string) => judge(document, { ...form, body: new Uint8Array(new TextEncoder().encode(text)) })
    for (const end of ['--b--', '--b--\r\n']) expect((await judged(`${part}${end}`)).unspoken, end).toEqual([])
    for (const text of [`${part}--b--}, {"x": 1}`, `${part.replace('file', '\u0001')}--b--`, `${part}--b--\r\nmore`]) {
      const { forbidden, unspoken } = await judged(text)
      expect([...forbidden, ...unspoken].length, text).toBeGreaterThan(0)
    }
  })
})
