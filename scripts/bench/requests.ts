import { marks, sampleContact } from './marks.ts'
import { type Person, refreshTokenOf } from './population.ts'

/** A request of the service that is measured. */
export interface Measured {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly body?: (person: Person) => unknown
  /** Whether each request sends the refresh token of the previous response, and no access token. */
  readonly isRefresh?: boolean
}

const get = (name: string, path: (person: Person) => string): Measured => ({ name, method: 'GET', path })

export const measured: readonly Measured[] = [
  get('me', () => '/api/users/me'),
  get('contact by id', ({ contact }) => `/api/contacts/${contact}`),
  get('list of 20', () => '/api/contacts'),
  get('search', () => `/api/contacts?q=${encodeURIComponent('ол')}`),
  get('birthdays', () => '/api/contacts/birthdays'),
  { name: 'create', method: 'POST', path: () => '/api/contacts', body: () => sampleContact },
  {
    ...{ name: 'update', method: 'PATCH', path: ({ contact }) => `/api/contacts/${contact}` },
    body: () => ({ additional: 'Moved to Lviv.' }),
  },
  {
    ...{ name: 'refresh', method: 'POST', path: () => '/api/auth/refresh', isRefresh: true },
    body: ({ refreshToken }) => ({ refresh_token: refreshToken }),
  },
]

/** A request, with where and how it is sent. */
export interface Target extends Measured {
  readonly url: string
  readonly headers: (person: Person) => Record<string, string>
}

const json = { 'Content-Type': 'application/json' }

/** Sends a request to the service. */
export const serviceTarget = (url: string, request: Measured): Target => ({
  ...{ ...request, url },
  headers: ({ accessToken }) => ({
    ...(request.isRefresh ? {} : { Authorization: `Bearer ${accessToken}` }),
    ...(request.body ? json : {}),
  }),
})

/** Requests a replay of its recorded calls. */
export const baselineTarget = (url: string, { isRefresh, ...request }: Measured): Target => ({
  ...{ ...request, url },
  path: ({ id, contact, session }) =>
    `/replay/${encodeURIComponent(request.name)}?user=${id}&contact=${contact}&session=${session}`,
  headers: () => (request.body ? json : {}),
})

/** Lets the baseline's Worker send a request to the service, and record its calls. */
export async function record(baseline: string, request: Measured, person: Person): Promise<void> {
  const post = (path: string, body: string) => fetch(baseline + path, { method: 'POST', body })
  const mark = () => post('/sql', `UPDATE contacts SET revision = ${marks.revision} WHERE id = ${marks.contact}`)
  await mark()
  await post('/sql', `UPDATE sessions SET generation = ${marks.generation} WHERE id = ${marks.session}`)
  const refreshToken = refreshTokenOf(marks.session, marks.generation)
  const sent = {
    ...{ path: request.path(person), method: request.method },
    headers: { ...json, Authorization: `Bearer ${person.accessToken}` },
    body: request.body ? JSON.stringify(request.body({ ...person, refreshToken })) : null,
  }
  // Twice: the first request reads the account from the database and caches it.
  for (const name of request.isRefresh ? [request.name] : ['first', request.name]) {
    const answer = await post(`/record/${encodeURIComponent(name)}`, JSON.stringify(sent))
    const { status, body } = (await answer.json()) as { status: number; body: string }
    if (status >= 300) throw new Error(`${request.name} was answered ${status}: ${body}`)
    await mark()
  }
  await post('/sql', `UPDATE sessions SET generation = 1 WHERE id = ${marks.session}`)
}
