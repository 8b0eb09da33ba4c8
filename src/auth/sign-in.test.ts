import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { later, login, refresh } from '../../test/accounts.ts'
import { hashCost as costInTests } from '../../test/cheap-cost.ts'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { change, freshAddress, freshEmail, from, type Person, password, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { configuration } from '../config.ts'
import { keysFor, sign } from '../platform/crypto/keys.ts'
import { users } from '../users/table.ts'
import { hashCost } from './hash-cost.ts'
import { startSession } from './session-store.ts'
import { sessions } from './table.ts'

const db = database()
const tokens = z.strictObject({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.literal(900),
})

describe('logging in', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('accepts JSON, and the password form of OAuth 2.0 with everything that its clients send', async () => {
    const byJson = await login(` ${ana.email.toUpperCase()} `)
    expect(byJson.status).toBe(200)
    expect(byJson.headers.get('Cache-Control')).toBe('no-store')
    const byForm = await call('POST', '/api/auth/login', {
      form: { grant_type: 'password', username: ana.email, password, scope: '', client_id: 'x', client_secret: 'y' },
      headers: from(freshAddress()),
    })
    for (const answer of [byJson, byForm]) {
      const { access_token } = read(tokens, answer)
      expect((await call('GET', '/api/users/me', { token: access_token })).body).toMatchObject({ email: ana.email })
    }
  })

  it('treats a form parameter without a value as absent (RFC 6749, section 3.2)', async () => {
    const log = (form: Record<string, string>) =>
      call('POST', '/api/auth/login', { form, headers: from(freshAddress()) })
    const empty = { grant_type: '', scope: '', client_id: '', client_secret: '' }
    expect((await log({ ...empty, username: ana.email, password })).status).toBe(200)
    expect(pointersOf(await log({ ...empty, username: '', password: '' }))).toEqual(['/username', '/password'])
    expect(pointersOf(await log({ ...empty, grant_type: ' ', username: ana.email, password }))).toEqual(['/grant_type'])
  })

  it('has the same response for an unknown address and a wrong password', async () => {
    const wrong = await login(ana.email, 'not the password')
    const unknown = await login(freshEmail('nobody'))
    expect([problemOf(wrong), problemOf(unknown)]).toEqual(Array(2).fill('401 invalid-credentials'))
    const plain = (answer: typeof wrong) => answer.text.replace(/"request_id":"[^"]*"/, '')
    expect(plain(wrong)).toBe(plain(unknown))
  })

  it('refuses a body in neither form', async () => {
    expect(pointersOf(await call('POST', '/api/auth/login'))).toEqual([''])
    expect(pointersOf(await call('POST', '/api/auth/login', { json: {} }))).toEqual(['/email', '/password'])
    expect(pointersOf(await call('POST', '/api/auth/login', { form: { username: ana.email } }))).toEqual(['/password'])
    expect(
      pointersOf(await call('POST', '/api/auth/login', { form: { grant_type: 'code', username: 'a', password } })),
    ).toEqual(['/grant_type'])
    const broken = { raw: '{"email":', headers: { 'Content-Type': 'application/json' } }
    expect(problemOf(await call('POST', '/api/auth/login', broken))).toBe('400 unreadable-body')
    const xml = { raw: '<login/>', headers: { 'Content-Type': 'application/xml' } }
    expect(problemOf(await call('POST', '/api/auth/login', xml))).toBe('415 unsupported-media-type')
  })

  it('is refused to a disabled account, but only after the right password', async () => {
    const banned = await signedUp('banned')
    await change(banned, { disabled: true })
    expect(problemOf(await login(banned.email, 'not the password'))).toBe('401 invalid-credentials')
    expect(problemOf(await login(banned.email))).toBe('403 account-disabled')
    expect(problemOf(await refresh(banned.refresh))).toBe('401 session-revoked')
    expect(problemOf(await banned.get('/api/users/me'))).toBe('401 session-revoked')
  })

  it('replaces a hash of lower cost by one of full cost', async () => {
    const cheap = { ...costInTests }
    Object.assign(costInTests, hashCost)
    onTestFinished(() => {
      Object.assign(costInTests, cheap)
    })
    const olga = await signedUp('olga')
    // A hash as an earlier version stored it: N = 2^10, p = 1.
    const [row] = await db.select().from(users).where(eq(users.id, olga.id))
    expect(row?.password_hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/)
    const { scryptSync } = await import('node:crypto')
    const salt = new TextEncoder().encode('0123456789abcdef')
    const weak = scryptSync(password.normalize('NFC'), salt, 32, { N: 2 ** 10, r: 8, p: 1 })
      .toString('base64')
      .replaceAll('=', '')
    const phc = `$scrypt$ln=10,r=8,p=1$${btoa('0123456789abcdef').replaceAll('=', '')}$${weak}`
    await db.update(users).set({ password_hash: phc }).where(eq(users.id, olga.id))
    expect(problemOf(await login(olga.email, 'not the password'))).toBe('401 invalid-credentials')
    // Several at once: each would replace the hash, and none may be told that the password is wrong.
    const answers = await Promise.all([1, 2, 3].map(() => login(olga.email)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const [after] = await db.select().from(users).where(eq(users.id, olga.id))
    expect(after?.password_hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/)
    expect((await login(olga.email)).status).toBe(200)
  })

  it('works at a cost of 2^17, which takes 128 MiB', async () => {
    const olga = await signedUp('olga')
    const { scryptSync } = await import('node:crypto')
    const N = 2 ** 17
    const hash = scryptSync(password.normalize('NFC'), '0123456789abcdef', 32, { N, r: 8, p: 1, maxmem: 256 * N * 8 })
    const salt = btoa('0123456789abcdef').replaceAll('=', '')
    const phc = `$scrypt$ln=17,r=8,p=1$${salt}$${hash.toString('base64').replaceAll('=', '')}`
    await db.update(users).set({ password_hash: phc }).where(eq(users.id, olga.id))
    expect((await login(olga.email)).status).toBe(200)
    expect(problemOf(await login(olga.email, 'not the password'))).toBe('401 invalid-credentials')
  })

  it('allows fifty sessions for each user, and ends the one unused for longest', async () => {
    const many = await signedUp('many')
    const now = new Date().toISOString()
    const rows = Array.from({ length: 49 }, () => ({ user_id: many.id, created_at: now, rotated_at: now }))
    for (let at = 0; at < rows.length; at += 10) await db.insert(sessions).values(rows.slice(at, at + 10))
    expect((await many.get('/api/users/me')).status).toBe(200)
    await many.login()
    expect(problemOf(await many.get('/api/users/me'))).toBe('401 session-revoked')
    expect(await db.select().from(sessions).where(eq(sessions.user_id, many.id))).toHaveLength(50)
  })
})

describe('refreshing', () => {
  it('issues new tokens for a token in the body or as a bearer token', async () => {
    const ana = await signedUp('ana')
    const first = read(tokens, await refresh(ana.refresh))
    expect(first.refresh_token).not.toBe(ana.refresh)
    const second = read(
      tokens,
      await call('POST', '/api/auth/refresh', { token: first.refresh_token, headers: from(ana.address) }),
    )
    expect((await call('GET', '/api/users/me', { token: second.access_token })).status).toBe(200)
  })

  it('gives two tabs that refresh at once the same new token', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(ana.refresh)))
    const successors = new Set(answers.map((answer) => read(tokens, answer).refresh_token))
    expect(successors.size).toBe(1)
    const again = await later(25, () => refresh(ana.refresh))
    expect(read(tokens, again).refresh_token).toBe([...successors][0])
    expect((await refresh([...successors][0] ?? '')).status).toBe(200)
  })

  it('treats a token that is used again after half a minute as stolen, and ends the session at once', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    const { access_token, refresh_token } = read(tokens, await refresh(ana.refresh))
    expect(problemOf(await later(31, () => refresh(ana.refresh)))).toBe('401 session-revoked')
    expect(problemOf(await refresh(refresh_token))).toBe('401 session-revoked')
    expect(problemOf(await call('GET', '/api/users/me', { token: access_token }))).toBe('401 session-revoked')
    // The session of the other device is not affected.
    expect((await refresh(other.refresh)).status).toBe(200)
  })

  it('treats a token that is two generations old as stolen, however recent', async () => {
    const ana = await signedUp('ana')
    const second = read(tokens, await refresh(ana.refresh))
    const third = read(tokens, await refresh(second.refresh_token))
    expect(problemOf(await refresh(ana.refresh))).toBe('401 session-revoked')
    expect(problemOf(await refresh(third.refresh_token))).toBe('401 session-revoked')
  })

  it('is possible until seven days without use, and at most ninety days', async () => {
    const idle = await signedUp('idle')
    expect(problemOf(await later(7 * 86_400 + 5, () => refresh(idle.refresh)))).toBe('401 session-revoked')
    const busy = await signedUp('busy')
    let token = busy.refresh
    for (let day = 6; day < 90; day += 6) {
      token = read(tokens, await later(day * 86_400, () => refresh(token))).refresh_token
    }
    expect(problemOf(await later(90 * 86_400 + 5, () => refresh(token)))).toBe('401 session-revoked')
  })

  it('accepts only tokens that it issued', async () => {
    const ana = await signedUp('ana')
    const [session = '', generation = '', seal = ''] = ana.refresh.split('.')
    const config = configuration(env)
    const forged = [
      `${session}.${Number(generation) + 1}.${seal}`,
      `${Number(session) + 1}.${generation}.${seal}`,
      `${session}.${generation}.${sign(keysFor('access-token', config)[0], `${session}.${generation}`)}`,
      `0${session}.${generation}.${seal}`,
      ana.access,
      '',
      '..',
    ]
    for (const token of forged) {
      expect(problemOf(await refresh(token)), token).toMatch(/^(401 invalid-refresh-token|422 invalid-values)$/)
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (token) => {
        expect((await refresh(token)).status).toBeOneOf([401, 422])
      }),
      { numRuns: 50 },
    )
    // A forged token does not count as theft, so nobody can end another user's session with it.
    expect((await refresh(ana.refresh)).status).toBe(200)
  })
})

describe('logging out', () => {
  it('ends this session at the next request, and no other', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    expect((await ana.post('/api/auth/logout')).status).toBe(204)
    expect(problemOf(await ana.get('/api/users/me'))).toBe('401 session-revoked')
    expect(problemOf(await ana.post('/api/auth/logout'))).toBe('401 session-revoked')
    expect(problemOf(await refresh(ana.refresh))).toBe('401 session-revoked')
    expect((await call('GET', '/api/users/me', { token: other.access })).status).toBe(200)
  })
})

describe('a session', () => {
  it('does not begin once the password that was verified has been changed', async () => {
    const ana = await signedUp('ana')
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    const client = { device: null, address: null }
    expect(await startSession(db, ana.id, row?.password_hash ?? '', client)).toBeDefined()
    expect(await startSession(db, ana.id, 'the hash before a reset', client)).toBeUndefined()
    await change(ana, { disabled: true })
    expect(await startSession(db, ana.id, row?.password_hash ?? '', client)).toBeUndefined()
  })
})

describe('a changed SECRET_KEY', () => {
  it('ends no session while the previous key is configured, and every session afterwards', async () => {
    const ana = await signedUp('ana')
    const SECRET_KEY = 'quite-another-key-7d1f0b3c9a5e2846f1c7d0'
    const me = (bindings: object, token: string) => serve(bindings, '/api/users/me', { token })
    const again = (bindings: object) =>
      serve(bindings, '/api/auth/refresh', { method: 'POST', json: { refresh_token: ana.refresh } })
    const during = { SECRET_KEY, SECRET_KEY_PREVIOUS: configuration(env).SECRET_KEY }
    expect((await me(during, ana.access)).status).toBe(200)
    const renewed = await again(during)
    expect(renewed.status).toBe(200)
    const { access_token } = tokens.parse(await renewed.json())
    // New tokens are signed with the new key.
    expect((await me({ SECRET_KEY }, access_token)).status).toBe(200)
    expect((await me({ SECRET_KEY }, ana.access)).status).toBe(401)
    expect((await again({ SECRET_KEY })).status).toBe(401)
  })
})

describe('an access token', () => {
  it('is valid for fifteen minutes', async () => {
    const ana = await signedUp('ana')
    expect((await later(14 * 60, () => ana.get('/api/users/me'))).status).toBe(200)
    expect(problemOf(await later(15 * 60 + 1, () => ana.get('/api/users/me')))).toBe('401 token-expired')
  })
})
