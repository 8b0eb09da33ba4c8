import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import {
  type Answer,
  apiDocument,
  type Call,
  call,
  olderPaths,
  pointersOf,
  problemOf,
  read,
} from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { as, essence } from '../../test/older-paths.ts'
import {
  awaitLetters,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  lettersTo,
  linkToken,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { sessions } from '../auth/table.ts'
import { users } from '../users/table.ts'

const db = database()
const tokensSchema = z.strictObject({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.literal(900),
})

async function signup(): Promise<string> {
  const email = freshEmail('waiting')
  expect((await as('POST', '/api/auth/signup', { json: { username: 'waiting', email, password } })).status).toBe(201)
  return email
}

describe('the older paths', () => {
  it('are not in the document', async () => {
    const paths = Object.keys((await apiDocument()).paths)
    for (const older of olderPaths) {
      const path = older.replace(/^\w+ /, '').replace('{}', '')
      expect(paths.filter((existing) => existing.startsWith(path))).toEqual([])
    }
  })

  it('support only their own method', async () => {
    const others = ['GET /api/auth/request_email', 'GET /api/auth/reset_pwd', 'POST /api/auth/refresh_token']
    for (const [method = '', path = ''] of [...others, 'POST /api/email/confirm/x'].map((one) => one.split(' '))) {
      const answer = await serve({}, path, { method })
      expect(answer.status, path).toBe(405)
      expect(answer.headers.get('Allow')).toBe(method === 'GET' ? 'POST' : 'GET, HEAD')
    }
  })
})

describe('GET /api/auth/refresh_token', () => {
  const path = '/api/auth/refresh_token'

  it('rotates a refresh token sent as a bearer token, as POST /api/auth/refresh does', async () => {
    const ana = await signedUp('ana')
    let token = ana.refresh
    for (const [method, requested] of [
      ['GET', path],
      ['GET', `${path}/`],
      ['POST', '/api/auth/refresh'],
    ] as const) {
      const answer = await as(method, requested, { token })
      expect(answer.status, requested).toBe(200)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      const { access_token, refresh_token } = read(tokensSchema, answer)
      expect(refresh_token).not.toBe(token)
      expect((await call('GET', '/api/users/me', { token: access_token })).body).toMatchObject({ id: ana.id })
      token = refresh_token
    }
    // Two generations old: it counts as stolen on both paths.
    expect(problemOf(await as('GET', path, { token: ana.refresh }))).toBe('401 session-revoked')
    expect(await db.select().from(sessions).where(eq(sessions.user_id, ana.id))).toEqual([])
  })

  it('refuses other tokens with the problems of the other path', async () => {
    const ana = await signedUp('ana')
    for (const token of [ana.access, 'x', `${ana.refresh}x`]) {
      const [older, ours] = [await as('GET', path, { token }), await as('POST', '/api/auth/refresh', { token })]
      expect(problemOf(older)).toBe('401 invalid-refresh-token')
      expect(essence(older)).toEqual(essence(ours))
      expect(older.headers.get('WWW-Authenticate')).toBe(ours.headers.get('WWW-Authenticate'))
    }
    await ana.post('/api/auth/logout')
    expect(problemOf(await as('GET', path, { token: ana.refresh }))).toBe('401 session-revoked')
    const none = await as('GET', path)
    expect(problemOf(none)).toBe('401 not-signed-in')
    expect(none.headers.get('WWW-Authenticate')).toBe('Bearer')
    // It is not an access token, so nothing else accepts it.
    expect(problemOf(await call('GET', '/api/users/me', { token: ana.refresh }))).toBe('401 invalid-token')
  })

  it('shares the limit of refreshing', async () => {
    const ana = await signedUp('ana')
    const limits = { RATE_LIMITS: 'refresh=2/60s' }
    const older = () => serve(limits, path, { token: ana.refresh })
    const ours = () => serve(limits, '/api/auth/refresh', { method: 'POST', json: { refresh_token: ana.refresh } })
    expect([(await older()).status, (await ours()).status]).toEqual([200, 200])
    for (const refused of [await older(), await ours()]) {
      expect(refused.status).toBe(429)
      expect(refused.headers.get('RateLimit-Policy')).toBe('"refresh";q=2;w=60')
      expect(await refused.json()).toMatchObject({ violated_policies: ['refresh'] })
    }
  })
})

describe.each([
  ['/api/auth/request_email', '/api/auth/verification-email'],
  ['/api/auth/reset_pwd', '/api/auth/request-password-reset-email'],
])('POST %s', (older, ours) => {
  it(`answers as ${ours}, whether the address is known or not, with and without a slash`, async () => {
    const ana = await signedUp('ana')
    const answers: Answer[] = []
    for (const path of [ours, older, `${older}/`]) {
      for (const email of [ana.email, await signup(), freshEmail('nobody')]) {
        answers.push(await as('POST', path, { json: { email } }))
      }
    }
    expect(answers[0]?.status).toBe(202)
    for (const answer of answers) expect(essence(answer)).toEqual(essence(answers[0] as Answer))
  })

  it('refuses the same bodies', async () => {
    const json = { 'Content-Type': 'application/json' }
    const bad: Call[] = [
      { json: {} },
      { json: { email: 'ana' } },
      { json: { email: 'ana@example.com', password: 'new' } },
      { raw: '{"email":', headers: json },
      { raw: new Uint8Array([0x22, 0xff, 0x22]), headers: json },
      { raw: '<x/>', headers: { 'Content-Type': 'application/xml' } },
      { raw: `"${'x'.repeat(1_100_000)}"`, headers: json },
      {},
    ]
    const statuses = []
    for (const body of bad) {
      const [one, other] = [await as('POST', older, body), await as('POST', ours, body)]
      expect(essence(one)).toEqual(essence(other))
      expect(one.headers.get('Content-Type')).toBe('application/problem+json')
      statuses.push(one.status)
    }
    expect(statuses.slice(0, 7)).toEqual([422, 422, 422, 400, 400, 415, 413])
    expect(pointersOf(await as('POST', older, { json: { email: 'ana' } }))).toEqual(['/email'])
  })

  it('shares the limits, those by address and those by e-mail', async () => {
    const headers = from(freshAddress())
    const ask = (path: string, email: string, more: Record<string, string>, limits = '') =>
      serve({ RATE_LIMITS: limits }, path, { method: 'POST', json: { email }, headers: more })
    const nobody = freshEmail('nobody')
    expect((await ask(older, nobody, headers)).status).toBe(202)
    expect((await ask(ours, nobody, headers)).status).toBe(202)
    for (const path of [older, ours]) {
      const refused = await ask(path, nobody, headers)
      expect(refused.status).toBe(429)
      expect(refused.headers.get('RateLimit-Policy')).toBe('"request-email";q=2;w=60')
      expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/)
    }
    const email = await signup()
    await awaitLetters(email)
    for (const path of [older, ours, older, ours, older]) {
      expect((await ask(path, email, from(freshAddress()))).status).toBe(202)
    }
    // The first letter was signup's, and three were requested. `serve` has waited for all of them.
    await awaitLetters(email, 4)
    expect(await lettersTo(email)).toHaveLength(4)
  })
})

describe('POST /api/auth/request_email', () => {
  it('sends another confirmation letter, which links to our own page', async () => {
    const email = await signup()
    await awaitLetters(email)
    expect((await as('POST', '/api/auth/request_email', { json: { email } })).status).toBe(202)
    const token = await confirmationToken(email, 2)
    expect((await as('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
  })
})

describe('POST /api/auth/reset_pwd', () => {
  it('sends a reset link, never a password, and changes nothing', async () => {
    const ana = await signedUp('ana')
    const hashOf = async () => (await db.select().from(users).where(eq(users.id, ana.id)))[0]?.password_hash
    const before = await hashOf()
    expect((await as('POST', '/api/auth/reset_pwd', { json: { email: ana.email } })).status).toBe(202)
    const token = await linkToken(ana.email, 'reset-password')
    expect(await hashOf()).toBe(before)
    expect((await ana.get('/api/users/me')).status).toBe(200)
    expect((await as('GET', `/api/auth/reset-password/${token}`)).status).toBe(200)
    const [letter] = await lettersTo(ana.email)
    expect(letter?.Text.match(/https:\S+/g)).toEqual([`https://vizitka.test/reset-password/${token}`])
  })
})

describe.each(['/api/auth/confirmed_email/', '/api/email/confirm/'])('GET %s{token}', (older) => {
  it.each(['', '/'])('confirms, as POST /api/auth/confirm-email does: "%s" at its end', async (end) => {
    const email = await signup()
    const token = await confirmationToken(email)
    const login = () => as('POST', '/api/auth/login', { json: { email, password } })
    expect(problemOf(await login())).toBe('401 email-not-confirmed')
    const first = await as('GET', `${older}${token}${end}`)
    expect(first.status).toBe(200)
    expect((await login()).status).toBe(200)
    // Repeating it works, on both paths.
    expect(essence(await as('GET', `${older}${token}${end}`))).toEqual(essence(first))
    expect(essence(await as('POST', '/api/auth/confirm-email', { json: { token } }))).toEqual(essence(first))
  })

  it('confirms a new address of an account', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    await ana.post('/api/users/me/email', { email: target, current_password: password })
    expect((await as('GET', older + (await confirmationToken(target)))).status).toBe(200)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: target })
  })

  it('refuses the same tokens, with the same problems', async () => {
    const ana = await signedUp('ana')
    await as('POST', '/api/auth/reset_pwd', { json: { email: ana.email } })
    const reset = await linkToken(ana.email, 'reset-password')
    for (const token of ['none', ana.access, ana.refresh, reset].map((one) => one.slice(0, 200))) {
      const [one, other] = [
        await as('GET', older + token),
        await as('POST', '/api/auth/confirm-email', { json: { token } }),
      ]
      expect(problemOf(one)).toBe('404 link-not-found')
      expect(essence(one)).toEqual(essence(other))
    }
    expect(problemOf(await as('GET', `${older}${'x'.repeat(5000)}`))).toBe('404 link-not-found')
    const target = freshEmail('target')
    await ana.post('/api/users/me/email', { email: target, current_password: password })
    const move = await confirmationToken(target)
    await as('POST', '/api/auth/signup', { json: { username: 'other', email: target, password } })
    expect(problemOf(await as('GET', older + move))).toBe('409 email-taken')
    const email = await signup()
    const late = await confirmationToken(email)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (7 * 86_400 + 1) * 1000 })
    try {
      expect(problemOf(await as('GET', older + late))).toBe('404 link-not-found')
    } finally {
      vi.useRealTimers()
    }
  })

  it('shares the limit of confirming', async () => {
    const headers = from(freshAddress())
    const limits = { RATE_LIMITS: 'confirm=2/60s' }
    const ours = () => serve(limits, '/api/auth/confirm-email', { method: 'POST', json: { token: 'none' }, headers })
    expect((await serve(limits, `${older}none`, { headers })).status).toBe(404)
    expect((await ours()).status).toBe(404)
    for (const refused of [await serve(limits, `${older}none`, { headers }), await ours()]) {
      expect(refused.status).toBe(429)
      expect(refused.headers.get('RateLimit-Policy')).toBe('"confirm";q=2;w=60')
    }
  })
})

describe('letters', () => {
  it('link to no older path', async () => {
    const email = await signup()
    await as('POST', '/api/auth/request_email', { json: { email } })
    const letters = await awaitLetters(email, 2)
    for (const { Text, HTML } of letters) expect(Text + HTML).not.toMatch(/confirmed_email|email\/confirm/)
  })
})
