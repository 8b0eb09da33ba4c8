import { marks, sampleContact } from './marks.ts'
import { type Person, refreshTokenOf } from './population.ts'

/** A request of the service that is measured. */
export interface Measured {
  readonly name: string
  /** The name of its recording, in a path. */
  readonly recording: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly body?: (person: Person) => unknown
  /** Whether each request needs the token that the one before it was answered, and no access token. */
  readonly isRefresh?: boolean
}

const get = (name: string, recording: string, path: (person: Person) => string): Measured => ({
  name,
  recording,
  method: 'GET',
  path,
})

export const measured: readonly Measured[] = [
  get('me', 'me', () => '/api/users/me'),
  get('contact by id', 'contact', ({ contact }) => `/api/contacts/${contact}`),
  get('list of 20', 'list', () => '/api/contacts'),
  get('search', 'search', () => `/api/contacts?q=${encodeURIComponent('ол')}`),
  get('birthdays', 'birthdays', () => '/api/contacts/birthdays'),
  { name: 'create', recording: 'create', method: 'POST', path: () => '/api/contacts', body: () => sampleContact },
  {
    ...{ name: 'update', recording: 'update', method: 'PATCH', path: ({ contact }) => `/api/contacts/${contact}` },
    body: () => ({ additional: 'Moved to Lviv.' }),
  },
  {
    ...{ name: 'refresh', recording: 'refresh', method: 'POST', path: () => '/api/auth/refresh', isRefresh: true },
    body: ({ refreshToken }) => ({ refresh_token: refreshToken }),
  },
]

/** How a request is sent. */
export interface Target {
  readonly url: string
  readonly request: Measured
  readonly headers: (person: Person) => Record<string, string>
}

const json = { 'Content-Type': 'application/json' }

/** How a request is sent to the service. */
export const serviceTarget = (url: string, request: Measured): Target => ({
  url,
  request,
  headers: ({ accessToken }) => ({
    ...(request.isRefresh ? {} : { Authorization: `Bearer ${accessToken}` }),
    ...(request.body ? json : {}),
  }),
})

/** How its recorded calls are asked for. */
export const baselineTarget = (url: string, { isRefresh, ...request }: Measured): Target => ({
  url,
  request: {
    ...request,
    path: ({ id, contact, session }) => `/replay/${request.recording}?user=${id}&contact=${contact}&session=${session}`,
  },
  headers: () => (request.body ? json : {}),
})

/** Has the baseline's Worker send a request through the service, and record its calls. */
export async function record(baseline: string, request: Measured, person: Person): Promise<void> {
  const post = (path: string, body: string) => fetch(baseline + path, { method: 'POST', body })
  const mark = () => post('/sql', `UPDATE contacts SET revision = ${marks.revision} WHERE id = ${marks.contact}`)
  await mark()
  await post('/sql', `UPDATE sessions SET generation = ${marks.generation} WHERE id = ${marks.session}`)
  const refreshToken = refreshTokenOf(marks.session, marks.generation)
  // Twice: the first one reads the account from the database and caches it.
  for (const name of request.isRefresh ? [request.recording] : ['first', request.recording]) {
    const answer = await post(
      `/record/${name}`,
      JSON.stringify({
        path: request.path(person),
        method: request.method,
        headers: { ...json, Authorization: `Bearer ${person.accessToken}` },
        body: request.body ? JSON.stringify(request.body({ ...person, refreshToken })) : null,
      }),
    )
    const { status, body } = (await answer.json()) as { status: number; body: string }
    if (status >= 300) throw new Error(`${request.name} was answered ${status}: ${body}`)
    await mark()
  }
  await post('/sql', `UPDATE sessions SET generation = 1 WHERE id = ${marks.session}`)
}
