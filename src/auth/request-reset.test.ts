import { env } from 'cloudflare:workers'
import { Buffer } from 'node:buffer'
import { eq } from 'drizzle-orm'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import {
  askForReset,
  chooseNewPassword,
  confirmationSchema,
  later,
  linkFor,
  login,
  newPassword,
  opened,
  openReset,
  signup,
} from '../../test/accounts.ts'
import { problemOf, read } from '../../test/client.ts'
import { database, driver } from '../../test/database.ts'
import {
  change,
  freshAddress,
  freshEmail,
  from,
  lettersTo,
  linkToken,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { counted, serve } from '../../test/serving.ts'
import { app } from '../app.ts'
import { configuration } from '../config.ts'
import { tokenHash } from '../platform/crypto/keys.ts'
import { timestamp } from '../platform/db/columns.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'
import { startReset } from './email-token-store.ts'
import { emailTokens } from './table.ts'
import { issueAccessToken, issueResetConfirmation } from './tokens.ts'

const db = database()

const rowOf = async ({ id }: Person) => (await db.select().from(users).where(eq(users.id, id)))[0]

describe('requesting a password reset', () => {
  it('changes nothing about the account, and sends a letter with a link', async () => {
    const ana = await signedUp('ana')
    const before = await rowOf(ana)
    const answer = await askForReset(ana.email.toUpperCase())
    expect(answer.status).toBe(202)
    await linkToken(ana.email, 'reset-password')
    expect(await rowOf(ana)).toEqual(before)
    expect((await ana.get('/api/users/me')).status).toBe(200)
    expect((await login(ana.email)).status).toBe(200)
  })

  it('gets the same response for known and unknown addresses', async () => {
    const ana = await signedUp('ana')
    const [existing, unknown] = [await askForReset(ana.email), await askForReset(freshEmail('nobody'))]
    expect([existing.status, existing.text]).toEqual([unknown.status, unknown.text])
    expect([...existing.headers.keys()].sort()).toEqual([...unknown.headers.keys()].sort())
  })

  it.skipIf(driver === 'libSQL')(
    'makes the same calls for both before the response, which waits for no write',
    async () => {
      const ana = await signedUp('ana')
      const callsFor = async (email: string) => {
        const { bindings, trips } = counted()
        const DB = new Proxy(bindings.DB, {
          // A write that never ends: a response that waited for it would never come.
          get: (inner, name) => (name === 'batch' ? () => new Promise(() => {}) : Reflect.get(inner, name)),
        })
        const request = new Request('https://vizitka.test/api/auth/request-password-reset-email', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...from(freshAddress()) },
          body: JSON.stringify({ email }),
        })
        const executionCtx = { waitUntil() {}, passThroughOnException() {}, props: {} }
        expect((await app.fetch(request, { ...bindings, DB }, executionCtx)).status).toBe(202)
        return { gate: trips.gate, database: trips.database }
      }
      expect(await callsFor(ana.email)).toEqual(await callsFor(freshEmail('nobody')))
    },
  )

  it('waits for a random time before work that only a known address causes', async () => {
    const [ana, boris] = [await signedUp('ana'), freshEmail('boris')]
    await signup(boris)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => timers.mockRestore())
    const delays = async (path: string, json: object) => {
      timers.mockClear()
      await serve({}, `/api/auth/${path}`, { method: 'POST', json, headers: from(freshAddress()) })
      return timers.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms >= 50 && ms <= 150)
    }
    const seen: number[] = []
    for (const [path, json] of [
      ['request-password-reset-email', { email: ana.email }],
      ['request-password-reset-email', { email: ana.email }],
      ['verification-email', { email: boris }],
      ['login', { email: ana.email, password: 'not the password' }],
    ] as const) {
      const waits = await delays(path, json)
      expect(waits, path).toHaveLength(1)
      seen.push(...waits)
    }
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('is sent in the language of the account', async () => {
    const ana = await signedUp('ana')
    await ana.patch('/api/users/me', { locale: 'uk' })
    await linkFor(ana)
    const subjects = (await lettersTo(ana.email)).map(({ Subject }) => Subject)
    expect(subjects).toContain('Створіть новий пароль')
  })

  it('sends at most three letters an hour, silently, whoever asks', async () => {
    const ana = await signedUp('ana')
    const limits = { RATE_LIMITS: 'request-email=1000/1s,request-email-to=3/3600s' }
    const requested = () =>
      serve(limits, '/api/auth/request-password-reset-email', {
        method: 'POST',
        json: { email: ana.email },
        headers: from(freshAddress()),
      })
    for (let times = 0; times < 5; times++) expect((await requested()).status).toBe(202)
    const rows = await db.select().from(outbox).where(eq(outbox.user_id, ana.id))
    expect(rows.filter(({ kind }) => kind === 'reset-password')).toHaveLength(3)
  })
})

describe('the count of letters to an address', () => {
  it('is separate for each kind, so that a stranger cannot use up the one of resets by requesting others', async () => {
    const ana = await signedUp('ana')
    const limits = { RATE_LIMITS: 'request-email=1000/1s,request-email-to=3/3600s' }
    const requested = (path: string) =>
      serve(limits, path, { method: 'POST', json: { email: ana.email }, headers: from(freshAddress()) })
    for (let times = 0; times < 5; times++) await requested('/api/auth/verification-email')
    await requested('/api/auth/request-password-reset-email')
    expect(await linkToken(ana.email, 'reset-password')).toBeTruthy()
  })
})

describe('the link of a reset', () => {
  it('is not sent to an address that the account has left meanwhile', async () => {
    const ana = await signedUp('ana')
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    const link = {
      tokenHash: tokenHash('a token'),
      expiresAt: timestamp(Date.now() + 60_000),
      letter: { kind: 'reset-password' as const, to: ana.email, subject: 'Reset', text: 'text', html: 'html' },
    }
    await change(ana, { email: 'moved@example.com', email_key: `moved-${ana.email}` })
    const happening = { kind: 'reset-requested' as const, device: null, address: null }
    expect(await startReset(db, row?.id ?? 0, link, false, happening)).toBeUndefined()
    expect(
      (await db.select().from(emailTokens).where(eq(emailTokens.user_id, ana.id))).map(({ purpose }) => purpose),
    ).toEqual(['confirm-email'])
  })

  it('can be opened repeatedly, which changes nothing', async () => {
    const ana = await signedUp('ana')
    const token = await linkFor(ana)
    const before = await rowOf(ana)
    for (let times = 0; times < 3; times++) {
      const answer = await openReset(token)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      expect(read(confirmationSchema, answer).expires_in).toBe(900)
    }
    expect(await rowOf(ana)).toEqual(before)
  })

  it('is valid for an hour, and its confirmations no longer', async () => {
    const ana = await signedUp('ana')
    const token = await linkFor(ana)
    const soon = await later(3600 - 60, () => openReset(token))
    const { expires_in, reset_password_confirmation_token } = read(confirmationSchema, soon)
    expect(expires_in).toBeGreaterThan(50)
    expect(expires_in).toBeLessThanOrEqual(60)
    expect(problemOf(await later(3601, () => openReset(token)))).toBe('404 link-not-found')
    expect(problemOf(await later(3601, () => chooseNewPassword(reset_password_confirmation_token)))).toBe(
      '404 link-not-found',
    )
  })

  it('gives confirmations that contain its hash, so that nobody sees how many links others were sent', async () => {
    const ana = await signedUp('ana')
    const token = await linkFor(ana)
    const [, claims = ''] = (await opened(token)).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ sub: tokenHash(token) })
  })

  it('gives confirmations that are valid for a quarter of an hour', async () => {
    const ana = await signedUp('ana')
    const confirmation = await opened(await linkFor(ana))
    expect(problemOf(await later(901, () => chooseNewPassword(confirmation)))).toBe('404 link-not-found')
    expect((await chooseNewPassword(confirmation)).status).toBe(200)
  })

  it('cannot be forged', async () => {
    const ana = await signedUp('ana')
    await linkFor(ana)
    const [row] = await db.select().from(emailTokens).where(eq(emailTokens.user_id, ana.id))
    const config = configuration(env)
    const elsewhere = { ...config, SECRET_KEY: 'quite-another-key-7d1f0b3c9a5e2846f1c7d0' }
    const forged = [
      await issueResetConfirmation(row?.token_hash ?? '', 900, elsewhere),
      await issueAccessToken({ userId: row?.id ?? 0, sessionId: 1 }, config),
      row?.token_hash ?? '',
      'x'.repeat(1000),
      '%00',
    ]
    for (const token of forged) {
      expect(problemOf(await chooseNewPassword(token))).toBe('404 link-not-found')
      expect(problemOf(await openReset(token))).toBe('404 link-not-found')
    }
    // The link that confirms the address is not a reset link, even if a confirmation contains its hash.
    expect(problemOf(await chooseNewPassword(await issueResetConfirmation(row?.token_hash ?? '', 900, config)))).toBe(
      '404 link-not-found',
    )
  })
})

describe('RESET_LOCKS_PASSWORD', () => {
  const locking = { RESET_LOCKS_PASSWORD: 'true' }
  const requested = (bindings: object, email: string) =>
    serve(bindings, '/api/auth/request-password-reset-email', {
      method: 'POST',
      json: { email },
      headers: from(freshAddress()),
    })

  const loginUnder = (bindings: object, email: string, secret = password) =>
    serve(bindings, '/api/auth/login', {
      method: 'POST',
      json: { email, password: secret },
      headers: from(freshAddress()),
    })
  const codeOf = async (response: Response) =>
    `${response.status} ${z.looseObject({ code: z.string() }).parse(await response.json()).code}`

  it('locks the old password until a new one is chosen, but ends no session', async () => {
    const ana = await signedUp('ana')
    await requested(locking, ana.email)
    expect(await codeOf(await loginUnder(locking, ana.email))).toBe('401 reset-required')
    // Only for someone who knows the password.
    expect(await codeOf(await loginUnder(locking, ana.email, 'some wrong one'))).toBe('401 invalid-credentials')
    expect((await ana.get('/api/users/me')).status).toBe(200)
    const json = { current_password: password, password: newPassword }
    const change = await serve(locking, '/api/users/me/password', { method: 'PUT', token: ana.access, json })
    expect(await codeOf(change)).toBe('401 reset-required')
    const token = await linkToken(ana.email, 'reset-password')
    expect((await chooseNewPassword(await opened(token))).status).toBe(200)
    expect((await loginUnder(locking, ana.email, newPassword)).status).toBe(200)
  })

  it('locks nobody once it is off, or if no letter could be sent to unlock it', async () => {
    const ana = await signedUp('ana')
    await requested(locking, ana.email)
    expect((await login(ana.email)).status).toBe(200)
    const boris = await signedUp('boris')
    await requested({ ...locking, SMTP_HOST: '' }, boris.email)
    expect((await loginUnder(locking, boris.email)).status).toBe(200)
  })

  it('is off by default', async () => {
    const ana = await signedUp('ana')
    await requested({}, ana.email)
    expect((await login(ana.email)).status).toBe(200)
  })
})
