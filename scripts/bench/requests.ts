import { marks, someone } from './marks.ts'
import { type Person, refreshTokenOf } from './population.ts'

/** A request of the service, and the baselines that it is compared with. */
export interface Measured {
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

export const measured: readonly Measured[] = [
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
export interface Target {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly headers: (person: Person) => Record<string, string>
  readonly body?: ((person: Person) => unknown) | undefined
  readonly refreshing?: boolean
}

/** How a request is sent to the service, and how to each of the baselines. */
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
