import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startSession } from '../src/auth/session-store.ts'
import { replacePasswordHash } from '../src/auth/store.ts'
import { sessions } from '../src/auth/table.ts'
import { users } from '../src/users/table.ts'
import { call, problemOf, read } from './client.ts'
import { database } from './database.ts'
import { freshAddress, from, linkToken, type Person, password, signedUp } from './people.ts'
import { serve } from './serving.ts'
import { strength } from './strength.ts'

const db = database()
const rounds = strength(5, 3)

/** Several confirmations of one reset link. */
async function confirmationsOf(person: Person, count: number): Promise<string[]> {
  await call('POST', '/api/auth/request-password-reset-email', {
    json: { email: person.email },
    headers: from(freshAddress()),
  })
  const link = await linkToken(person.email, 'reset-password')
  const schema = z.looseObject({ reset_password_confirmation_token: z.string() })
  return Promise.all(
    Array.from({ length: count }, async () => {
      const opened = await call('GET', `/api/auth/reset-password/${link}`, { headers: from(freshAddress()) })
      return read(schema, opened).reset_password_confirmation_token
    }),
  )
}

const choose = (confirmation: string, secret: string) =>
  call('PATCH', `/api/auth/reset-password-confirmation/${confirmation}`, {
    json: { password: secret },
    headers: from(freshAddress()),
  })
const login = (email: string, secret: string) =>
  call('POST', '/api/auth/login', { json: { email, password: secret }, headers: from(freshAddress()) })

describe('of two simultaneous requests', () => {
  it('that reset with one link, one succeeds, and its password is valid', async () => {
    for (let round = 0; round < rounds; round++) {
      const ana = await signedUp('ana')
      const confirmations = await confirmationsOf(ana, 3)
      const answers = await Promise.all(confirmations.map((token, n) => choose(token, `chosen by number ${n}`)))
      const statuses = answers.map(({ status }) => status)
      expect([...statuses].sort()).toEqual([200, 404, 404])
      for (const [n, status] of statuses.entries()) {
        expect((await login(ana.email, `chosen by number ${n}`)).status).toBe(status === 200 ? 200 : 401)
      }
    }
  })

  it('that refresh, both get the same new token, and the session continues', async () => {
    const ana = await signedUp('ana')
    const refresh = () => call('POST', '/api/auth/refresh', { json: { refresh_token: ana.refresh } })
    const schema = z.looseObject({ refresh_token: z.string(), access_token: z.string() })
    const [one, other] = (await Promise.all([refresh(), refresh()])).map((answer) => read(schema, answer))
    expect(one?.refresh_token).toBe(other?.refresh_token)
    expect((await call('GET', '/api/users/me', { token: other?.access_token })).status).toBe(200)
  })

  it('of which one resets and one logs in, no session survives the reset, whichever came first', async () => {
    for (let round = 0; round < rounds; round++) {
      const ana = await signedUp('ana')
      const [confirmation = ''] = await confirmationsOf(ana, 1)
      const [reset, ...logins] = await Promise.all([
        choose(confirmation, 'a new one, chosen'),
        ...Array.from({ length: 4 }, () => login(ana.email, password)),
      ])
      expect(reset?.status).toBe(200)
      for (const answer of logins) {
        if (answer.status !== 200) continue
        const { access_token } = read(z.looseObject({ access_token: z.string() }), answer)
        expect(problemOf(await call('GET', '/api/users/me', { token: access_token }))).toBe('401 session-revoked')
      }
      expect(await db.select().from(sessions).where(eq(sessions.user_id, ana.id))).toEqual([])
      expect((await login(ana.email, password)).status).toBe(401)
      expect((await login(ana.email, 'a new one, chosen')).status).toBe(200)
    }
  })
})

describe('a login that begins before a reset and ends after it', () => {
  it('fails: no session begins, and no new hash of the old password is stored', async () => {
    const ana = await signedUp('ana')
    const [before] = await db.select().from(users).where(eq(users.id, ana.id))
    const verified = before?.password_hash ?? ''
    const [confirmation = ''] = await confirmationsOf(ana, 1)
    // The login has verified the old hash; now the reset happens.
    expect((await choose(confirmation, 'a new one, chosen')).status).toBe(200)
    expect(await replacePasswordHash(db, ana.id, verified, 'a fresh hash of the old password')).toBe(false)
    expect(await startSession(db, ana.id, verified, { device: null, address: null })).toBeUndefined()
    expect((await login(ana.email, 'a new one, chosen')).status).toBe(200)
  })
})

describe('a hundred simultaneous guesses', () => {
  it('cause at most five hashes', async () => {
    const ana = await signedUp('ana')
    const address = freshAddress()
    const limits = { RATE_LIMITS: 'login=1000/1s' }
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        serve(limits, '/api/auth/login', {
          method: 'POST',
          json: { email: ana.email, password: `guess number ${n}` },
          headers: from(address),
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    // 401 comes after hashing, 429 without it.
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(95)
    expect((await login(ana.email, password)).status).toBe(200)
  })
})
