import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import security from '../docs/security.md?raw'
import { app } from '../src/app.ts'
import { apiDocument } from './client.ts'
import { freshAddress, from } from './people.ts'
import { check, lineOf, origin } from './promised-headers.ts'
import { type Asked, type Case, cases, formOf, healthCases, newcomer } from './routes.ts'

const html = 'text/html,application/xhtml+xml,*/*;q=0.8'

// ---------------------------------------------------------------- asking

interface Sent extends Omit<Asked, 'path'> {
  readonly headers?: Record<string, string>
  readonly raw?: BodyInit
}

async function send(method: string, path: string, sent: Sent = {}, bindings: object = {}, dies = false) {
  const headers = new Headers({ Origin: origin, ...from(freshAddress()), ...sent.headers })
  if (sent.token !== undefined) headers.set('Authorization', `Bearer ${sent.token}`)
  if (sent.json !== undefined && !headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  const form = formOf(sent) ?? (sent.form && new URLSearchParams(sent.form))
  const body = form ?? sent.raw ?? (sent.json === undefined ? undefined : JSON.stringify(sent.json))
  const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body }) }
  const later: Promise<unknown>[] = []
  const executionCtx = {
    waitUntil(work: Promise<unknown>) {
      if (dies) throw new Error('A bug.')
      later.push(work)
    },
    passThroughOnException() {},
    props: {},
  }
  const request = new Request(`https://vizitka.test${path}`, init)
  const response = await app.fetch(request, { ...env, ...bindings }, executionCtx)
  // Completely, so that nothing of it is still running when the next one begins.
  await response.clone().arrayBuffer()
  await Promise.all(later)
  return response
}

const all: readonly Case[] = [...cases, ...healthCases]
const methodOf = ({ route }: Case): string => route.split(' ', 1)[0] ?? ''

describe('the headers', () => {
  it('of every route’s answers, and of every status, are those of docs/security.md', { timeout: 120_000 }, async () => {
    /** The responses, by the headers in which they differ, in the order in which they were seen. */
    const seen = new Map<string, Set<string>>()
    const note = (name: string, response: Response) => {
      const line = lineOf(response)
      seen.set(line, (seen.get(line) ?? new Set()).add(name))
    }

    for (const one of all) {
      const requested = await one.ask(await newcomer(one))
      const response = await send(methodOf(one), requested.path, requested)
      expect(response.status, one.route).toBeLessThan(400)
      check(one.route, response)
      note(`\`${one.route}\``, response)
    }
    for (const [name, status, response] of await problems()) {
      expect(response.status, name).toBe(status)
      check(name, response)
      note(response.headers.get('Content-Type')?.startsWith('text/html') ? `${status}, a page` : `${status}`, response)
    }
    for (const [name, response] of await conditional()) {
      check(name, response)
      note(name, response)
    }

    // The strictest headers are the default.
    const strictest = 'nothing | no-store | Origin | same-origin'
    const others = [...seen].filter(([line]) => line !== strictest)
    const rows = [
      ...others.map(([line, names]) => `| ${[...names].join('<br>')} | ${line} |`),
      `| every other | ${strictest} |`,
    ]
    expect(seen.has(strictest)).toBe(true)
    const table = [
      '| Answer | Content-Security-Policy | Cache-Control | Vary | Cross-Origin-Resource-Policy |',
      '|---|---|---|---|---|',
      ...rows,
    ].join('\n')
    const written = security.match(/<!-- headers:begin -->\n+(.*?)\n+<!-- headers:end -->/s)?.[1]
    if (written !== table) {
      expect.fail(`The table of docs/security.md is not what was seen. Put this between its two marks:\n\n${table}\n`)
    }
  })

  it('are asked of every route that the document has', async () => {
    const documented = Object.entries((await apiDocument()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/(?<=.)\/$/, '')}`),
    )
    const requested = new Set(all.map(({ route }) => route))
    expect(documented.filter((route) => !requested.has(route))).toEqual([])
  })

  it('are the same for HEAD as for GET, without a body', async () => {
    for (const one of all.filter((each) => methodOf(each) === 'GET')) {
      const requested = await one.ask(await newcomer(one))
      const [whole, head] = [
        await send('GET', requested.path, requested),
        await send('HEAD', requested.path, requested),
      ]
      check(one.route, head)
      expect([head.status, await head.text(), lineOf(head)], one.route).toEqual([whole.status, '', lineOf(whole)])
    }
  })

  it('are on what a browser is told before it asks, too', async () => {
    for (const one of all) {
      const { path } = await one.ask(await newcomer(one))
      const headers = {
        'Access-Control-Request-Method': methodOf(one),
        'Access-Control-Request-Headers': 'authorization',
      }
      const preflight = await send('OPTIONS', path, { headers })
      expect(preflight.status).toBe(204)
      check(one.route, preflight, true)
    }
  })

  it('say to nobody but a page of the list that it may read', async () => {
    for (const one of all) {
      const requested = await one.ask(await newcomer(one))
      for (const Origin of ['https://evil.test', 'null']) {
        const { headers, status } = await send(methodOf(one), requested.path, { ...requested, headers: { Origin } })
        expect(headers.get('Access-Control-Allow-Origin'), one.route).toBeNull()
        expect(headers.get('Access-Control-Allow-Credentials'), one.route).toBeNull()
        expect(headers.get('Vary'), one.route).toContain('Origin')
        // Mail programs send that from their own pages; its link is secret (RFC 8058).
        const isOneClick = one.route === 'POST /unsubscribe/{token}'
        if (methodOf(one) !== 'GET' && Origin !== 'null') expect(status, one.route).toBe(isOneClick ? 200 : 403)
      }
    }
  })

  it('are on every route while the service is not configured, and while each part is down', {
    timeout: 120_000,
  }, async () => {
    const down = () => {
      throw new Error('down')
    }
    const broken = new Proxy({}, { get: () => down })
    for (const bindings of [{ SECRET_KEY: '' }, { GATE: broken, CACHE: broken }]) {
      for (const one of all) {
        const requested = await one.ask(await newcomer(one))
        for (const Accept of ['*/*', html]) {
          const response = await send(methodOf(one), requested.path, { ...requested, headers: { Accept } }, bindings)
          if (response.headers.get('Access-Control-Allow-Origin') === null) {
            // Without its variables, no origin is allowed yet.
            expect(bindings).toEqual({ SECRET_KEY: '' })
            expect(response.status).toBe(503)
            response.headers.set('Access-Control-Allow-Origin', origin)
          }
          check(`${one.route}, ${Object.keys(bindings)}, ${Accept}`, response)
        }
      }
    }
  })

  it('let no value of a request through that would begin another header', async () => {
    const ana = await newcomer()
    const split = 'x%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>'
    const raw = 'x\u010d\u010aSet-Cookie: a=b'
    for (const path of [
      `/${split}`,
      `/problems/${split}`,
      `/avatars/${split}`,
      `/confirm-email/${split}`,
      `/api/contacts?q=${split}&limit=1`,
      `/api/contacts?cursor=${split}`,
      `/api/contacts/${encodeURIComponent(raw)}`,
      `/api/contacts/${split}`,
    ]) {
      for (const Accept of ['*/*', html]) {
        const response = await send('GET', path, { token: ana.access, headers: { Accept } })
        check(path, response)
        expect(await response.text(), path).not.toContain('<script>')
      }
    }
  })
})

/** Every refusal status, as a program and, where there are pages, as a person gets it. */
async function problems(): Promise<[name: string, status: number, response: Response][]> {
  const [ana, admin] = [await newcomer(), await newcomer({ role: 'admin' })]
  const own = `/api/contacts/${ana.contactId}`
  const json = { 'Content-Type': 'application/json' }
  const first = { RATE_LIMITS: 'confirm=1/60s,contacts-read=1/60s' }
  const here = from(freshAddress())
  const signup = (email: string) => ({ json: { username: 'New', email, password: 'a good one of theirs' } })
  await send('GET', own, { token: ana.access }, first)
  await send('GET', '/confirm-email/x', { headers: here }, first)
  const token = ana.access
  const person = { headers: { Accept: html, ...here } }
  const requested: [number, () => Promise<Response>][] = [
    [400, () => send('POST', '/api/auth/login', { raw: '{', headers: json })],
    [401, () => send('GET', '/api/users/me')],
    [401, () => send('GET', '/api/users/me', { token: 'x' })],
    [401, () => send('POST', '/api/auth/login', { json: { email: ana.email, password: 'wrong' } })],
    [403, () => send('GET', '/api/admin/users', { token })],
    [
      403,
      () =>
        send(
          'POST',
          '/api/auth/login',
          { headers: { 'Sec-Fetch-Site': 'same-site', Origin: origin } },
          { CORS_ORIGINS: '' },
        ),
    ],
    [404, () => send('GET', '/api/nowhere')],
    [404, () => send('GET', '/api/contacts/999999999', { token })],
    [404, () => send('GET', '/nowhere', person)],
    [404, () => send('GET', '/avatars/nowhere', person)],
    [404, () => send('GET', '/confirm-email/x', person)],
    [405, () => send('PUT', '/api/auth/login')],
    [409, () => send('POST', '/api/auth/signup', signup(ana.email))],
    [412, () => send('PATCH', own, { token, json: { last_name: 'New' }, headers: { 'If-Match': '"0-0"' } })],
    [413, () => send('POST', '/api/auth/login', { raw: 'x'.repeat(1_000_001), headers: json })],
    [413, () => send('PATCH', '/api/users/avatar', { token, raw: new Uint8Array(5_400_000) })],
    [415, () => send('POST', '/api/auth/signup', { raw: 'x', headers: { 'Content-Type': 'text/plain' } })],
    [422, () => send('POST', '/api/auth/signup', { json: {} })],
    [422, () => send('POST', '/forgot-password', { form: { email: 'no address' } })],
    [429, () => send('GET', own, { token }, first)],
    [429, () => send('GET', '/confirm-email/x', person, first)],
    [500, () => send('POST', '/api/auth/signup', signup(`bug.${ana.email}`), {}, true)],
    [500, () => send('POST', '/forgot-password', { form: { email: ana.email }, ...person }, {}, true)],
    [503, () => send('GET', own, { token, headers: {} }, { ...down, GATE: undefined, CACHE: undefined })],
    [
      503,
      () => send('POST', '/api/contacts', { token: admin.access, json: { first_name: 'New' } }, { GATE: undefined }),
    ],
    [503, () => send('GET', '/confirm-email/x', person, { GATE: undefined })],
  ]
  const seen: [string, number, Response][] = []
  for (const [status, ask] of requested) seen.push([`${status}: ${ask}`, status, forAll(await ask())])
  return seen
}

/** A database that does not answer, for both drivers. */
const down = { DB: undefined, DATABASE_URL: 'http://127.0.0.1:9' }

/** A response for no allowed origin, as if there were one. */
function forAll(response: Response): Response {
  if (response.headers.get('Access-Control-Allow-Origin') === null)
    response.headers.set('Access-Control-Allow-Origin', origin)
  return response
}

/** Responses to a client that has the resource already. */
async function conditional(): Promise<[name: string, response: Response][]> {
  const { access: token, contactId } = await newcomer()
  const seen: [string, Response][] = []
  for (const path of ['/api/users/me', `/api/contacts/${contactId}`]) {
    const response = await send('GET', path, { token, headers: { 'If-None-Match': '*' } })
    expect(response.status).toBe(304)
    seen.push(['304', response])
  }
  return seen
}
