import { env } from 'cloudflare:workers'
import { count, eq, sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { login, refresh } from '../../test/accounts.ts'
import { appPasswordOf } from '../../test/app-passwords.ts'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { insertedImport, vcardForm } from '../../test/import-cases.ts'
import { owners } from '../../test/owners.ts'
import {
  change,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { strength } from '../../test/strength.ts'
import { addVcard, lines, post } from '../../test/vcard-requests.ts'
import { events } from '../audit/table.ts'
import { userCache } from '../auth/user-cache.ts'
import { distinctPairs } from '../merge/table.ts'
import { users } from '../users/table.ts'

const db = database()
/** Counts a user's rows in each table. */
async function rowsOf({ id }: Person): Promise<Record<string, number>> {
  const counts = Object.entries(owners).map(async ([name, [table, owner]]) => {
    const [row] = await db.select({ rows: count() }).from(table).where(eq(owner, id))
    return [name, row?.rows ?? 0] as const
  })
  return Object.fromEntries(await Promise.all(counts))
}
const nothing = { ...Object.fromEntries(Object.keys(owners).map((name) => [name, 0])), events: 1 }

const remove = (person: Person, current_password = person.password, token = person.access) =>
  person.delete('/api/users/me', { json: { current_password }, token })
const eventsOf = ({ id }: Person) => db.select().from(events).where(eq(events.user_id, id))

/** A user with rows in every table. */
async function confirmedPerson(name: string): Promise<Person> {
  const person = await signedUp(name)
  await person.post('/api/contacts', { first_name: 'One' }, { headers: { 'Idempotency-Key': 'One' } })
  await Promise.all([appPasswordOf(person), person.post('/api/books', { slug: 'work', name: 'Work' })])
  await post(person, lines('FN:Three', `PHOTO;ENCODING=b:${'A'.repeat(2000)}`))
  const { id } = await addVcard(person, lines('FN:Gone'))
  await person.patch(`/api/contacts/${id}`, { phone: '1', book: 'work' })
  await person.delete(`/api/contacts/${id}`)
  await db.insert(distinctPairs).values({ owner_id: person.id, first_id: 1, second_id: 2, created_at: '' })
  await Promise.all([insertedImport(person.id), person.post('/api/imports', undefined, { raw: vcardForm() })])
  await post(person, lines('VERSION:4.0', 'KIND:group', 'FN:Four', 'MEMBER:one'))
  await call('POST', '/api/auth/request-password-reset-email', { json: { email: person.email } })
  await linkToken(person.email, 'reset-password')
  const rows = await rowsOf(person)
  for (const name of Object.keys(owners)) expect(rows[name], name).toBeGreaterThan(0)
  return person
}

describe('deleting one’s account', () => {
  it('knows every table', async () => {
    const tables = await db
      .select({ name: sql<string>`name` })
      .from(sql`sqlite_master`)
      .where(sql`type = 'table' AND name NOT GLOB '[_]*' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'd1_*'`)
    const ofNobody = ['discarded_pictures', 'contact_keying']
    const names = tables.map(({ name }) => name).filter((name) => !name.startsWith('scratch_'))
    expect(names.filter((name) => !ofNobody.includes(name)).sort()).toEqual(Object.keys(owners).sort())
  })

  it('deletes everything, and leaves an id and a time', async () => {
    const [ana, boris] = [await confirmedPerson('ana'), await confirmedPerson('boris')]
    const before = await rowsOf(boris)
    const answer = await remove(ana)
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(await rowsOf(ana)).toEqual(nothing)
    expect(await eventsOf(ana)).toEqual([
      {
        id: expect.any(Number),
        user_id: ana.id,
        number: 1,
        kind: 'deleted',
        ...{ actor_id: null, address: null, device: null, detail: null },
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ])
    expect(await rowsOf(boris)).toEqual(before)
    expect((await boris.get('/api/users/me')).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await rowsOf(ana)).toEqual(nothing)
  })

  it('invalidates every token at once, however stale the caches are', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    for (const token of [other.access, ana.access]) await call('GET', '/api/users/me', { token })
    const key = `user:${ana.id}`
    await vi.waitFor(async () => expect(await env.CACHE.get(key)).toContain(ana.email))
    const [memory, kv] = [userCache.getLocal(key), await env.CACHE.get(key)]
    if (!memory || !kv) throw new Error('Nothing was kept.')
    expect((await remove(ana)).status).toBe(204)
    for (const { access, refresh: token } of [ana, other]) {
      userCache.putLocal(key, memory)
      await env.CACHE.put(key, kv)
      expect(problemOf(await call('GET', '/api/users/me', { token: access }))).toBe('401 session-revoked')
      expect(problemOf(await ana.post('/api/contacts', { first_name: 'Late' }, { token: access }))).toBe(
        '401 session-revoked',
      )
      userCache.clear()
      expect(problemOf(await call('GET', '/api/contacts', { token: access }))).toBe('401 session-revoked')
      expect(problemOf(await refresh(token))).toBe('401 session-revoked')
    }
    expect(await rowsOf(ana)).toEqual(nothing)
  })

  it('deletes the copy in KV, too', async () => {
    const ana = await signedUp('ana')
    await ana.get('/api/users/me')
    await vi.waitFor(async () => expect(await env.CACHE.get(`user:${ana.id}`)).toContain(ana.email))
    expect((await remove(ana)).status).toBe(204)
    await vi.waitFor(async () => expect(await env.CACHE.get(`user:${ana.id}`)).toBeNull())
  })

  it('frees the address: a new account sees nothing of the old one', async () => {
    const ana = await confirmedPerson('ana')
    expect((await remove(ana)).status).toBe(204)
    expect(problemOf(await login(ana.email))).toBe('401 invalid-credentials')
    const again = await call('POST', '/api/auth/signup', {
      json: { username: 'ana', email: ana.email, password },
      headers: from(freshAddress()),
    })
    expect(again.status).toBe(201)
    const { user } = z.looseObject({ user: z.looseObject({ id: z.number() }) }).parse(again.body)
    expect(user.id).toBeGreaterThan(ana.id)
    const token = await confirmationToken(ana.email, 4)
    expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    const { access_token } = z.looseObject({ access_token: z.string() }).parse((await login(ana.email)).body)
    const read = async (path: string) => (await call('GET', path, { token: access_token })).body
    expect(await read('/api/contacts')).toEqual([])
    expect(await read('/api/users/me/events')).toMatchObject([
      { kind: 'logged-in' },
      { kind: 'email-confirmed' },
      { kind: 'signed-up' },
    ])
    expect(await read('/api/users/me/export')).toMatchObject({ contacts: [], letters: [{ kind: 'confirm-email' }] })
    // The old tokens do not work for the new account.
    expect(problemOf(await ana.get('/api/users/me'))).toBe('401 session-revoked')
  })

  it('requires the password, counts a wrong one, and then deletes nothing', async () => {
    const ana = await confirmedPerson('ana')
    const before = await rowsOf(ana)
    expect(problemOf(await remove(ana, 'not the password'))).toBe('403 wrong-password')
    expect(pointersOf(await ana.delete('/api/users/me', { json: {} }))).toEqual(['/current_password'])
    // No body means no password.
    expect((await ana.delete('/api/users/me')).status).toBeOneOf([400, 415, 422])
    const limits = { RATE_LIMITS: 'login-failures=2/300s' }
    const tried = (current_password: string) =>
      serve(limits, '/api/users/me', {
        method: 'DELETE',
        token: ana.access,
        json: { current_password },
        headers: from(ana.address),
      })
    expect((await tried('not the password')).status).toBe(403)
    expect((await tried(password)).status).toBe(429)
    const { events: happened, ...rest } = await rowsOf(ana)
    expect(rest).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'events')))
    expect(happened).toBeGreaterThan(before.events ?? 0)
    expect((await ana.get('/api/contacts')).body).toHaveLength(3)
  })

  it('invalidates the links in letters to old and new addresses', async () => {
    const ana = await confirmedPerson('ana')
    const target = freshEmail('target')
    await ana.post('/api/users/me/email', { email: target, current_password: password })
    const move = await confirmationToken(target)
    const reset = await linkToken(ana.email, 'reset-password')
    expect((await remove(ana)).status).toBe(204)
    for (const answer of [
      await call('GET', `/api/auth/reset-password/${reset}`),
      await call('POST', '/api/auth/confirm-email', { json: { token: move } }),
    ]) {
      expect(problemOf(answer)).toBe('404 link-not-found')
    }
  })

  it('is refused for the last admin', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    expect(await db.select().from(users).where(eq(users.role, 'admin'))).toEqual([])
    await change(ana, { role: 'admin' })
    expect(problemOf(await remove(ana, 'not the password'))).toBe('403 wrong-password')
    expect(problemOf(await remove(ana))).toBe('409 last-admin')
    expect((await rowsOf(ana)).sessions).toBe(1)
    await change(boris, { role: 'admin' })
    expect((await remove(ana)).status).toBe(204)
    expect(problemOf(await remove(boris))).toBe('409 last-admin')
  })
})

describe('deleting an account at the same time', () => {
  it('as twenty contacts are added leaves none of them behind', async () => {
    for (let round = 0; round < strength(4, 2); round++) {
      const ana = await signedUp('ana')
      const creates = Array.from({ length: 20 }, (_, n) => ana.post('/api/contacts', { first_name: `No ${n}` }))
      const [gone, ...made] = await Promise.all([remove(ana), ...creates])
      expect(gone?.status).toBe(204)
      for (const { status } of made) expect([201, 401]).toContain(status)
      expect(await rowsOf(ana)).toEqual(nothing)
    }
  })

  it('as contacts are added just before and just after: some are made, and none stays', async () => {
    const ana = await signedUp('ana')
    const add = async (first_name: string) => (await ana.post('/api/contacts', { first_name })).status
    const statuses = [await add('Just before')]
    const gone = remove(ana)
    let isOver = false
    void gone.then(() => (isOver = true))
    while (!isOver) statuses.push(await add('On the way'))
    statuses.push(await add('Just after'))
    expect((await gone).status).toBe(204)
    expect([statuses[0], statuses.at(-1)]).toEqual([201, 401])
    expect(new Set(statuses)).toEqual(new Set([201, 401]))
    expect(await rowsOf(ana)).toEqual(nothing)
  })

  it('twice deletes it once', async () => {
    for (let round = 0; round < strength(3, 2); round++) {
      const ana = await confirmedPerson('ana')
      const other = await ana.login()
      const answers = await Promise.all([remove(ana), remove(ana, password, other.access)])
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 401])
      expect(await rowsOf(ana)).toEqual(nothing)
    }
  })

  it('as someone logs in, refreshes, requests letters and confirms them leaves no row', async () => {
    for (let round = 0; round < strength(3, 2); round++) {
      const ana = await signedUp('ana')
      const target = freshEmail('target')
      await ana.post('/api/users/me/email', { email: target, current_password: password })
      const move = await confirmationToken(target)
      const requested = { json: { email: ana.email }, headers: from(freshAddress()) }
      const [gone, ...others] = await Promise.all([
        remove(ana),
        login(ana.email),
        login(ana.email, 'not the password'),
        refresh(ana.refresh),
        call('POST', '/api/auth/request-password-reset-email', requested),
        call('POST', '/api/auth/confirm-email', { json: { token: move }, headers: from(freshAddress()) }),
        ana.post('/api/users/me/email', { email: freshEmail('another'), current_password: password }),
        ana.patch('/api/users/me', { username: 'renamed' }),
        ana.get('/api/users/me/export'),
      ])
      expect(gone.status).toBe(204)
      for (const { status, text } of others) expect(status, text).toBeLessThan(500)
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await rowsOf(ana)).toEqual(nothing)
    }
  })

  it('as the password changes: one of the two comes first and takes effect', async () => {
    for (let round = 0; round < strength(3, 2); round++) {
      const ana = await signedUp('ana')
      const fresh = `quite another one ${round}`
      const [gone, changed] = await Promise.all([
        remove(ana),
        ana.put('/api/users/me/password', { current_password: password, password: fresh }),
      ])
      if (gone.status === 204) {
        // The change may have come first, but then the deletion's password was no longer right.
        expect(changed.status).toBeOneOf([401, 403])
        expect(await rowsOf(ana)).toEqual(nothing)
      } else {
        expect([gone.status, changed.status]).toEqual([403, 204])
        expect((await login(ana.email, fresh)).status).toBe(200)
      }
    }
  })
})
