import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { confirmed, password } from '../../test/browser/people.ts'
import { type StartedService, startService } from '../../test/browser/started.ts'
import { picture } from '../../test/pictures.ts'
import { asForm, connect, dataOf, nextCursor, type Options, ProblemError, type Vizitka } from './client.ts'
import type { Tokens } from './schema.d.ts'

let service: StartedService
beforeAll(async () => {
  service = await startService({ ACCESS_TOKEN_TTL: '3s', RATE_LIMITS: 'contacts-create=2/3s' })
})
afterAll(() => service.close())

interface Observed extends Vizitka {
  /** Each request that left, with the status that came back: `GET /api/contacts 200`. */
  readonly seen: string[]
  /** What `onTokens` was told, newest last. */
  readonly reported: (Tokens | null)[]
}

type Answering = (request: Request, pass: () => Promise<Response>) => Promise<Response>

/** A client whose requests are written down, and may be answered by a test on their way. */
function observed(options: Partial<Options> = {}, answering: Answering = (_, pass) => pass()): Observed {
  const seen: string[] = []
  const reported: (Tokens | null)[] = []
  const vizitka = connect({
    url: service.url,
    onTokens: (tokens) => reported.push(tokens),
    async fetch(request) {
      const { method, url } = request
      const answer = await answering(request, () => fetch(request))
      seen.push(`${method} ${new URL(url).pathname} ${answer.status}`)
      return answer
    },
    ...options,
  })
  return { ...vizitka, seen, reported: reported }
}

/** Somebody who has logged in by this client. */
async function loggedIn(name: string, options?: Partial<Options>, answering?: Answering): Promise<Observed> {
  const { email } = await confirmed(service, name)
  const vizitka = observed(options, answering)
  await vizitka.logIn(email, password)
  vizitka.seen.length = 0
  return vizitka
}

/** Waits until the service says that an access token has expired. */
async function expiryOf({ reported }: Observed): Promise<Tokens> {
  const tokens = reported.at(-1)
  if (!tokens) throw new Error('Nobody is logged in.')
  const headers = { Authorization: `Bearer ${tokens.access_token}` }
  while ((await fetch(`${service.url}/api/users/me`, { headers })).ok)
    await new Promise((done) => setTimeout(done, 200))
  return tokens
}

const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: unknown) => error,
  )

/** What a client saw, but for tokens that happened to expire meanwhile. */
const answers = ({ seen }: Observed): string[] => seen.filter((line) => !/ 401$|\/refresh /.test(line))

/** A 503 as the service gives it. */
const unavailable = (retryAfter = '1'): Response =>
  Response.json(
    {
      type: `${service.url}/problems/gate-unavailable`,
      title: 'Gate unavailable',
      status: 503,
      detail: 'Something behind the service is down: try again in a moment.',
      code: 'gate-unavailable',
      request_id: '0b1f6a0e-7d3c-4b8e-9a53-2f1f6a1c9d77',
    },
    { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': retryAfter } },
  )

const me = ({ api }: Vizitka) => dataOf(api.GET('/api/users/me'))
const add = ({ api }: Vizitka, first_name: string, key?: string) =>
  dataOf(
    api.POST('/api/contacts', {
      params: { header: key === undefined ? {} : { 'Idempotency-Key': key } },
      body: { first_name },
    }),
  )

describe('a session', () => {
  it('begins with tokens that are told, goes on in another client, and ends', async () => {
    const ana = await loggedIn('Ana')
    expect(ana.reported).toEqual([expect.objectContaining({ token_type: 'bearer', expires_in: 3 })])
    expect(await me(ana)).toMatchObject({ username: 'Ana', confirmed: true })

    const later = observed({ tokens: ana.reported[0] ?? null })
    expect(await me(later)).toMatchObject({ username: 'Ana' })
    await later.logOut()
    expect(later.reported.at(-1)).toBeNull()
    expect(await failureOf(me(later))).toMatchObject({ code: 'not-signed-in' })
    // The first client hears of it by its next request.
    expect(await failureOf(me(ana))).toMatchObject({ code: 'session-revoked' })
    expect(ana.reported.at(-1)).toBeNull()
    await ana.logOut()
  })

  it('is refreshed once for two requests that find it expired at once', async () => {
    const ana = await loggedIn('Ana')
    const old = await expiryOf(ana)
    const [{ username }, contacts] = await Promise.all([me(ana), dataOf(ana.api.GET('/api/contacts'))])
    expect([username, contacts]).toEqual(['Ana', []])
    expect(ana.seen.filter((line) => line.includes('refresh'))).toEqual(['POST /api/auth/refresh 200'])
    expect(ana.seen.filter((line) => line.endsWith('401'))).toHaveLength(2)
    expect(ana.reported.at(-1)?.refresh_token).not.toBe(old.refresh_token)
  })

  it('is not refreshed again by an answer that comes after another request has done it', async () => {
    let release = () => {}
    const refreshed = new Promise<void>((done) => {
      release = done
    })
    const ana = await loggedIn('Ana', {}, async (request, pass) => {
      const answer = await pass()
      const isList = request.url.endsWith('/api/contacts')
      if (isList && answer.status === 401) await refreshed
      return answer
    })
    await expiryOf(ana)
    const late = dataOf(ana.api.GET('/api/contacts'))
    await me(ana)
    release()
    expect(await late).toEqual([])
    expect(ana.seen.filter((line) => line.includes('refresh'))).toHaveLength(1)
  })

  it('sends a body again, once the token that was refused is exchanged', async () => {
    const ana = await loggedIn('Ana')
    await expiryOf(ana)
    expect(await add(ana, 'Олесь')).toMatchObject({ full_name: 'Олесь' })
    expect(ana.seen).toEqual(['POST /api/contacts 401', 'POST /api/auth/refresh 200', 'POST /api/contacts 201'])
  })

  it('is over when its refresh token is refused, and that is told', async () => {
    const ana = await loggedIn('Ana')
    const tokens = await expiryOf(ana)
    await observed({ tokens }).logOut()
    expect(await failureOf(me(ana))).toMatchObject({ name: 'ProblemError', status: 401, code: 'session-revoked' })
    expect(ana.reported.at(-1)).toBeNull()
  })
})

describe('a request that the service has no room for', () => {
  it('waits as long as Retry-After says, and adds one contact for each key', async () => {
    const ana = await loggedIn('Ana')
    const keys = ['Ana', 'Bohdan', 'Vira']
    for (const key of keys) await add(ana, key, key)
    expect(answers(ana)).toEqual([
      'POST /api/contacts 201',
      'POST /api/contacts 201',
      'POST /api/contacts 429',
      'POST /api/contacts 201',
    ])
    expect(await dataOf(ana.api.GET('/api/contacts'))).toHaveLength(3)
  })

  it('is not sent again when sending it twice could do it twice', async () => {
    const ana = await loggedIn('Ana')
    await add(ana, 'Ana')
    await add(ana, 'Bohdan')
    const refused = await failureOf(add(ana, 'Vira'))
    expect(refused).toBeInstanceOf(ProblemError)
    expect(refused).toMatchObject({ status: 429, code: 'too-many-requests', retryAfterSeconds: expect.any(Number) })
    expect(answers(ana)).toEqual(['POST /api/contacts 201', 'POST /api/contacts 201', 'POST /api/contacts 429'])
  })

  it('is sent again after a 503 when it only reads', async () => {
    let down = 2
    const ana = await loggedIn('Ana', {}, (request, pass) =>
      request.url.includes('/api/users') && down-- > 0 ? Promise.resolve(unavailable()) : pass(),
    )
    const start = performance.now()
    expect(await me(ana)).toMatchObject({ username: 'Ana' })
    expect(performance.now() - start).toBeGreaterThan(1990)
    expect(answers(ana)).toEqual(['GET /api/users/me 503', 'GET /api/users/me 503', 'GET /api/users/me 200'])

    down = 1
    const rename = ana.api.PATCH('/api/users/me', { body: { username: 'Анна' } })
    expect(await failureOf(rename)).toMatchObject({ status: 503, code: 'gate-unavailable', retryAfterSeconds: 1 })
  })

  it('gives up when it would have to wait longer than it may', async () => {
    const ana = await loggedIn('Ana', { patienceSeconds: 5 }, (request, pass) =>
      request.url.includes('/api/users') ? Promise.resolve(unavailable('6')) : pass(),
    )
    expect(await failureOf(me(ana))).toMatchObject({ status: 503, retryAfterSeconds: 6 })
    expect(ana.seen).toHaveLength(1)
  })

  it('stops waiting when it is no longer wanted', async () => {
    const ana = await loggedIn('Ana', {}, (request, pass) =>
      request.url.includes('/api/users') ? Promise.resolve(unavailable('30')) : pass(),
    )
    const wanted = new AbortController()
    const call = failureOf(ana.api.GET('/api/users/me', { signal: wanted.signal }))
    setTimeout(() => wanted.abort(new Error('No longer.')), 100)
    expect(await call).toMatchObject({ message: 'No longer.' })
  })
})

describe('what goes wrong', () => {
  it('is an error that says what, where, and what to do', async () => {
    const ana = await loggedIn('Ana')
    const refused = await failureOf(
      dataOf(ana.api.POST('/api/contacts', { body: { birthday: '2025-02-29', email: 'x' } })),
    )
    expect(refused).toBeInstanceOf(ProblemError)
    expect(refused).toMatchObject({
      status: 422,
      code: 'invalid-values',
      message: '3 values are wrong; see "errors".',
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      faults: [
        { pointer: '/email', detail: 'email: must be an e-mail address, such as ana@example.com' },
        { pointer: '/birthday', detail: expect.stringContaining('must be a real date') },
        { pointer: '/first_name', detail: 'Give a first name, a last name, or both.' },
      ],
    })
  })

  it('is an error, too, when something else answers in the place of the service', async () => {
    const proxy = async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Retry-After': '1' } })
    const nobody = observed({}, proxy)
    expect(await failureOf(me(nobody))).toMatchObject({ message: expect.stringContaining('answered 502') })
    expect(nobody.seen).toHaveLength(1)
  })
})

describe('a list', () => {
  it('is read page by page', async () => {
    const ana = await loggedIn('Ana')
    for (const name of ['Ana', 'Bohdan', 'Vira']) await add(ana, name, name)
    const names: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const query = { limit: 2, ...(cursor !== undefined && { cursor }) }
      const page = await ana.api.GET('/api/contacts', { params: { query } })
      for (const { full_name } of await dataOf(page)) names.push(full_name)
      cursor = nextCursor(page.response)
      pages++
    } while (cursor !== undefined)
    expect([pages, names]).toEqual([2, ['Ana', 'Bohdan', 'Vira']])
  })
})

describe('a picture', () => {
  it('is given as a form', async () => {
    const ana = await loggedIn('Ana')
    const before = await me(ana)
    const file = new Blob([picture('png')])
    const after = await dataOf(ana.api.PATCH('/api/users/avatar', { body: { file }, bodySerializer: asForm }))
    expect(after.avatar).not.toBe(before.avatar)
    const displayed = await fetch(new URL(new URL(after.avatar).pathname, service.url))
    expect([displayed.status, displayed.headers.get('Content-Type')]).toEqual([200, 'image/png'])
  })
})

describe('a file to import', () => {
  const file = new Blob(['BEGIN:VCARD\r\nVERSION:3.0\r\nUID:oles\r\nFN:Oles\r\nEND:VCARD\r\n'])
  const send = ({ api }: Vizitka) => dataOf(api.POST('/api/imports', { body: { file }, bodySerializer: asForm }))

  it('is sent as a form, and as its media type', async () => {
    const ana = await loggedIn('Ana')
    expect(await send(ana)).toMatchObject({ state: 'done', format: 'vcard', counts: { added: 1 } })
    const headers = { 'Content-Type': 'text/csv' }
    const body = 'First Name\r\nBohdan\r\n'
    const csv = ana.api.POST('/api/imports', { body, headers, bodySerializer: (text) => text })
    expect(await dataOf(csv)).toMatchObject({ state: 'done', format: 'csv', counts: { added: 1 } })
    expect(() => asForm('First Name\r\n')).toThrow(TypeError)
  })

  it('is not sent twice, but gone on with and undone when there is room for the request again', async () => {
    const refusedPaths: string[] = []
    const ana = await loggedIn('Ana', {}, (request, pass) => {
      const { pathname } = new URL(request.url)
      const isFirst = pathname.startsWith('/api/imports') && !refusedPaths.includes(pathname)
      return isFirst && refusedPaths.push(pathname) ? Promise.resolve(unavailable()) : pass()
    })
    expect(await failureOf(send(ana))).toMatchObject({ status: 503, code: 'gate-unavailable' })
    const { id } = await send(ana)
    const init = { params: { path: { id } } }
    expect(await dataOf(ana.api.POST('/api/imports/{id}/continue', init))).toMatchObject({ state: 'done', done: 1 })
    expect(await dataOf(ana.api.POST('/api/imports/{id}/undo', init))).toMatchObject({ state: 'undone', undone: 1 })
    expect(refusedPaths).toEqual(['/api/imports', `/api/imports/${id}/continue`, `/api/imports/${id}/undo`])
  })
})
