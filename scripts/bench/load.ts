import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Drive, Driven } from './driver.ts'
import { summary } from './figures.ts'
import { marks, someone } from './marks.ts'
import { type Person, password, populate, refreshTokenOf, vars } from './population.ts'
import { build, createDatabase, startRuntime } from './runtime.ts'

/** A request of the service, and the baselines that it is compared with. */
interface Measured {
  readonly name: string
  readonly plan: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly body?: (person: Person) => unknown
  /** What the second baseline does: one query, or one insert. */
  readonly bare: 'query' | 'insert'
  /** Each request needs the token that the one before it was answered. */
  readonly refreshing?: boolean
  /** Does not carry an access token. */
  readonly anonymous?: boolean
}

const json = { 'Content-Type': 'application/json' }

export const all: readonly Measured[] = [
  { name: 'me', plan: 'me', method: 'GET', path: () => '/api/users/me', bare: 'query' },
  {
    name: 'contact by id',
    plan: 'contact',
    method: 'GET',
    path: ({ contact }) => `/api/contacts/${contact}`,
    bare: 'query',
  },
  { name: 'list of 20', plan: 'list', method: 'GET', path: () => '/api/contacts', bare: 'query' },
  {
    name: 'search',
    plan: 'search',
    method: 'GET',
    path: () => `/api/contacts?q=${encodeURIComponent('олена')}`,
    bare: 'query',
  },
  { name: 'birthdays', plan: 'birthdays', method: 'GET', path: () => '/api/contacts/birthdays', bare: 'query' },
  { name: 'create', plan: 'create', method: 'POST', path: () => '/api/contacts', body: () => someone, bare: 'insert' },
  {
    name: 'update',
    plan: 'update',
    method: 'PATCH',
    path: ({ contact }) => `/api/contacts/${contact}`,
    body: () => ({ additional: 'Moved to Lviv.' }),
    bare: 'insert',
  },
  {
    name: 'refresh',
    plan: 'refresh',
    method: 'POST',
    path: () => '/api/auth/refresh',
    body: ({ refreshToken }) => ({ refresh_token: refreshToken }),
    bare: 'insert',
    anonymous: true,
    refreshing: true,
  },
]

/** How requests of one kind are sent. */
interface Target {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly headers: (person: Person) => Record<string, string>
  readonly body?: ((person: Person) => unknown) | undefined
  readonly refreshing?: boolean
}

const connections = 32

/** Drives a target for so many seconds, each connection as a person of its own. @throws Error on any answer but a success */
export async function drive(target: Target, everyone: readonly Person[], seconds: number): Promise<Driven> {
  const requests = everyone.map((person) => ({
    method: target.method,
    path: target.path(person),
    headers: target.headers(person),
    ...(target.body ? { body: JSON.stringify(target.body(person)) } : {}),
  }))
  const asked: Drive = { url: target.url, seconds, requests, refreshing: target.refreshing ?? false }
  const driver = fork(join(import.meta.dirname, 'driver.ts'))
  driver.send(asked)
  const [driven] = (await Promise.race([once(driver, 'message'), died(driver)])) as [Driven]
  if (Object.keys(driven.failures).length > 0) {
    throw new Error(`${target.method} ${requests[0]?.path}: ${JSON.stringify(driven.failures)}`)
  }
  for (const [at, token] of driven.tokens.entries()) {
    const person = everyone[at]
    if (person && token) person.refreshToken = token
  }
  return driven
}

async function died(driver: ChildProcess): Promise<never> {
  const [code] = await once(driver, 'exit')
  throw new Error(`The driver ended with ${code} and no figures.`)
}

/** What the service and its baselines do in a second, side by side in one runtime. */
export async function load(quick: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-load-'))
  const sqlite = await createDatabase(folder)
  const everyone = await populate(sqlite, connections * 2, quick ? 100 : 1000)
  sqlite.close()
  const [service, baselines] = [await build(), await build('scripts/bench/baselines.ts')]
  const runtime = await startRuntime({ folder, workers: { service, baselines }, vars })
  try {
    const { service: url = '', baselines: base = '' } = runtime.urls
    const [ours, theirs] = [everyone.slice(0, connections), everyone.slice(connections)]
    const rounds = quick ? 1 : 5
    const seconds = quick ? 1 : 4
    const lines: string[] = []
    for (const one of all) {
      await record(base, one, everyone[0] as Person)
      const targets = targetsOf(one, url, base)
      const found: Record<string, Driven[]> = {}
      // Warm: compiled, with every gate awake and every copy held.
      for (const [name, target] of Object.entries(targets)) {
        await drive(target, name === 'same' ? theirs : ours, quick ? 1 : 2)
      }
      for (let round = 0; round < rounds; round++) {
        for (const [name, target] of Object.entries(targets)) {
          const figures = await drive(target, name === 'same' ? theirs : ours, seconds)
          found[name] = [...(found[name] ?? []), figures]
        }
      }
      lines.push(line(one, found))
      console.log(lines.at(-1))
    }
    return lines.join('\n')
  } finally {
    await runtime.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function line({ name, bare }: Measured, found: Readonly<Record<string, readonly Driven[]>>): string {
  const median = (variant: string, of: 'rate' | 'p50' | 'p99'): number =>
    summary((found[variant] ?? []).map((one) => one[of])).median
  const against = (variant: string): string => {
    const ratios = (found.service ?? []).map(({ rate }, round) => rate / (found[variant]?.[round]?.rate ?? Number.NaN))
    return summary(ratios).median.toFixed(2)
  }
  const rate = (variant: string) => median(variant, 'rate').toFixed(0)
  return `| ${name} | ${rate('service')} | ${median('service', 'p50')} | ${median('service', 'p99')} | ${rate('same')} | **${against('same')}** | ${rate('bare')} (${bare}) | **${against('bare')}** | ${rate('hono')} | ${against('hono')} |`
}

export function targetsOf(one: Measured, url: string, base: string): Record<string, Target> {
  const query = (person: Person) => `user=${person.id}&contact=${person.contact}&session=${person.session}`
  const written = one.body ? { body: one.body } : {}
  return {
    hono: { url: base, method: 'GET', path: () => '/bare', headers: () => ({}) },
    bare:
      one.bare === 'insert'
        ? { url: base, method: 'POST', path: (p) => `/insert?${query(p)}`, headers: () => json, body: () => someone }
        : { url: base, method: 'GET', path: (p) => `/query/${one.plan}?${query(p)}`, headers: () => ({}) },
    same: {
      url: base,
      method: one.method,
      path: (p) => `/same/${one.plan}?${query(p)}`,
      headers: () => (one.body ? json : {}),
      ...written,
    },
    service: {
      url,
      method: one.method,
      path: one.path,
      headers: (p) => ({
        ...(one.anonymous ? {} : { Authorization: `Bearer ${p.accessToken}` }),
        ...(one.body ? json : {}),
      }),
      ...written,
      refreshing: one.refreshing ?? false,
    },
  }
}

/** Has the baselines' Worker send a request through the service once, and keep what it asked of gates and database. */
export async function record(base: string, one: Measured, person: Person): Promise<void> {
  const ask = (path: string, body: string) => fetch(base + path, { method: 'POST', body })
  await ask('/sql', `UPDATE contacts SET revision = ${marks.revision} WHERE id = ${marks.contact}`)
  await ask('/sql', `UPDATE sessions SET generation = ${marks.generation} WHERE id = ${marks.session}`)
  const refreshToken = refreshTokenOf(marks.session, marks.generation)
  // Twice: the first time the person's copy is read from the database, and kept.
  for (const plan of one.anonymous ? [one.plan] : ['first', one.plan]) {
    const answer = await ask(
      `/record/${plan}`,
      JSON.stringify({
        path: one.path(person),
        method: one.method,
        headers: { ...json, Authorization: `Bearer ${person.accessToken}` },
        body: one.body ? JSON.stringify(one.body({ ...person, refreshToken })) : null,
      }),
    )
    const { status, steps, body } = (await answer.json()) as { status: number; steps: unknown[]; body: string }
    if (status >= 300) throw new Error(`${one.name} was answered ${status}: ${body}`)
    if (process.env.BENCH_PLANS) console.log(plan, JSON.stringify(steps, null, 1))
    await ask('/sql', `UPDATE contacts SET revision = ${marks.revision} WHERE id = ${marks.contact}`)
  }
  await ask('/sql', `UPDATE sessions SET generation = 1 WHERE id = ${marks.session}`)
}

export { password }
