import { env } from 'cloudflare:workers'
import { inArray } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import operations from '../docs/operations.md?raw'
import { app } from '../src/app.ts'
import { events } from '../src/audit/table.ts'
import { endSessions } from '../src/auth/session-store.ts'
import { findCachedUser } from '../src/auth/store.ts'
import { emailTokens, sessions } from '../src/auth/table.ts'
import { userCache } from '../src/auth/user-cache.ts'
import { contacts } from '../src/contacts/table.ts'
import type { Bindings } from '../src/platform/bindings.ts'
import { gateOf } from '../src/platform/gate/client.ts'
import { writeAtNewRevision } from '../src/platform/gate/write-at-new-revision.ts'
import { outbox } from '../src/platform/mail/table.ts'
import { emailKey, users } from '../src/users/table.ts'
import { apiDocument } from './client.ts'
import { database, driver } from './database.ts'
import { freshAddress, from } from './people.ts'
import {
  type Asked,
  type Case,
  cases,
  contactPath,
  formOf,
  healthCases,
  type Newcomer,
  newcomer,
  nowhere,
  signedIn,
} from './routes.ts'

const db = database()
const origin = 'http://localhost:3000'

// ---------------------------------------------------------------- how a part fails

/** Wraps each call to a part: calls it with `go`, or does something else. */
type Around = (go: () => unknown) => unknown
type Part = 'KV' | 'Gate' | 'Database' | 'Mail'
type Way = 'throwing' | 'hanging' | 'garbage'

/** Wraps those methods of an object that `methods` names. */
function around<T extends object>(target: T, methods: (name: string) => boolean, on: Around): T {
  return new Proxy(target, {
    get(inner, name) {
      const value: unknown = Reflect.get(inner, name)
      if (typeof value !== 'function') return value
      const call = (...args: unknown[]): unknown => Reflect.apply(value, inner, args)
      return typeof name === 'string' && methods(name) ? (...args: unknown[]) => on(() => call(...args)) : call
    },
  })
}

/** The made-up libSQL servers, by host. */
const servers = new Map<string, Around>()

function aroundD1(d1: D1Database, on: Around): D1Database {
  const real = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const watched = around(statement, (name) => name !== 'bind', on)
    const wrapped = new Proxy(watched, {
      get: (inner, name) =>
        name === 'bind' ? (...values: unknown[]) => wrap(statement.bind(...values)) : Reflect.get(inner, name),
    })
    real.set(wrapped, statement)
    return wrapped
  }
  return new Proxy(d1, {
    get(inner, name) {
      if (name === 'prepare') return (sql: string) => wrap(inner.prepare(sql))
      if (name !== 'batch') return Reflect.get(inner, name)
      return (list: D1PreparedStatement[]) => on(() => inner.batch(list.map((one) => real.get(one) ?? one)))
    },
  })
}

const wrapped: Record<Exclude<Part, 'Mail'>, (on: Around) => Partial<Bindings> & { DATABASE_URL?: string }> = {
  KV: (on) => ({ CACHE: around(env.CACHE, () => true, on) }),
  Gate: (on) => ({
    GATE: new Proxy(env.GATE, {
      get: (inner, name) =>
        name === 'get'
          ? (id: DurableObjectId) => around(inner.get(id), () => true, on)
          : around(inner, () => false, on)[name as keyof DurableObjectNamespace],
    }),
  }),
  Database: (on) => {
    if (driver === 'D1') return { DB: aroundD1(env.DB, on) }
    const host = `${crypto.randomUUID()}.database.test`
    servers.set(host, on)
    return { DATABASE_URL: `http://${host}` }
  },
}

const inside = 'SELECT password_hash FROM inside'
const ways: Record<Way, Record<string, Around>> = {
  throwing: {
    'a rejection': () => Promise.reject(new Error(inside)),
    'an exception': () => {
      throw new Error(inside)
    },
    'no error at all': () => Promise.reject(inside),
  },
  hanging: {
    // Longer than any test, so a response shows that nothing waited for it.
    'for good': () => new Promise(() => {}),
  },
  garbage: {
    nothing: () => Promise.resolve(undefined),
    'an empty object': () => Promise.resolve({}),
    words: () => Promise.resolve(inside),
    numbers: () => Promise.resolve(-1.5),
  },
}

/** Garbage that looks like the part's own responses. */
const likely: Record<Exclude<Part, 'Mail'>, Record<string, unknown>> = {
  KV: {
    'an empty list': [],
    'a copy of nothing': { account: {}, sessions: 'all' },
    'a copy without its end': { account: { id: 1, username: inside, revision: 2 } },
  },
  Gate: {
    'an empty list': [],
    'a pass that bounds nothing': { revision: 'x', standings: {}, violated: 7, right: true },
    'a pass of nonsense': {
      revision: 0.5,
      standings: [{ name: `${inside}\r\n`, quota: 1, windowSeconds: 1, remaining: 1, resetSeconds: 1 }],
      violated: [],
      right: true,
      rehashed: inside,
    },
  },
  Database: {
    'rows of numbers': [7, null],
    'rows of objects': [[{ inside }], [{ inside }]],
    'results without rows': [{ results: inside }, { results: [7] }],
    'a pipeline without results': { baton: null, base_url: null, results: [] },
    'a pipeline of rows that are none': {
      results: [
        { type: 'ok', response: { type: 'execute', result: { cols: [], rows: [[inside]] } } },
        { type: 'ok', response: { type: 'close' } },
      ],
    },
  },
}

/** A hanging part is given up quickly; the others, which work but may be slow on a busy machine, are not. */
const impatient: Readonly<Record<Part, string>> = {
  KV: 'cache=300ms',
  Gate: 'gate=1s,hash=1s',
  Database: 'database=1s',
  Mail: '',
}

const deadlinesFor = (part: Part, way: string): object =>
  way === 'hanging' ? { DEADLINES: `${env.DEADLINES},${impatient[part]}` } : {}

interface Failure {
  readonly part: Part
  readonly way: Way
  readonly what: string
  readonly bindings: object
}

async function failures(): Promise<Failure[]> {
  const parts = ['KV', 'Gate', 'Database'] as const
  const list: Failure[] = parts.flatMap((part) => {
    const more = Object.entries(likely[part]).map(([what, value]) => [what, () => Promise.resolve(value)] as const)
    return (['throwing', 'hanging', 'garbage'] as const).flatMap((way) =>
      [...Object.entries(ways[way]), ...(way === 'garbage' ? more : [])].map(([what, on]) => ({
        part,
        way,
        what,
        bindings: { ...wrapped[part](on), ...deadlinesFor(part, way) },
      })),
    )
  })
  const server = async (turn: object) => {
    const body = JSON.stringify({ steps: { connect: turn } })
    const { port } = z
      .object({ port: z.number() })
      .parse(await (await fetch(env.TEST_HOSTILE_SMTP, { method: 'POST', body })).json())
    return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) }
  }
  const closed = { SMTP_HOST: '127.0.0.1', SMTP_PORT: '9' }
  const silent = await server({ say: [], next: 'hang' })
  const babbling = await server({ say: [`<html>${inside}</html>\r\n`], next: 'close' })
  const all: Failure[] = [
    ...list,
    { part: 'Mail', way: 'throwing', what: 'a closed port', bindings: closed },
    { part: 'Mail', way: 'hanging', what: 'not a word', bindings: silent },
    { part: 'Mail', way: 'garbage', what: 'words that are no SMTP', bindings: babbling },
  ]
  return all
}

// ---------------------------------------------------------------- asking

interface Seen {
  readonly status: number
  /** The status and, for a problem, its code; for the health check, the parts that are not ok. */
  readonly reported: string
}

/** Everything that the database has about a newcomer, and about accounts that sign up in the test. */
async function stored(ana: Newcomer) {
  const mine = inArray(users.email_key, [emailKey(ana.email), emailKey(`new.${ana.email}`)])
  const ids = db.select({ id: users.id }).from(users).where(mine)
  return db.batch([
    db.select().from(users).where(mine),
    db.select().from(sessions).where(inArray(sessions.user_id, ids)),
    db.select().from(emailTokens).where(inArray(emailTokens.user_id, ids)),
    db.select().from(contacts).where(inArray(contacts.owner_id, ids)),
    db.select().from(outbox).where(inArray(outbox.user_id, ids)),
    db.select().from(events).where(inArray(events.user_id, ids)),
  ])
}

/** Serves one request with these bindings; `later` is the work after the response. */
async function serve(method: string, requested: Asked, bindings: object) {
  const { path, json, form, token } = requested
  const headers = new Headers({ Origin: origin, ...from(freshAddress()) })
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
  if (json !== undefined) headers.set('Content-Type', 'application/json')
  const body = formOf(requested) ?? (form ? new URLSearchParams(form) : JSON.stringify(json))
  const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body }) }
  const later: Promise<unknown>[] = []
  const executionCtx = {
    // Failures after the response do not change it; cron retries a letter.
    waitUntil: (work: Promise<unknown>) => later.push(work.catch(() => undefined)),
    passThroughOnException() {},
    props: {},
  }
  userCache.clear()
  const request = new Request(`https://vizitka.test${path}`, init)
  const response = await app.fetch(request, { ...env, ...bindings }, executionCtx)
  // Also for a picture, which is not a text.
  return { response, text: new TextDecoder().decode(await response.arrayBuffer()), later }
}

const problem = z.looseObject({ status: z.number(), code: z.string() })

/** The status and code of the problem that a GET is answered by. */
async function problemOf(path: string, ana: Newcomer, bindings: object): Promise<string> {
  const { text } = await serve('GET', { path, token: ana.access }, bindings)
  const { status, code } = problem.parse(JSON.parse(text))
  return `${status} ${code}`
}

/**
 * Sends a request, and checks what every response must be: not a bug, without internals, readable for an allowed origin
 * and, if it is a refusal, without anything written.
 */
async function answered(one: Case, ana: Newcomer, bindings: object, where: string, waits = true): Promise<Seen> {
  const requested = await one.ask(ana)
  const [method = 'GET'] = one.route.split(' ', 1)
  const before = method === 'GET' ? undefined : await stored(ana)
  const { response, text, later } = await serve(method, requested, bindings)
  if (waits) await Promise.all(later)

  expect(response.status, `${where}: ${text}`).not.toBe(500)
  expect(text, where).not.toMatch(
    /inside|\bat \S+ \(|\.ts:\d|SELECT |INSERT INTO|UPDATE `|DELETE FROM|sqlite|D1_(\w+_)?ERROR/i,
  )
  expect(response.headers.get('Access-Control-Allow-Origin'), where).toBe(origin)
  expect(response.headers.get('X-Request-Id'), where).toMatch(/^[0-9a-f-]{36}$/)
  if (response.headers.get('Content-Type') !== 'application/problem+json') {
    if (one.own) expect(text, where).toContain(ana.mark)
    return { status: response.status, reported: one.route.endsWith('healthchecker') ? unwell(text) : '' }
  }
  expect(response.headers.get('Retry-After'), `${where}: ${text}`).toBe('1')
  if (before) expect(await stored(ana), `${where} wrote something`).toEqual(before)
  const { status, code } = problem.parse(JSON.parse(text))
  expect(status).toBe(response.status)
  return { status, reported: `\`${code}\`` }
}

function unwell(health: string): string {
  return Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(health)))
    .filter(([name, state]) => state !== 'ok' && !['status', 'version', 'deployment'].includes(name))
    .map(([name, state]) => `\`${name}: ${state}\``)
    .join(', ')
}

const nameOf = ({ route, note }: Case): string => `\`${route}\`${note ? ` (${note})` : ''}`

/** The results of a route for each failing part; if the ways of failing differ, by way. */
function cellsOf(byPart: ReadonlyMap<Part, ReadonlyMap<Way, ReadonlySet<string>>>): Map<Part, string> {
  const cell = (byWay: ReadonlyMap<Way, ReadonlySet<string>>): string => {
    const byAnswer = new Map<string, Way[]>()
    for (const way of ['throwing', 'hanging', 'garbage'] as const) {
      const reported = [...(byWay.get(way) ?? [])].sort().join(' or ')
      byAnswer.set(reported, [...(byAnswer.get(reported) ?? []), way])
    }
    if (byAnswer.size === 1) return [...byAnswer.keys()].join()
    return [...byAnswer].map(([reported, some]) => `${reported} (${some.join(', ')})`).join('; ')
  }
  return new Map([...byPart].map(([part, byWay]) => [part, cell(byWay)]))
}

/** The columns of the documented table. */
const columns: readonly Part[] = ['KV', 'Gate', 'Database', 'Mail']

/**
 * Whether everything is tested here. On libSQL, except for `npm test -- --full`, only the database fails, and only for
 * every third route: the code is the same, and only the driver's way of failing differs.
 */
const isWhole = driver === 'D1' || env.TEST_FULL === '1'
const failing: readonly Part[] = isWhole ? columns : ['Database']

/**
 * One in turn for each route, and all of them by `npm test -- --full`: where in a route a part fails is what differs
 * between routes, and not by which garbage.
 */
const inTurn = <T>(list: readonly T[], route: number): readonly T[] =>
  env.TEST_FULL === '1' ? list : list.filter((_, at) => at === route % list.length)
const routesHere = isWhole ? cases : cases.filter((_, at) => at % 3 === 0)

/** The cells of the documented table, by route, for the parts that fail here. */
function documentedCells(table: string): Map<string, Map<Part, string>> {
  const [, , ...lines] = table.split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [names = '', ...answers] = line.split('|').slice(1, -1)
      const byPart = columns.flatMap((part, at) =>
        failing.includes(part) ? [[part, (answers[at] ?? '').trim()] as const] : [],
      )
      return names
        .trim()
        .split('<br>')
        .map((name) => [name, new Map(byPart)] as const)
    }),
  )
}

/** Renders a Markdown table: routes with the same results share a line. */
function rendered(cells: ReadonlyMap<string, ReadonlyMap<Part, string>>): string {
  const rows = new Map<string, string[]>()
  for (const [name, byPart] of cells) {
    const line = columns.map((part) => byPart.get(part) ?? '').join(' | ')
    rows.set(line, [...(rows.get(line) ?? []), name])
  }
  return [
    `| Route | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...[...rows].map(([line, names]) => `| ${names.join('<br>')} | ${line} |`),
  ].join('\n')
}

// ---------------------------------------------------------------- what is promised

beforeAll(async () => {
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input as RequestInfo, init)
    const on = servers.get(new URL(request.url).hostname)
    if (!on) return real(request)
    const { pathname } = new URL(request.url)
    const output = await on(() => real(new Request(new URL(pathname, env.DATABASE_URL), request)))
    return output instanceof Response
      ? output
      : typeof output === 'string'
        ? new Response(output)
        : Response.json(output ?? null)
  })
})

afterAll(() => {
  vi.restoreAllMocks()
})

describe('a part that fails', () => {
  it('is answered as docs/operations.md says, on every route', { timeout: 240_000 }, async () => {
    const documented = Object.entries((await apiDocument()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/(?<=.)\/$/, '')}`),
    )
    const requested = new Set([...cases, ...healthCases].map(({ route }) => route))
    expect(documented.filter((route) => !requested.has(route))).toEqual([])

    await newcomer({ role: 'admin' }) // so that no other is the last
    const well = new Map<Case, Seen>()
    for (const one of [...routesHere, ...healthCases]) {
      const seen = await answered(one, await newcomer(one), {}, one.route)
      expect(seen.status, one.route).toBeLessThan(400)
      well.set(one, seen)
    }

    /** The results that were seen, by route, part and way. */
    const found = new Map<Case, Map<Part, Map<Way, Set<string>>>>()
    const run = async (one: Case, ana: Newcomer, { part, way, what, bindings }: Failure) => {
      const where = `${one.route}, ${part} ${way}: ${what}`
      const seen = await answered(one, ana, bindings, where, way !== 'hanging')
      const { status, reported } = seen
      const normal = well.get(one)
      const cell =
        status === normal?.status && reported === normal.reported ? 'as ever' : [status, reported].join(' ').trim()
      const byPart = found.get(one) ?? new Map<Part, Map<Way, Set<string>>>()
      const byWay = byPart.get(part) ?? new Map<Way, Set<string>>()
      found.set(one, byPart.set(part, byWay.set(way, (byWay.get(way) ?? new Set<string>()).add(cell))))
      return seen
    }

    const all = (await failures()).filter(({ part }) => failing.includes(part))
    const ana = await newcomer()
    const hanging: { one: Case; failure: Failure; who: Newcomer }[] = []
    for (const one of routesHere) {
      for (const failure of all.filter(({ way }) => way === 'hanging')) {
        hanging.push({ one, failure, who: await newcomer(one) })
      }
    }
    await db.delete(outbox) // by the clock that leaps, these letters would be late
    const base = Date.now()
    let leaps = 1
    const leaping = vi.spyOn(Date, 'now').mockImplementation(() => base + 11_000 * leaps++)
    const looking = healthCases.flatMap((one) => all.map((failure) => run(one, ana, failure)))
    await new Promise((resolve) => setTimeout(resolve, 0)) // by now each has seen that what is held is old
    leaping.mockRestore()
    const asking = hanging.map(({ one, failure, who }) => run(one, who, failure))
    await Promise.all([...looking, ...asking])
    const groups = Map.groupBy(
      all.filter(({ way }) => way !== 'hanging'),
      ({ part, way }) => `${part} ${way}`,
    )
    for (const [route, one] of routesHere.entries()) {
      // A refused request has changed nothing, so the same newcomer can try again.
      let who = await newcomer(one)
      for (const failure of [...groups.values()].flatMap((group) => inTurn(group, route))) {
        const { status } = await run(one, who, failure)
        if (status < 400 && !one.route.startsWith('GET')) who = await newcomer(one)
      }
    }

    const cells = new Map(
      [...routesHere, ...healthCases].map((one) => [nameOf(one), cellsOf(found.get(one) ?? new Map())]),
    )
    const table = rendered(cells)
    const written = operations.match(/<!-- failures:begin -->\n+(.*?)\n+<!-- failures:end -->/s)?.[1]
    if (failing.length < columns.length) {
      const inDocument = documentedCells(written ?? '')
      for (const [name, cell] of cells) expect(cell, name).toEqual(inDocument.get(name))
    } else if (written !== table) {
      expect.fail(`The table of docs/operations.md is not what was seen. Put this between its two marks:\n\n${table}\n`)
    }
  })

  it('leaves nothing half done if it fails after some calls', { timeout: 240_000 }, async () => {
    const writes = routesHere.filter(({ route }) => !route.startsWith('GET'))
    const broken: Record<string, () => Promise<unknown>> = {
      throwing: () => Promise.reject(new Error(inside)),
      hanging: () => new Promise(() => {}),
      garbage: () => Promise.resolve({ right: true, results: inside }),
    }
    /** Lets a part serve some calls before it fails: one more each time. */
    const depth = async (part: 'Gate' | 'Database', way: string, one: Case): Promise<number> => {
      for (let served = 1; ; served++) {
        const ana = await newcomer(one)
        let calls = 0
        const bindings = {
          ...wrapped[part]((go) => (calls++ < served ? go() : broken[way]?.())),
          // Enough for the calls that are served.
          DEADLINES: `${env.DEADLINES},gate=5s,hash=5s,database=5s`,
        }
        const where = `${one.route}, ${part} ${way} after ${served}`
        const { status } = await answered(one, ana, bindings, where, way !== 'hanging')
        if (status < 400) return served
        expect(status, where).toBe(503)
        // A later attempt succeeds.
        expect((await answered(one, ana, {}, `${where}, again`)).status).toBeLessThan(400)
      }
    }
    const parts = (['Gate', 'Database'] as const).filter((part) => failing.includes(part))
    const depths: number[] = []
    const attempts = parts.flatMap((part) =>
      writes.flatMap((one, route) =>
        inTurn(['throwing', 'garbage', 'hanging'], route).map((way) => ({ part, way, one })),
      ),
    )
    for (const { part, way, one } of attempts) if (way !== 'hanging') depths.push(await depth(part, way, one))
    const waiting = attempts.filter(({ way }) => way === 'hanging')
    depths.push(...(await Promise.all(waiting.map(({ part, way, one }) => depth(part, way, one)))))
    expect(Math.max(...depths)).toBeGreaterThan(1)
  })

  it('that is the gate admits no ended session, whatever KV has', async () => {
    const gateFailures = (await failures()).filter(({ part }) => part === 'Gate')
    expect(gateFailures.length).toBeGreaterThan(5)
    await Promise.all(
      gateFailures.map(async ({ what, bindings }) => {
        const ana = await newcomer()
        const stale = JSON.stringify(await findCachedUser(db, ana.id))
        await writeAtNewRevision(gateOf(env, `user:${ana.id}`), 0, (revision) =>
          endSessions(db, ana.id, { only: ana.sessionId }, revision, { kind: 'session-ended', ...nowhere }),
        )
        await env.CACHE.put(`user:${ana.id}`, stale)
        for (const path of ['/api/users/me', contactPath(ana)]) {
          expect(await problemOf(path, ana, bindings), what).toBe('401 session-revoked')
        }
      }),
    )
  })

  it('shows nobody another’s account, though KV returns the wrong copy', async () => {
    const [ana, boris] = [await newcomer(), await newcomer()]
    const copy = await findCachedUser(db, boris.id)
    // Both accounts have the same revision, so the revision alone would accept Boris's copy.
    expect(copy?.account.revision).toBe((await findCachedUser(db, ana.id))?.account.revision)
    const bindings = wrapped.KV(() => Promise.resolve(copy))
    const me: Case = { route: 'GET /api/users/me', own: true, ask: signedIn(() => '/api/users/me') }
    const list: Case = { route: 'GET /api/contacts', own: true, ask: signedIn(() => '/api/contacts') }
    for (const one of [me, list]) expect((await answered(one, ana, bindings, one.route)).status).toBe(200)
  })

  it('loses no letter if it is the mail server', async () => {
    const mail = (await failures()).filter(({ part }) => part === 'Mail')
    const writing = cases.filter(({ route }) => /signup|verification-email|POST .api.*reset-email/.test(route))
    await Promise.all(
      mail.flatMap(({ way, what, bindings }) =>
        writing.map(async (one) => {
          const ana = await newcomer(one)
          const { status } = await answered(one, ana, bindings, `${one.route}, ${what}`, way !== 'hanging')
          expect(status).toBe(one.route.endsWith('signup') ? 201 : 202)
          // The newcomer's own letter, which has not been tried, and the one that was just requested: inserted with the
          // account at signup, or soon after the response to a request.
          const waiting = await vi.waitFor(async () => {
            const letters = (await stored(ana))[4]
            const unsent = letters.filter(({ due_at, text, sent_at }) => due_at && text && sent_at === null)
            expect(unsent).toHaveLength(2)
            return unsent
          }, 5000)
          if (way !== 'hanging') {
            expect(waiting.map(({ attempts, last_error }) => [attempts, last_error !== null])).toEqual([
              [0, false],
              [1, true],
            ])
          }
        }),
      ),
    )
  })
})
