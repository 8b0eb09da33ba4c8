import { env } from 'cloudflare:workers'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import operations from '../docs/operations.md?raw'
import { app } from '../src/app.ts'
import { findCachedUser } from '../src/auth/store.ts'
import { userCache } from '../src/auth/user-cache.ts'
import { runScheduled } from '../src/schedule.ts'
import { database, driver } from './database.ts'
import { freshAddress, freshEmail, password } from './people.ts'
import { mark, personal, secretsOf } from './personal.ts'
import { personalRequests } from './personal-requests.ts'
import { type Asked, type Case, cases, formOf, healthCases, type Newcomer, newcomer } from './routes.ts'

// ---------------------------------------------------------------- listening

const written: string[] = []
const methods = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const
const listeners = methods.map((method) =>
  vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
    written.push(words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' '))
  }),
)
beforeEach(() => {
  written.length = 0
})
afterAll(() => {
  for (const listener of listeners) listener.mockRestore()
})

// ---------------------------------------------------------------- asking

const db = database()

async function ask(one: Case, requested: Asked, headers: Record<string, string>, bindings: object): Promise<number> {
  const sent = new Headers(headers)
  if (requested.token) sent.set('Authorization', `Bearer ${requested.token}`)
  if (requested.json !== undefined) sent.set('Content-Type', 'application/json')
  const { form, json } = requested
  const text = json === undefined ? undefined : JSON.stringify(json)
  const body = formOf(requested) ?? (form ? new URLSearchParams(form) : text)
  const method = one.route.split(' ', 1)[0] ?? 'GET'
  const later: Promise<unknown>[] = []
  const executionCtx = {
    waitUntil: (work: Promise<unknown>) => later.push(work),
    passThroughOnException() {},
    props: {},
  }
  userCache.clear()
  const request = new Request(`https://vizitka.test${requested.path}`, {
    method,
    headers: sent,
    ...(body ? { body } : {}),
  })
  const response = await app.fetch(request, { ...env, ...bindings }, executionCtx)
  await response.arrayBuffer().catch(() => undefined)
  // A failure after the response is logged, too; a fault of the test's bindings may also end it.
  await Promise.allSettled(later)
  return response.status
}

const all: readonly Case[] = [...cases, ...healthCases, ...personalRequests]

/** Every third request, from one on; by `npm test -- --full` all: what a fault logs is the same on every route. */
const everyThird = (first: number): readonly Case[] =>
  env.TEST_FULL === '1' ? all : all.filter((_, at) => at % 3 === first % 3)

/** Sends requests, and checks every log line; returns the lines and the statuses. */
async function overheard(bindings: (values: readonly string[], ana: Newcomer) => object, asked = all) {
  const lines: Record<string, unknown>[] = []
  const statuses = new Map<string, number>()
  for (const one of asked) {
    const ana = await newcomer(one)
    const requested = await one.ask(ana)
    const who = personal()
    const secrets = secretsOf(one, requested, ana, who)
    expect(secrets.length, one.route).toBeGreaterThan(10)
    written.length = 0
    statuses.set(one.route, await ask(one, requested, who.headers, bindings(secrets, ana)))
    expect(written.length, one.route).toBeGreaterThan(0)
    for (const line of written) {
      const reported = secrets.filter((secret) => line.includes(secret) || line.includes(encodeURIComponent(secret)))
      expect(reported, `${one.route} → ${line}`).toEqual([])
      // One line with an object: nothing that was sent begins a line of its own.
      expect(line).not.toContain('\n')
      lines.push(z.record(z.string(), z.unknown()).parse(JSON.parse(line)))
    }
  }
  return { lines, statuses }
}

const requests = (lines: readonly Record<string, unknown>[]) => lines.filter((line) => 'route' in line)

// ---------------------------------------------------------------- what is promised

/** Failures of parts other than the database log the same on libSQL, where only `npm test -- --full` tests them. */
const isWhole = driver === 'D1' || env.TEST_FULL === '1'

describe('what the service writes', { timeout: 240_000 }, () => {
  it('about a request is its id, method, pattern, status and times, and no more', async () => {
    const { lines, statuses } = await overheard(() => ({}))
    expect([...statuses.values()].filter((status) => status >= 500)).toEqual([])
    expect(requests(lines)).toHaveLength(all.length)
    const fields = ['request_id', 'method', 'route', 'status', 'ms', 'gate_ms', 'cache_ms', 'db_ms']
    for (const line of requests(lines)) {
      expect(fields).toEqual(expect.arrayContaining(Object.keys(line)))
      expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/)
      // A pattern: all words except parameters are ours.
      const words = String(line.route)
        .split('/')
        .filter((word) => !/^(:\w+(\{.*\})?|\*|)$/.test(word))
      for (const word of words) expect(word).toMatch(/^[a-z_.-]+$/)
    }
    for (const field of fields) expect(operations).toContain(`\`${field}\``)
    // Nothing else was logged, so nothing went wrong.
    expect(lines.filter((line) => !('route' in line))).toEqual([])
  })

  it('about a failing part contains none of the personal data in the error’s message', async () => {
    const throwing = (values: readonly string[]) => () => Promise.reject(new Error(`It failed: ${values.join(', ')}`))
    const parts: Record<string, (values: readonly string[]) => object> = {
      KV: (values) => ({ CACHE: each(throwing(values)) }),
      Gate: (values) => ({ GATE: { idFromName: () => 'id', get: () => each(throwing(values)) } }),
      Database: (values) =>
        failing(new Error(`D1_ERROR: near "${values.join('"')}": syntax error at offset 1: SQLITE_ERROR`)),
      'Database, by words of its own': (values) => failing(new Error(values.join(' '))),
      'Database, by no error': (values) => failing(values.join(' ')),
      'Database, by a value of a wrong type': (values) =>
        failing(new Error(`D1_TYPE_ERROR: Type 'object' not supported for value '${values.join(' ')}'`)),
    }
    const tried = Object.entries(parts).filter(([part]) => isWhole || part.startsWith('D'))
    for (const [at, [part, bindings]] of tried.entries()) {
      const { lines, statuses } = await overheard((values) => bindings(values), everyThird(at))
      expect(Math.max(...statuses.values()), part).toBeGreaterThanOrEqual(part === 'KV' ? 200 : 500)
      expect(lines.filter(({ level }) => level === 'error' || level === 'warn').length, part).toBeGreaterThan(3)
    }
  })

  it.runIf(isWhole)('about a bug is its class and its place, whatever its message contains', async () => {
    const { lines, statuses } = await overheard(
      (values) => ({
        DB: {
          prepare() {
            throw new TypeError(`Cannot read “${values.join(' ')}” of ${values.join('\n at ')}`)
          },
          batch: () => Promise.reject(new TypeError(`A bug with ${values.join(' ')}`)),
        },
        DATABASE_URL: '',
      }),
      everyThird(0),
    )
    expect([...statuses.values()].filter((status) => status === 500).length).toBeGreaterThan(10)
    const bugs = lines.filter((line) => 'bug' in line)
    expect(bugs.length).toBeGreaterThan(10)
    for (const { bug, stack } of bugs) {
      expect(bug).toBe('TypeError')
      for (const place of String(stack).split('\n')) expect(place).toMatch(/^\s*at .*\d+:\d+\)?$/)
    }
  })

  it.runIf(isWhole)('about a truncated copy in KV contains nothing of it', async () => {
    const { lines } = await overheard(
      (_, ana) => ({
        CACHE: new Proxy(env.CACHE, {
          get: (kv, name) => {
            const value: unknown = Reflect.get(kv, name)
            if (name !== 'get') return typeof value === 'function' ? value.bind(kv) : value
            // As KV itself parses JSON: its error quotes the input.
            return async () => JSON.parse(JSON.stringify(await findCachedUser(db, ana.id)).replace(':', ' '))
          },
        }),
      }),
      everyThird(1),
    )
    expect(lines.filter((line) => line.cache === 'read').length).toBeGreaterThan(10)
  })

  it('about a refused letter contains neither its address nor its text', async () => {
    for (const echo of [
      (to: string) => `550 5.1.1 <${to}>: Recipient address rejected`,
      (to: string) => `550 ${to.toUpperCase()}... User unknown`,
      (to: string) => `452 4.2.2 The mailbox ${to.split('@')[0]} is full`,
    ]) {
      const email = freshEmail('refused')
      const script = JSON.stringify({ steps: { RCPT: { say: [`${echo(email)}\r\n`] } } })
      const started = await fetch(env.TEST_HOSTILE_SMTP, { method: 'POST', body: script })
      const { port } = await started.json<{ port: number }>()
      const username = mark()
      const json = { username, email, password }
      const signup: Case = { route: 'POST /api/auth/signup', ask: () => ({ path: '/api/auth/signup', json }) }
      const requested = { path: '/api/auth/signup', json }
      expect(await ask(signup, requested, { 'CF-Connecting-IP': freshAddress() }, { SMTP_PORT: String(port) })).toBe(
        201,
      )
      const lines = written.join('\n').toLowerCase()
      expect(lines).toMatch(
        /"kind":"confirm-email".*"error":"mailerror: the mail server refused the recipient: (550|452)/,
      )
      for (const secret of [email, email.split('@')[0] ?? '', username, password]) expect(lines).not.toContain(secret)
    }
  })

  it('about a failing cron job contains no parameter', async () => {
    const values = [mark(), freshEmail('cron')]
    for (const cron of ['* * * * *', '17 * * * *']) {
      const error = await runScheduled(cron, { ...env, ...failing(new Error(`Failed: ${values}`)) }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      const lines = [...written, String(error), error instanceof Error ? String(error.cause) : ''].join('\n')
      expect(lines).toContain(cron)
      for (const value of values) expect(lines).not.toContain(value)
    }
  })

  it('about a wrong variable contains its name, and no secret', async () => {
    const secret = mark()
    await ask(
      { route: 'GET /', ask: () => ({ path: '/' }) },
      { path: '/' },
      {},
      { SECRET_KEY: secret.slice(0, 20), SMTP_PASSWORD: secret },
    )
    expect(written.join('\n')).toContain('SECRET_KEY is too short')
    expect(written.join('\n')).not.toContain(secret.slice(5, 20))
  })
})

const each = (method: () => unknown): object => new Proxy({}, { get: () => method })

/** A database whose every statement fails with this error, for both drivers. */
function failing(error: unknown): object {
  const fail = () => Promise.reject(error)
  if (driver === 'D1') {
    const statement: object = { bind: () => statement, all: fail, raw: fail, run: fail, first: fail }
    return { DB: { prepare: () => statement, batch: fail } }
  }
  const host = `${crypto.randomUUID()}.database.test`
  servers.set(host, fail)
  return { DATABASE_URL: `http://${host}` }
}

/** The responses of these tests' libSQL servers, by host. */
const servers = new Map<string, () => Promise<never>>()
const real = globalThis.fetch
vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
  const request = new Request(input as RequestInfo, init)
  return servers.get(new URL(request.url).hostname)?.() ?? real(request)
})
