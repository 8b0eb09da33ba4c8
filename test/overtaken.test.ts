import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { gateOf } from '../src/platform/gate/client.ts'
import { users } from '../src/users/table.ts'
import { call } from './client.ts'
import { levelOf, me, warmed } from './copies.ts'
import { database } from './database.ts'
import { confirmationToken, freshEmail, from, password, signedUp } from './people.ts'
import { counted, serve } from './serving.ts'

const db = database()

describe('a change, if another one comes between,', () => {
  it('is tried again, and both are kept', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all([
      ana.patch('/api/users/me', { username: 'first' }),
      ana.patch('/api/users/me', { locale: 'uk' }),
      ana.login().then(() => ({ status: 200 })),
      ana.patch('/api/users/me', { username: 'third' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    expect(row?.locale).toBe('uk')
    expect(['first', 'third']).toContain(row?.username)
  })

  it('writes nothing if no revision is issued', async () => {
    const ana = await signedUp('ana')
    // The gate counts the request, and fails when the revision is requested.
    const GATE = new Proxy(env.GATE, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (name !== 'get' || typeof method !== 'function') return method
        return (id: DurableObjectId) =>
          new Proxy(env.GATE.get(id), {
            get(stub, rpc) {
              if (rpc === 'raise') return () => Promise.reject(new Error('gone'))
              const inner: unknown = Reflect.get(stub, rpc)
              return typeof inner === 'function' ? (...args: unknown[]) => Reflect.apply(inner, stub, args) : inner
            },
          })
      },
    })
    const renamed = await serve({ GATE }, '/api/users/me', {
      method: 'PATCH',
      token: ana.access,
      json: { username: 'never' },
    })
    expect([renamed.status, renamed.headers.get('Retry-After')]).toEqual([503, '1'])
    expect((await serve({ GATE }, '/api/auth/logout', { method: 'POST', token: ana.access })).status).toBe(503)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ username: 'ana' })
  })

  it('causes uncached reads for a while, never a stale one, if it dies between gate and database', async () => {
    const ana = await signedUp('ana')
    await warmed(ana)
    await gateOf(env, `user:${ana.id}`).raise(0)
    for (const _ of [1, 2]) expect(levelOf(await me(ana))).toBe('database')
    // After ten seconds the change counts as dead: a read repairs the row after its response.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 })
    try {
      expect(levelOf(await me(ana))).toBe('database')
      expect(levelOf(await me(ana))).toBe('database')
      expect(levelOf(await me(ana))).toBe('memory')
    } finally {
      vi.useRealTimers()
    }
  })

  it('fails if another request with the same If-Match came first: one 200, the others 412', async () => {
    const ana = await signedUp('ana')
    const tag = (await ana.get('/api/users/me')).headers.get('ETag') ?? ''
    const answers = await Promise.all(
      ['first', 'second', 'third'].map((username) =>
        ana.patch('/api/users/me', { username }, { headers: { 'If-Match': tag } }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    // None of them leaves the gate ahead of the row.
    await me(ana)
    expect(levelOf(await me(ana))).toBe('memory')
  })
})

describe('a client that goes on with an ended session', () => {
  it('writes nothing to KV', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    await warmed(ana)
    await ana.post('/api/auth/logout')
    const { bindings, trips } = counted()
    for (let requested = 0; requested < 5; requested++) expect((await me(ana, bindings)).status).toBe(401)
    expect(trips.kvWrites).toEqual([])
    // The user's other session is cached as before.
    expect((await serve({}, '/api/users/me', { token: other.access })).status).toBe(200)
    expect(levelOf(await serve({}, '/api/users/me', { token: other.access }))).toBe('memory')
  })
})

describe('several confirmations at once', () => {
  it('leave an account that can be cached, with the first date', async () => {
    const email = freshEmail('eager')
    await call('POST', '/api/auth/signup', {
      json: { username: 'eager', email, password },
      headers: from('192.0.2.90'),
    })
    const token = await confirmationToken(email)
    const confirm = () => call('POST', '/api/auth/confirm-email', { json: { token }, headers: from('192.0.2.90') })
    for (const answer of await Promise.all(Array.from({ length: 4 }, confirm))) expect(answer.status).toBe(200)
    const [before] = await db.select().from(users).where(eq(users.email, email))
    expect((await confirm()).status).toBe(200)
    const [after] = await db.select().from(users).where(eq(users.email, email))
    expect(after?.confirmed_at).toBe(before?.confirmed_at)
    const pass = await gateOf(env, `user:${after?.id ?? 0}`).enter([{ name: 'any', quota: 1, windowSeconds: 1 }])
    expect(pass.revision).toBe(after?.revision)
  })
})
