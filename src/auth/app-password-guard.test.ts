import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { appPasswordOf, ask, forged, path, rowsOf } from '../../test/app-passwords.ts'
import { database, driver } from '../../test/database.ts'
import { change, freshAddress, type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { counted, serve } from '../../test/serving.ts'
import { contacts } from '../contacts/table.ts'
import type { Gate } from '../platform/gate/gate.ts'
import { appPasswords } from './table.ts'
import { userCache } from './user-cache.ts'

const db = database()
const problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  violated_policies: z.array(z.string()).optional(),
})
const codeOf = async (response: Response) => `${response.status} ${problem.parse(await response.json()).code}`
/** The default limits; the tests' own are looser. */
const strict = { RATE_LIMITS: '' }

afterEach(() => {
  vi.useRealTimers()
})

/** Makes a user's gate lose all its app passwords, or everything. */
async function loses(person: Person, all: boolean): Promise<void> {
  const gate = (env.GATE as DurableObjectNamespace<Gate>).getByName(`user:${person.id}`)
  await runInDurableObject(gate, async (_, state) => {
    if (all) await state.storage.deleteAll()
    else state.storage.kv.delete('app-passwords')
  })
  await runInDurableObject(gate, (_, state) => {
    state.abort('lost')
  }).catch(() => undefined)
}

describe('app passwords that are made up', () => {
  it('use up none of the user’s limits: after a thousand, the real one is admitted from the same address and from others', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const address = freshAddress()
    const { bindings, trips, reset } = counted({ ...env, ...strict })
    expect((await ask(password, 'GET', '/api/contacts', { address, bindings })).status).toBe(200)
    reset()
    const seen = new Map<string, number>()
    for (let n = 0; n < 1000; n += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => ask(forged(ana, n + i), 'GET', '/api/contacts', { address, bindings })),
      )
      for (const answer of answers) {
        const code = await codeOf(answer)
        seen.set(code, (seen.get(code) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(seen)).toEqual({ '401 invalid-token': 20, '429 too-many-requests': 980 })
    // None of them caused a query.
    expect(trips.database).toBe(0)
    expect(trips.gate.filter((method) => method === 'enter')).toHaveLength(1000)
    for (const where of [address, freshAddress()]) {
      const real = await ask(password, 'GET', '/api/contacts', { address: where, bindings })
      expect(real.status).toBe(200)
      expect(real.headers.get('RateLimit')).toMatch(/^"contacts-read";r=11[78];/)
    }
    // Guessers at the same address are limited only for made-up passwords.
    const more = await ask(forged(ana, 7), 'GET', '/api/contacts', { address, bindings })
    expect(problem.parse(await more.json()).violated_policies).toEqual(['app-password-failures'])
  }, 60_000)

  it('for users that do not exist are 401, and write nothing anywhere', async () => {
    const nobody = { id: 987_654_321_012 }
    expect(await codeOf(await ask(forged(nobody, 1)))).toBe('401 invalid-token')
    const gate = (env.GATE as DurableObjectNamespace<Gate>).getByName(`user:${nobody.id}`)
    expect(await runInDurableObject(gate, (_, state) => [...state.storage.kv.list()])).toEqual([])
  })

  it('that are incomplete or malformed are 401 without any call', async () => {
    const { bindings, trips } = counted()
    for (const token of ['vz', 'vz1', `vz0${'a'.repeat(26)}`, `vz1${'A'.repeat(26)}`, `vz1${'a'.repeat(25)}`]) {
      expect(await codeOf(await ask(token, 'GET', '/api/contacts', { bindings })), token).toBe('401 invalid-token')
    }
    expect(trips).toMatchObject({ gate: [], kvReads: [], database: 0 })
  })

  it('cause one database read if the gate has no list', async () => {
    const ana = await signedUp('ana')
    const { bindings, trips } = counted()
    for (let n = 0; n < 5; n++) expect((await ask(forged(ana, n), 'GET', path, { bindings })).status).toBe(401)
    expect(trips.database).toBe(driver === 'D1' ? 1 : 0)
  })
})

describe('a valid app password', () => {
  it('costs as much as a session: one call to the gate beside the cache, and no query while the cache is warm', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    await ask(password)
    const { bindings, trips, reset } = counted()
    expect((await ask(password, 'GET', '/api/users/me', { bindings })).status).toBe(200)
    expect(trips).toMatchObject({ gate: ['enterWithHash'], kvReads: [], kvWrites: [], database: 0 })
    userCache.clear()
    reset()
    expect((await ask(password, 'GET', '/api/users/me', { bindings })).status).toBe(200)
    expect(trips).toMatchObject({ gate: ['enterWithHash'], kvReads: [`user:${ana.id}`], database: 0 })
    expect(trips.overlaps).toContain('gate+kv')
  })

  it('counts against the limits of its user, as sessions do', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const bindings = { RATE_LIMITS: 'contacts-read=2/60s' }
    expect((await ask(password, 'GET', '/api/contacts', { bindings })).status).toBe(200)
    expect((await serve(bindings, '/api/contacts', { token: ana.access })).status).toBe(200)
    const third = await ask(password, 'GET', '/api/contacts', { bindings })
    expect(problem.parse(await third.json()).violated_policies).toEqual(['contacts-read'])
  })

  it('stores the day of its last use once a day', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const { bindings, trips, reset } = counted()
    const today = new Date().toISOString().slice(0, 10)
    await ask(password, 'GET', '/api/users/me', { bindings })
    await vi.waitFor(async () => expect((await rowsOf(ana))[0]?.last_used_on).toBe(today))
    reset()
    await ask(password, 'GET', '/api/users/me', { bindings })
    expect(trips.database).toBe(0)
    expect((await ana.get(path)).body).toMatchObject([{ last_used_on: today }])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 })
    await ask(password, 'GET', '/api/users/me', { bindings })
    const tomorrow = new Date().toISOString().slice(0, 10)
    vi.useRealTimers()
    await vi.waitFor(async () => expect((await rowsOf(ana))[0]?.last_used_on).toBe(tomorrow))
  })

  it('permits what the role of its user permits, and no more', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const bindings = { ROLE_PERMISSIONS: '{"user":["contacts:read"]}' }
    expect((await ask(password, 'GET', '/api/contacts', { bindings })).status).toBe(200)
    const json = { first_name: 'Never' }
    expect(await codeOf(await ask(password, 'POST', '/api/contacts', { bindings, json }))).toBe('403 not-permitted')
    // An app password of an admin gives no access to admin routes.
    await change(ana, { role: 'admin' })
    expect(await codeOf(await ask(password, 'GET', '/api/admin/users'))).toBe('403 not-permitted')
    expect((await ask(password, 'GET', '/api/users/me')).status).toBe(200)
  })

  it('uses the Idempotency-Keys of its user', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const headers = { 'Idempotency-Key': 'one' }
    const json = { first_name: 'Once' }
    const first = await serve({}, '/api/contacts', { method: 'POST', token: ana.access, headers, json })
    const second = await serve({}, '/api/contacts', { method: 'POST', token: password, headers, json })
    const madeSchema = z.looseObject({ id: z.int() })
    expect(madeSchema.parse(await second.json()).id).toBe(madeSchema.parse(await first.json()).id)
  })

  it('is recorded by name as the author of its changes', async () => {
    const ana = await signedUp('ana')
    const { id, password } = await appPasswordOf(ana, 'api', 'Сканер')
    const made = await ask(password, 'POST', '/api/contacts', { json: { first_name: 'One' } })
    const contact = z.looseObject({ id: z.int() }).parse(await made.json())
    await ask(password, 'PATCH', `/api/contacts/${contact.id}`, { json: { first_name: 'Two' } })
    await ask(password, 'PATCH', `/api/contacts/${contact.id}`, { json: { first_name: 'Three' } })
    const author = { kind: 'app', id, name: 'Сканер' }
    expect((await ana.get(`/api/contacts/${contact.id}/history`)).body).toMatchObject([{ changed_by: author }, {}])
    await ask(password, 'DELETE', `/api/contacts/${contact.id}`)
    expect((await ana.get('/api/trash')).body).toMatchObject([{ deleted_by: author }])
  })

  it('gives a contact a picture, unless it is revoked while the picture is stored', async () => {
    const ana = await signedUp('ana')
    const { id, password } = await appPasswordOf(ana)
    const made = await ask(password, 'POST', '/api/contacts', { json: { first_name: 'One' } })
    const contact = z.looseObject({ id: z.int() }).parse(await made.json())
    const url = `/api/contacts/${contact.id}/avatar`
    const give = (bindings: object) =>
      serve(bindings, url, { method: 'PATCH', token: password, body: upload(picture('png')) })
    expect((await give({})).status).toBe(200)
    // The picture is in KV, and its row is not written yet.
    const CACHE = new Proxy(env.CACHE, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (name === 'put' && String(args[0]).startsWith('avatar:')) {
            expect((await ana.delete(`${path}/${id}`)).status).toBe(204)
          }
          return Reflect.apply(method, target, args)
        }
      },
    })
    const [before] = await db.select().from(contacts).where(eq(contacts.id, contact.id))
    expect(await codeOf(await give({ CACHE }))).toBe('401 invalid-token')
    const [after] = await db.select().from(contacts).where(eq(contacts.id, contact.id))
    expect(after?.avatar).toBe(before?.avatar)
  })
})

describe('a gate that lost its list', () => {
  it.each([
    ['its list', false],
    ['everything', true],
  ])('still admits a phone after losing %s', async (_, all) => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    expect((await ask(password)).status).toBe(200)
    await loses(ana, all)
    const { bindings, trips, reset } = counted()
    for (let times = 0; times < 3; times++) {
      expect((await ask(password, 'GET', '/api/users/me', { bindings })).status).toBe(200)
    }
    reset()
    expect((await ask(password, 'GET', '/api/users/me', { bindings })).status).toBe(200)
    expect(trips).toMatchObject({ gate: ['enterWithHash'], database: 0 })
  })

  it('admits, within a day, an app password that a restored backup brought back', async () => {
    const ana = await signedUp('ana')
    const { id, password } = await appPasswordOf(ana)
    const [row] = await rowsOf(ana)
    if (!row) throw new Error('There is no row.')
    await ana.delete(`${path}/${id}`)
    for (let times = 0; times < 2; times++) expect((await ask(password)).status).toBe(401)
    await db.insert(appPasswords).values(row)
    expect((await ask(password)).status).toBe(401)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3_600_000 })
    expect((await ask(password)).status).toBe(200)
  })
})

describe('while the gate is down', () => {
  it('reads are served from the database, if the gate of the address has counted them', async () => {
    const ana = await signedUp('ana')
    const { password } = await appPasswordOf(ana)
    const GATE = new Proxy(env.GATE, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          const made: unknown = Reflect.apply(method, target, args)
          const isUsers =
            name === 'get' && args[0] instanceof Object && String(Reflect.get(args[0], 'name')).startsWith('user:')
          if (!isUsers) return made
          throw new Error('down')
        }
      },
    })
    expect((await ask(password, 'GET', '/api/contacts', { bindings: { GATE } })).status).toBe(200)
    expect(await codeOf(await ask(forged(ana, 1), 'GET', '/api/contacts', { bindings: { GATE } }))).toBe(
      '401 invalid-token',
    )
    const json = { first_name: 'Never' }
    expect(await codeOf(await ask(password, 'POST', '/api/contacts', { bindings: { GATE }, json }))).toBe(
      '503 gate-unavailable',
    )
  })
})
