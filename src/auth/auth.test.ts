import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  awaitLetters,
  change,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  lettersTo,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { configuration } from '../env.ts'
import { keysFor, sign } from '../platform/crypto/keys.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'
import { startSession } from './store.ts'
import { sessions } from './table.ts'

const db = database()
const tokens = z.strictObject({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.literal(900),
})

const signup = (json: Record<string, unknown>) =>
  call('POST', '/api/auth/signup', { json: { username: 'ana', password, ...json }, headers: from(freshAddress()) })
const login = (email: string, secret = password) =>
  call('POST', '/api/auth/login', { json: { email, password: secret }, headers: from(freshAddress()) })
const refresh = (refresh_token: string) =>
  call('POST', '/api/auth/refresh', { json: { refresh_token }, headers: from(freshAddress()) })

/** Runs `go` as if `seconds` had passed. */
async function later<T>(seconds: number, go: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  try {
    return await go()
  } finally {
    vi.useRealTimers()
  }
}

describe('signing up', () => {
  it('makes an account, says where it is, and sends a letter with a link', async () => {
    const email = freshEmail('Oksana.K')
    const answer = await signup({ username: '  Оксана ', email: ` ${email} ` })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Location')).toBe('/api/users/me')
    expect(answer.body).toMatchObject({
      user: {
        username: 'Оксана',
        email,
        role: 'user',
        avatar: expect.stringMatching(/^https:\/\/vizitka\.test\/avatars\/initials\/\d+-0J4\.svg$/),
        confirmed: false,
      },
    })
    expect(answer.text).not.toMatch(/hash|scrypt|revision/)
    const [letter] = await awaitLetters(email)
    expect(letter?.Subject).toBe('Confirm your email')
    const link = letter?.Text.match(/https:\/\/vizitka\.test\/confirm-email\/\S+/)?.[0] ?? 'no link'
    expect(letter?.HTML).toContain(`href="${link}"`)
    // Anyone can type a stranger's address and any name: the letter carries none of it.
    expect(letter?.Text).not.toContain('Оксана')
  })

  it('writes in the language asked for', async () => {
    const email = freshEmail('uk')
    await signup({ email, locale: 'uk' })
    expect((await awaitLetters(email))[0]?.Subject).toBe('Підтвердьте свою пошту')
  })

  it('keeps the secret link only until the letter is sent, and only its hash after', async () => {
    const email = freshEmail('scrubbed')
    await signup({ email })
    await awaitLetters(email)
    await vi.waitFor(async () => {
      const [row] = await db.select().from(outbox).where(eq(outbox.recipient, email))
      expect(row).toMatchObject({ text: null, html: null, due_at: null, attempts: 1, last_error: null })
      expect(row?.sent_at).toBeTruthy()
    })
  })

  it('gives an address to one of two who ask at once, in any spelling of it', async () => {
    for (let round = 0; round < 3; round++) {
      const email = freshEmail('twin')
      const answers = await Promise.all([signup({ email }), signup({ email: email.toUpperCase() }), signup({ email })])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
      const lost = answers.filter(({ status }) => status === 409)
      expect(lost.map(problemOf)).toEqual(['409 email-taken', '409 email-taken'])
      expect(await db.select().from(users).where(eq(users.email_key, email))).toHaveLength(1)
      expect(await awaitLetters(email.toUpperCase()).then((letters) => letters.length)).toBe(1)
    }
  })

  it('says of each wrong value what is wrong with it', async () => {
    const email = freshEmail('wrong')
    const faults = async (json: Record<string, unknown>) => pointersOf(await signup({ email, ...json }))
    expect(await faults({ username: 'x' })).toEqual(['/username'])
    expect(await faults({ username: 'y'.repeat(65) })).toEqual(['/username'])
    expect(await faults({ username: 'a\u0000b' })).toEqual(['/username'])
    expect(await faults({ email: 'ana' })).toEqual(['/email'])
    expect(await faults({ email: `ana@example.com\r\nBcc: all@example.com` })).toEqual(['/email'])
    expect([...new Set(await faults({ email: `${'a'.repeat(250)}@example.com` }))]).toEqual(['/email'])
    expect(await faults({ email: `${'a'.repeat(65)}@example.com` })).toEqual(['/email'])
    expect(await faults({ username: '\u200b\u200b' })).toEqual(['/username'])
    expect(await faults({ password: '7 chars' })).toEqual(['/password'])
    expect(await faults({ password: 'p'.repeat(129) })).toEqual(['/password'])
    expect(await faults({ password: 'Password1' })).toEqual(['/password'])
    expect(await faults({ password: email.toUpperCase() })).toEqual(['/password'])
    expect(await faults({ username: 'Someone here', password: 'someone HERE' })).toEqual(['/password'])
    expect(await faults({ locale: 'fr' })).toEqual(['/locale'])
    expect(await faults({ role: 'admin', 'a/b~c': 1 })).toEqual(['/role', '/a~1b~0c'])
    expect((await faults({ username: 1, email: null, password: undefined })).sort()).toEqual([
      '/email',
      '/password',
      '/username',
    ])
    // None of them left half an account behind.
    expect(await db.select().from(users).where(eq(users.email_key, email))).toEqual([])
  })

  it('takes a password of 128 characters whole, and composed or decomposed as the same', async () => {
    const email = freshEmail('long')
    const long = `${'ї'.repeat(127)}1`
    expect((await signup({ email, password: long.normalize('NFD') })).status).toBe(201)
    await call('POST', '/api/auth/confirm-email', { json: { token: await confirmationToken(email) } })
    expect((await login(email, long)).status).toBe(200)
    expect(problemOf(await login(email, `${'ї'.repeat(127)}2`))).toBe('401 invalid-credentials')
    expect(problemOf(await login(email, ` ${long}`))).toBe('401 invalid-credentials')
  })
})

describe('confirming an address', () => {
  it('works once more than once, and only by the link', async () => {
    const email = freshEmail('confirm')
    await signup({ email })
    expect(problemOf(await login(email))).toBe('401 email-not-confirmed')
    expect(problemOf(await login(email, 'a wrong password'))).toBe('401 invalid-credentials')
    const token = await confirmationToken(email)
    for (const wrong of ['x', token.slice(1), `${token}x`]) {
      expect(problemOf(await call('POST', '/api/auth/confirm-email', { json: { token: wrong } }))).toBe(
        '404 link-not-found',
      )
    }
    for (const _ of [1, 2]) {
      expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    }
    expect((await login(email)).status).toBe(200)
  })

  it('is not done by opening the page, but by its button', async () => {
    const email = freshEmail('page')
    await signup({ email })
    const path = `/confirm-email/${await confirmationToken(email)}`
    for (const _ of [1, 2, 3]) {
      const page = await call('GET', path)
      expect(page.status).toBe(200)
      expect(page.text).toContain('<form method="post"')
    }
    expect(problemOf(await login(email))).toBe('401 email-not-confirmed')
    const pressed = await call('POST', path)
    expect(pressed.status).toBe(200)
    expect(pressed.text).toContain('confirmed')
    expect((await login(email)).status).toBe(200)
    expect((await call('GET', '/confirm-email/no-such-token')).status).toBe(404)
    expect((await call('POST', '/confirm-email/no-such-token')).status).toBe(404)
  })

  it('is refused after seven days', async () => {
    const email = freshEmail('late')
    await signup({ email })
    const token = await confirmationToken(email)
    const answer = await later(7 * 86_400 + 1, () => call('POST', '/api/auth/confirm-email', { json: { token } }))
    expect(problemOf(answer)).toBe('404 link-not-found')
  })

  it('can be asked for again, with one answer for known, unknown and confirmed', async () => {
    const waiting = freshEmail('waiting')
    await signup({ email: waiting })
    await awaitLetters(waiting)
    const ana = await signedUp('ana')
    const unknown = freshEmail('unknown')
    const answers = []
    for (const email of [waiting.toUpperCase(), ana.email, unknown]) {
      answers.push(
        await call('POST', '/api/auth/verification-email', { json: { email }, headers: from(freshAddress()) }),
      )
    }
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(Array(3).fill(`202 ${answers[0]?.text}`))
    const token = await confirmationToken(waiting, 2)
    expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    expect(await lettersTo(unknown)).toEqual([])
    expect(await lettersTo(ana.email)).toHaveLength(1)
  })
})

describe('logging in', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('takes JSON, and the password form of OAuth 2.0 with all that its clients send', async () => {
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

  it('says the same of an unknown address and of a wrong password', async () => {
    const wrong = await login(ana.email, 'not the password')
    const unknown = await login(freshEmail('nobody'))
    expect([problemOf(wrong), problemOf(unknown)]).toEqual(Array(2).fill('401 invalid-credentials'))
    const plain = (answer: typeof wrong) => answer.text.replace(/"request_id":"[^"]*"/, '')
    expect(plain(wrong)).toBe(plain(unknown))
  })

  it('refuses a body that is neither form', async () => {
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

  it('hashes anew what was hashed at a lower cost', async () => {
    const olga = await signedUp('olga')
    // As an earlier version would have stored it: N = 2^10, p = 1.
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
    // Several at once: each would replace the hash, and none is told that the password is wrong.
    const answers = await Promise.all([1, 2, 3].map(() => login(olga.email)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const [after] = await db.select().from(users).where(eq(users.id, olga.id))
    expect(after?.password_hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/)
    expect((await login(olga.email)).status).toBe(200)
  })

  it('keeps fifty sessions a person, and ends the one unused for longest', async () => {
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
  it('gives new tokens, for the token in the body or as a bearer', async () => {
    const ana = await signedUp('ana')
    const first = read(tokens, await refresh(ana.refresh))
    expect(first.refresh_token).not.toBe(ana.refresh)
    const second = read(
      tokens,
      await call('POST', '/api/auth/refresh', { token: first.refresh_token, headers: from(ana.address) }),
    )
    expect((await call('GET', '/api/users/me', { token: second.access_token })).status).toBe(200)
  })

  it('gives two tabs that refresh at once the same successor', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(ana.refresh)))
    const successors = new Set(answers.map((answer) => read(tokens, answer).refresh_token))
    expect(successors.size).toBe(1)
    const again = await later(25, () => refresh(ana.refresh))
    expect(read(tokens, again).refresh_token).toBe([...successors][0])
    expect((await refresh([...successors][0] ?? '')).status).toBe(200)
  })

  it('takes a token that comes again after half a minute for stolen, and ends the session at once', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    const { access_token, refresh_token } = read(tokens, await refresh(ana.refresh))
    expect(problemOf(await later(31, () => refresh(ana.refresh)))).toBe('401 session-revoked')
    expect(problemOf(await refresh(refresh_token))).toBe('401 session-revoked')
    expect(problemOf(await call('GET', '/api/users/me', { token: access_token }))).toBe('401 session-revoked')
    // The other device has nothing to do with it.
    expect((await refresh(other.refresh)).status).toBe(200)
  })

  it('takes a token two generations old for stolen, however young', async () => {
    const ana = await signedUp('ana')
    const second = read(tokens, await refresh(ana.refresh))
    const third = read(tokens, await refresh(second.refresh_token))
    expect(problemOf(await refresh(ana.refresh))).toBe('401 session-revoked')
    expect(problemOf(await refresh(third.refresh_token))).toBe('401 session-revoked')
  })

  it('ends after seven days unused, and after ninety days in any case', async () => {
    const idle = await signedUp('idle')
    expect(problemOf(await later(7 * 86_400 + 5, () => refresh(idle.refresh)))).toBe('401 session-revoked')
    const busy = await signedUp('busy')
    let token = busy.refresh
    for (let day = 6; day < 90; day += 6) {
      token = read(tokens, await later(day * 86_400, () => refresh(token))).refresh_token
    }
    expect(problemOf(await later(90 * 86_400 + 5, () => refresh(token)))).toBe('401 session-revoked')
  })

  it('believes no token that it did not make', async () => {
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
    // A forgery is no theft: nobody can end another's session with it.
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
  it('ends nothing while the one before is named, and everything after', async () => {
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
    // What is signed from now on is signed by the new key.
    expect((await me({ SECRET_KEY }, access_token)).status).toBe(200)
    expect((await me({ SECRET_KEY }, ana.access)).status).toBe(401)
    expect((await again({ SECRET_KEY })).status).toBe(401)
  })
})

describe('an access token', () => {
  it('lives for fifteen minutes', async () => {
    const ana = await signedUp('ana')
    expect((await later(14 * 60, () => ana.get('/api/users/me'))).status).toBe(200)
    expect(problemOf(await later(15 * 60 + 1, () => ana.get('/api/users/me')))).toBe('401 token-expired')
  })
})

describe('one’s own account', () => {
  it('can be read, and answers 304 to whom knows it', async () => {
    const ana = await signedUp('ana')
    const me = await ana.get('/api/users/me')
    expect(me.body).toEqual({
      id: ana.id,
      username: 'ana',
      email: ana.email,
      role: 'user',
      avatar: `https://vizitka.test/avatars/initials/${ana.id % 12}-QQ.svg`,
      confirmed: true,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    const etag = me.headers.get('ETag') ?? ''
    expect((await ana.get('/api/users/me', { headers: { 'If-None-Match': `W/${etag}` } })).status).toBe(304)
    const renamed = await ana.patch('/api/users/me', { username: ' Анна ' })
    expect(renamed.body).toMatchObject({ username: 'Анна', email: ana.email })
    expect(renamed.headers.get('ETag')).not.toBe(etag)
    expect((await ana.get('/api/users/me', { headers: { 'If-None-Match': etag } })).body).toMatchObject({
      username: 'Анна',
    })
    expect(problemOf(await ana.patch('/api/users/me', { username: 'Late' }, { headers: { 'If-Match': etag } }))).toBe(
      '412 changed-meanwhile',
    )
  })

  it('cannot be promoted, moved or renamed to nothing by its owner', async () => {
    const ana = await signedUp('ana')
    for (const [field, value] of Object.entries({
      role: 'admin',
      email: 'x@example.com',
      confirmed: false,
      username: 'x',
      disabled: true,
    })) {
      expect(pointersOf(await ana.patch('/api/users/me', { [field]: value }))).toEqual([`/${field}`])
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ role: 'user', username: 'ana' })
  })

  it('may be changed by an empty change', async () => {
    const ana = await signedUp('ana')
    expect((await ana.patch('/api/users/me', {})).body).toMatchObject({ username: 'ana' })
  })
})
