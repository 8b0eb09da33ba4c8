import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { askForReset, changePassword, eventsOf, fresh, kindsOf, login, refresh } from '../../test/accounts.ts'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  awaitLetters,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { emailTokens, sessions } from '../auth/table.ts'

const db = database()

describe('changing the password', () => {
  it('requires the current one; afterwards only the new one logs in', async () => {
    const ana = await signedUp('ana')
    const changed = await changePassword(ana, fresh)
    expect([changed.status, changed.text]).toEqual([204, ''])
    expect(problemOf(await login(ana.email, password))).toBe('401 invalid-credentials')
    expect((await login(ana.email, fresh)).status).toBe(200)
    expect(problemOf(await changePassword(ana, 'a third one 11'))).toBe('403 wrong-password')
    expect((await changePassword(ana, 'a third one 11', fresh)).status).toBe(204)
  })

  it('ends every other session at once, and keeps this one', async () => {
    const ana = await signedUp('ana')
    const others = [await ana.login(), await ana.login()]
    for (const { access } of others) expect((await call('GET', '/api/users/me', { token: access })).status).toBe(200)
    expect((await changePassword(ana, fresh)).status).toBe(204)
    for (const other of others) {
      expect(problemOf(await call('GET', '/api/users/me', { token: other.access }))).toBe('401 session-revoked')
      expect(problemOf(await refresh(other.refresh))).toBe('401 session-revoked')
    }
    expect((await ana.get('/api/users/me')).status).toBe(200)
    expect((await refresh(ana.refresh)).status).toBe(200)
    expect(await db.select().from(sessions).where(eq(sessions.user_id, ana.id))).toHaveLength(1)
  })

  it('tells the owner by a letter, in the language of the account', async () => {
    const [ana, oksana] = [await signedUp('ana'), await signedUp('oksana')]
    expect((await oksana.patch('/api/users/me', { locale: 'uk' })).status).toBe(200)
    for (const person of [ana, oksana]) expect((await changePassword(person, fresh)).status).toBe(204)
    expect((await awaitLetters(ana.email, 2))[0]?.Subject).toBe('Your password was changed')
    const [letter] = await awaitLetters(oksana.email, 2)
    expect(letter?.Subject).toBe('Ваш пароль змінено')
    expect(letter?.Text).toContain('https://vizitka.test/forgot-password')
    expect(letter?.Text).not.toContain(fresh)
  })

  it('applies the same rules as signup, and changes nothing for a bad one', async () => {
    const ana = await signedUp('somebody')
    const faults = async (json: object) => pointersOf(await ana.put('/api/users/me/password', json))
    const current_password = password
    expect(await faults({ current_password, password: '7 chars' })).toEqual(['/password'])
    expect(await faults({ current_password, password: 'p'.repeat(129) })).toEqual(['/password'])
    expect(await faults({ current_password, password: 'Password1' })).toEqual(['/password'])
    expect(await faults({ current_password, password: ana.email.toUpperCase() })).toEqual(['/password'])
    expect(await faults({ current_password, password: 'SomeBody' })).toEqual(['/password'])
    expect(await faults({ password: fresh })).toEqual(['/current_password'])
    expect(await faults({ current_password: '', password: fresh })).toEqual(['/current_password'])
    expect(await faults({ current_password, password: fresh, email: ana.email })).toEqual(['/email'])
    expect((await login(ana.email, password)).status).toBe(200)
    expect(await kindsOf(ana)).not.toContain('password-changed')
  })

  it('counts a wrong current one as a failed login from this address', async () => {
    const ana = await signedUp('ana')
    const strict = { RATE_LIMITS: 'login-failures=2/300s' }
    const change = (current_password: string) =>
      serve(strict, '/api/users/me/password', {
        method: 'PUT',
        token: ana.access,
        json: { current_password, password: fresh },
        headers: from(ana.address),
      })
    const loginHere = (secret: string) =>
      serve(strict, '/api/auth/login', {
        method: 'POST',
        json: { email: ana.email, password: secret },
        headers: from(ana.address),
      })
    expect((await change('not the password')).status).toBe(403)
    expect((await loginHere('not the password')).status).toBe(401)
    const refused = await change(password)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('RateLimit-Policy')).toContain('"login-failures";q=2;w=300')
    expect(await refused.json()).toMatchObject({ violated_policies: ['login-failures'] })
    expect((await loginHere(password)).status).toBe(429)
    // Nothing has changed, and the owner can log in from elsewhere.
    expect((await login(ana.email, password)).status).toBe(200)
    await vi.waitFor(async () => expect((await kindsOf(ana)).filter((kind) => kind === 'login-failed')).toHaveLength(2))
  })

  it('is refused while the old one is locked', async () => {
    const ana = await signedUp('ana')
    const locking = { RESET_LOCKS_PASSWORD: 'true' }
    const requested = await serve(locking, '/api/auth/request-password-reset-email', {
      method: 'POST',
      json: { email: ana.email },
      headers: from(freshAddress()),
    })
    expect(requested.status).toBe(202)
    const change = async (current_password: string) => {
      const json = { current_password, password: fresh }
      const answer = await serve(locking, '/api/users/me/password', { method: 'PUT', token: ana.access, json })
      return `${answer.status} ${z.looseObject({ code: z.string() }).parse(await answer.json()).code}`
    }
    expect(await change('not the password')).toBe('403 wrong-password')
    expect(await change(password)).toBe('401 reset-required')
  })

  it('of two simultaneous changes, one wins, and its password is valid', async () => {
    for (let round = 0; round < 3; round++) {
      const ana = await signedUp('ana')
      const chosen = [`chosen by the first ${round}`, `chosen by the second ${round}`]
      const answers = await Promise.all(chosen.map((one) => changePassword(ana, one)))
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 204)).toHaveLength(1)
      expect(statuses.filter((status) => status === 403 || status === 409)).toHaveLength(1)
      for (const [n, status] of statuses.entries()) {
        expect((await login(ana.email, chosen[n] ?? '')).status).toBe(status === 204 ? 200 : 401)
      }
      expect((await kindsOf(ana)).filter((kind) => kind === 'password-changed')).toHaveLength(1)
    }
  })

  it('from two sessions at once leaves one of the two signed in', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    const json = { current_password: password, password: fresh }
    const answers = await Promise.all(
      [ana.access, other.access].map((token) => ana.put('/api/users/me/password', json, { token })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([204, expect.toBeOneOf([401, 403, 409])])
    for (const [n, { access }] of [ana, other].entries()) {
      const me = await call('GET', '/api/users/me', { token: access })
      expect(me.status).toBe(answers[n]?.status === 204 ? 200 : 401)
    }
  })

  it('invalidates every link that was sent', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    expect((await askForReset(ana.email)).status).toBe(202)
    const reset = await linkToken(ana.email, 'reset-password')
    const opened = await call('GET', `/api/auth/reset-password/${reset}`)
    const { reset_password_confirmation_token: confirmation } = read(
      z.looseObject({ reset_password_confirmation_token: z.string() }),
      opened,
    )
    const requested = await ana.post('/api/users/me/email', { email: target, current_password: password })
    expect(requested.status).toBe(202)
    const move = await confirmationToken(target)

    expect((await changePassword(ana, fresh)).status).toBe(204)
    const answers = [
      await call('GET', `/api/auth/reset-password/${reset}`),
      await call('PATCH', `/api/auth/reset-password-confirmation/${confirmation}`, {
        json: { password: 'a thief’s 1' },
      }),
      await call('POST', '/api/auth/confirm-email', { json: { token: move } }),
    ]
    expect(answers.map(problemOf)).toEqual(Array(3).fill('404 link-not-found'))
    expect(await db.select().from(emailTokens).where(eq(emailTokens.user_id, ana.id))).toEqual([])
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
    expect((await login(ana.email, fresh)).status).toBe(200)
  })

  it('is recorded, with device and address', async () => {
    const ana = await signedUp('ana')
    const headers = { 'User-Agent': 'Tests/1.0' }
    await ana.put('/api/users/me/password', { current_password: password, password: fresh }, { headers })
    expect((await eventsOf(ana))[0]).toMatchObject({
      kind: 'password-changed',
      actor_id: null,
      device: 'Tests/1.0',
      address: ana.address,
      detail: null,
    })
  })
})
