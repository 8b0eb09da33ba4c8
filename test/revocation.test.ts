import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { sessions } from '../src/auth/table.ts'
import { userCache } from '../src/auth/user-cache.ts'
import { call, read } from './client.ts'
import { keyOf, levelOf, me, warmed } from './copies.ts'
import { database } from './database.ts'
import { admin, from, linkToken, type Person, password, signedUp } from './people.ts'
import { counted, serve } from './serving.ts'
import { strength } from './strength.ts'

const db = database()

/** Each cause that makes cached copies stale, and what the very next request then gets. */
const causes: Record<string, { happen: (person: Person) => Promise<unknown>; next: number; body?: object }> = {
  'logging out': {
    happen: (person) => person.post('/api/auth/logout'),
    next: 401,
  },
  'the theft of a refresh token': {
    happen: async (person) => {
      const refresh = (refresh_token: string) =>
        call('POST', '/api/auth/refresh', { json: { refresh_token }, headers: from(person.address) })
      const next = z.looseObject({ refresh_token: z.string() })
      await refresh(read(next, await refresh(person.refresh)).refresh_token)
      expect((await refresh(person.refresh)).status).toBe(401)
    },
    next: 401,
  },
  'a changed username': {
    happen: (person) => person.patch('/api/users/me', { username: 'renamed' }),
    next: 200,
    body: { username: 'renamed' },
  },
  'the session being ended from another': {
    happen: async (person) => {
      const { access } = await person.login()
      const listed = await call('GET', '/api/auth/sessions', { token: access })
      const all = read(z.array(z.looseObject({ id: z.number(), current: z.boolean() })), listed)
      const [theirs] = all.filter(({ current }) => !current)
      expect((await call('DELETE', `/api/auth/sessions/${theirs?.id}`, { token: access })).status).toBe(204)
    },
    next: 401,
  },
  'all others being ended from another': {
    happen: async (person) => {
      const { access } = await person.login()
      expect((await call('DELETE', '/api/auth/sessions', { token: access })).status).toBe(204)
    },
    next: 401,
  },
  'a changed role': {
    happen: async (person) => managed(person, { role: 'moderator' }),
    next: 200,
    body: { role: 'moderator' },
  },
  'being disabled': { happen: (person) => managed(person, { disabled: true }), next: 401 },
  'a password that was changed elsewhere': {
    happen: async (person) => {
      const { access: token } = await person.login()
      const json = { current_password: password, password: 'a new one, chosen' }
      expect((await call('PUT', '/api/users/me/password', { token, json })).status).toBe(204)
    },
    next: 401,
  },
  'a changed e-mail': {
    happen: async (person) => {
      const email = `moved-${person.email}`
      expect((await person.post('/api/users/me/email', { email, current_password: password })).status).toBe(202)
      const token = await linkToken(email, 'confirm-email')
      expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    },
    next: 200,
    body: { email: expect.stringMatching(/^moved-/) },
  },
  'a reset': {
    happen: async (person) => {
      await call('POST', '/api/auth/request-password-reset-email', { json: { email: person.email } })
      const link = await linkToken(person.email, 'reset-password')
      const opened = await call('GET', `/api/auth/reset-password/${link}`)
      const confirmation = read(z.looseObject({ reset_password_confirmation_token: z.string() }), opened)
      const path = `/api/auth/reset-password-confirmation/${confirmation.reset_password_confirmation_token}`
      expect((await call('PATCH', path, { json: { password: 'a new one, chosen' } })).status).toBe(200)
    },
    next: 401,
  },
  deletion: {
    happen: async (person) => {
      const { access: token } = await person.login()
      expect((await call('DELETE', '/api/users/me', { token, json: { current_password: password } })).status).toBe(204)
    },
    next: 401,
  },
  'deletion by an admin': {
    happen: async (person) => {
      const boss = await admin('boss')
      expect((await boss.delete(`/api/admin/users/${person.id}`)).status).toBe(204)
    },
    next: 401,
  },
}

/** An admin changes a user's account. */
async function managed(person: Person, changes: object): Promise<void> {
  const boss = await admin('boss')
  expect((await boss.patch(`/api/admin/users/${person.id}`, changes)).status).toBe(200)
}

describe('a cached copy', () => {
  for (const [cause, { happen, next, body }] of Object.entries(causes)) {
    it(`is not used at the very next request after ${cause}, however stale every level is`, async () => {
      const ana = await signedUp('ana')
      const makeStale = await warmed(ana)
      expect(levelOf(await me(ana))).toBe('memory')
      await happen(ana)
      await makeStale()
      const first = await me(ana)
      expect(first.status).toBe(next)
      if (body) expect(await first.json()).toMatchObject(body)
      // Another isolate, which has only KV's stale copy.
      await makeStale()
      userCache.clear()
      expect((await me(ana)).status).toBe(next)
    })
  }

  it('never decides a write, either', async () => {
    const ana = await signedUp('ana')
    const makeStale = await warmed(ana)
    await ana.post('/api/auth/logout')
    await makeStale()
    expect(
      (await serve({}, '/api/contacts', { method: 'POST', token: ana.access, json: { first_name: 'Late' } })).status,
    ).toBe(401)
  })

  it('of one user is never shown to another, though KV has it under their key', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    await warmed(ana)
    await warmed(boris)
    const kv = await env.CACHE.get(keyOf(ana))
    await env.CACHE.put(keyOf(boris), kv ?? '')
    userCache.clear()
    expect(await (await me(boris)).json()).toMatchObject({ email: boris.email })
  })
})

describe('the round trips of an authenticated read', () => {
  it('are one call to the gate and one query, when the cache is warm', async () => {
    const ana = await signedUp('ana')
    await warmed(ana)
    const { bindings, trips, reset } = counted()
    for (const path of ['/api/contacts', '/api/contacts/birthdays', '/api/contacts?total=true']) {
      reset()
      expect((await serve(bindings, path, { token: ana.access })).status).toBe(200)
      expect(trips).toMatchObject({ gate: ['enter'], kvReads: [], kvWrites: [], database: queries(1) })
    }
    reset()
    expect((await me(ana, bindings)).status).toBe(200)
    expect(trips).toMatchObject({ gate: ['enter'], kvReads: [], kvWrites: [], database: 0 })
  })

  it('are one more read of KV in another isolate, in parallel with the gate', async () => {
    const ana = await signedUp('ana')
    await warmed(ana)
    userCache.clear()
    const { bindings, trips } = counted()
    const response = await serve(bindings, '/api/contacts', { token: ana.access })
    expect(levelOf(response)).toBe('kv')
    expect(trips).toMatchObject({ gate: ['enter'], kvReads: [keyOf(ana)], kvWrites: [], database: queries(1) })
    expect(trips.overlaps).toContain('gate+kv')
  })

  it('are at most one more read of KV and one more query if nothing is cached', async () => {
    const ana = await signedUp('ana')
    await me(ana)
    await env.CACHE.delete(keyOf(ana))
    userCache.clear()
    const { bindings, trips } = counted()
    const response = await serve(bindings, '/api/contacts', { token: ana.access })
    expect(levelOf(response)).toBe('database')
    expect(trips).toMatchObject({
      gate: ['enter'],
      kvReads: [keyOf(ana)],
      kvWrites: [keyOf(ana)],
      database: queries(2),
    })
  })

  it('are reported by Server-Timing', async () => {
    const ana = await signedUp('ana')
    const timing = (await serve({}, '/api/contacts', { token: ana.access })).headers.get('Server-Timing')
    for (const part of ['total', 'gate', 'cache', 'db']) expect(timing).toMatch(new RegExp(`\\b${part};dur=\\d`))
  })
})

/** Queries are counted at D1's binding; for libSQL, the driver's test counts round trips. */
const queries = (count: number): number => (env.DATABASE_URL ? 0 : count)

/** Writes to KV do not depend on the database. */
const isAskedHere = env.DATABASE_URL === '' || env.TEST_FULL === '1'

describe('KV', () => {
  it.runIf(isAskedHere)(
    'is written fewer than 50 times in a day of 20 people who make thousands of requests',
    async () => {
      const people = await Promise.all(Array.from({ length: 20 }, (_, index) => signedUp(`day-${index}`)))
      const { bindings, trips } = counted()
      const { issueAccessToken } = await import('../src/auth/tokens.ts')
      const { configuration } = await import('../src/config.ts')
      const config = configuration(env)
      const sessionOf = new Map<number, number>()
      for (const person of people) {
        const [row] = await db
          .select()
          .from(sessions)
          .where(and(eq(sessions.user_id, person.id)))
        sessionOf.set(person.id, row?.id ?? 0)
      }
      const start = Date.now()
      const requests = strength(10_000, 2000)
      vi.useFakeTimers({ toFake: ['Date'], now: start })
      try {
        for (let at = 0; at < requests; at += 20) {
          vi.setSystemTime(start + (at / requests) * 86_400_000)
          // Every few minutes, the next request finds a new isolate without copies.
          if (at % 200 === 0) userCache.clear()
          const answers = await Promise.all(
            people.map(async (person) => {
              const token = await issueAccessToken(
                { userId: person.id, sessionId: sessionOf.get(person.id) ?? 0 },
                config,
              )
              return serve(bindings, '/api/users/me', { token })
            }),
          )
          expect(answers.every(({ status }) => status === 200)).toBe(true)
        }
      } finally {
        vi.useRealTimers()
      }
      expect(trips.gate.filter((method) => method === 'enter')).toHaveLength(requests)
      expect(trips.kvWrites.length).toBeLessThan(50)
      // Once for each user, because nothing of theirs changed.
      expect(trips.kvWrites).toHaveLength(20)
    },
    120_000,
  )
})
