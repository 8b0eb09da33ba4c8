import { eq } from 'drizzle-orm'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { doneTo, loggedIn, pathOf, refreshed } from '../../test/admins.ts'
import { type Answer, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { admin, change, moderator, type Person, signedUp } from '../../test/people.ts'
import { services } from '../../test/use-cases.ts'
import type { Database } from '../platform/db/database.ts'
import type { Services } from '../platform/ports.ts'
import { users } from '../users/table.ts'
import { changeUserAccess } from './manage-user.ts'

const db = database()
const rowOf = async ({ id }: Person) => (await db.select().from(users).where(eq(users.id, id)))[0]

describe('the list of accounts', () => {
  let root: Person
  let mira: Person
  let yevhen: Person
  let others: Person[]
  const found = async (query: string, by = mira) =>
    read(z.array(z.looseObject({ id: z.int() })), await by.get(`/api/admin/users?${query}`)).map(({ id }) => id)

  beforeAll(async () => {
    await db.delete(users)
    root = await admin('root')
    mira = await moderator('mira')
    yevhen = await signedUp('yevhen')
    others = [await signedUp('ana'), await signedUp('boris'), await signedUp('vira')]
    await yevhen.patch('/api/users/me', { username: 'ЄВГЕН Гуцало' })
  })

  it('shows an account, but nothing about its password', async () => {
    const [first] = read(z.array(z.unknown()), await mira.get('/api/admin/users?limit=1'))
    const displayed = {
      id: root.id,
      username: 'root',
      email: root.email,
      role: 'admin',
      avatar: `https://vizitka.test/avatars/initials/${root.id % 12}-Ug.svg`,
      confirmed: true,
    }
    expect(first).toEqual({ ...displayed, disabled: false, created_at: expect.any(String) })
    expect((await mira.get(pathOf(root))).body).toEqual(first)
  })

  it('finds a part of the username, without case and in any script', async () => {
    for (const q of ['євген', 'ЄВГЕН', 'вген г', 'ГУЦАЛО']) {
      expect(await found(new URLSearchParams({ q }).toString()), q).toEqual([yevhen.id])
    }
    expect(await found('q=nobody')).toEqual([])
  })

  it('finds a part of the e-mail, without case', async () => {
    const part = yevhen.email.slice(2, -4)
    for (const q of [part, part.toUpperCase()]) expect(await found(`q=${q}`)).toEqual([yevhen.id])
    expect(await found('q=%40EXAMPLE.com')).toHaveLength(6)
    // Here they are characters, not wildcards.
    for (const q of ['%25', '_', '*']) expect(await found(`q=${q}`), q).toEqual([])
  })

  it('can be filtered by role and by disabled', async () => {
    expect(await found('role=admin')).toEqual([root.id])
    expect(await found('role=moderator')).toEqual([mira.id])
    expect(await found('disabled=true')).toEqual([])
    await mira.patch(pathOf(yevhen), { disabled: true })
    expect(await found('disabled=true')).toEqual([yevhen.id])
    expect(await found('disabled=false&role=user')).toEqual(others.map(({ id }) => id))
    expect(await found('q=%40example&role=moderator&disabled=true')).toEqual([])
    await mira.patch(pathOf(yevhen), { disabled: false })
  })

  it('is paged by Link, and lists everyone once, whoever signs up meanwhile', async () => {
    const seen: number[] = []
    let next: string | undefined = '/api/admin/users?q=%40example.com&limit=2'
    for (let page = 0; next; page++) {
      const answer: Answer = await mira.get(next)
      seen.push(...read(z.array(z.looseObject({ id: z.int() })), answer).map(({ id }) => id))
      next = answer.headers.get('Link')?.match(/^<https:\/\/vizitka\.test(.+)>; rel="next"$/)?.[1]
      if (page === 0) others.push(await signedUp('late'))
    }
    expect(seen).toEqual([root, mira, yevhen, ...others].map(({ id }) => id))
  })

  it('skips as many as skip says, and has the total on request', async () => {
    expect(await found('skip=3&limit=2')).toEqual(others.slice(0, 2).map(({ id }) => id))
    const total = (query: string) => mira.get(`/api/admin/users?${query}`).then(({ headers }) => headers)
    expect((await total('total=true&limit=1')).get('X-Total-Count')).toBe(String(3 + others.length))
    expect((await total('total=true&limit=1&role=admin')).get('X-Total-Count')).toBe('1')
    expect((await total('limit=1')).has('X-Total-Count')).toBe(false)
  })

  it('refuses unknown parameters and values', async () => {
    for (const query of ['role=boss', 'disabled=yes', 'q=', 'sort=name', 'limit=0', 'cursor=x']) {
      expect(problemOf(await mira.get(`/api/admin/users?${query}`)), query).toBe('422 invalid-values')
    }
  })

  it('has no account with an id that nobody has', async () => {
    for (const id of ['987654321', '0', '1e3', 'me']) {
      expect(problemOf(await root.get(`/api/admin/users/${id}`)), id).toBe('404 not-found')
    }
    expect(problemOf(await root.patch(pathOf({ id: 987_654_321 }), { disabled: true }))).toBe('404 not-found')
    expect(problemOf(await root.delete(pathOf({ id: 987_654_321 })))).toBe('404 not-found')
    expect(problemOf(await root.get(pathOf({ id: 987_654_321 }, '/events')))).toBe('404 not-found')
  })
})

describe('somebody else’s account', () => {
  let root: Person
  let mira: Person
  let ana: Person

  beforeAll(async () => {
    await db.delete(users)
    root = await admin('root')
    mira = await moderator('mira')
  })

  beforeEach(async () => {
    ana = await signedUp('ana')
    // Her copy is cached.
    await ana.get('/api/users/me')
  })

  it('has its new role at the next request', async () => {
    const changed = await root.patch(pathOf(ana), { role: 'moderator' })
    expect(changed.body).toMatchObject({ id: ana.id, role: 'moderator', disabled: false })
    expect((await ana.get('/api/users/me')).body).toMatchObject({ role: 'moderator' })
    expect((await ana.get('/api/admin/users')).status).toBe(200)
    await root.patch(pathOf(ana), { role: 'user' })
    expect(problemOf(await ana.get('/api/admin/users'))).toBe('403 not-permitted')
  })

  it('is locked out at the next request after disabling, in every session, for good', async () => {
    const phone = await ana.login()
    expect((await mira.patch(pathOf(ana), { disabled: true })).body).toMatchObject({ disabled: true })
    const refused = async () => {
      for (const token of [ana.access, phone.access]) {
        expect(problemOf(await ana.get('/api/users/me', { token }))).toBe('401 session-revoked')
      }
      for (const token of [ana.refresh, phone.refresh]) expect((await refreshed(token)).status).toBe(401)
    }
    await refused()
    expect(problemOf(await loggedIn(ana))).toBe('403 account-disabled')
    expect((await mira.patch(pathOf(ana), { disabled: false })).body).toMatchObject({ disabled: false })
    await refused()
    const { access } = await ana.login()
    expect((await ana.get('/api/users/me', { token: access })).status).toBe(200)
  })

  it('has events of what others did to it, which its owner sees, but without their addresses', async () => {
    await root.patch(pathOf(ana), { role: 'moderator', disabled: true })
    await root.patch(pathOf(ana), { disabled: false })
    await mira.patch(pathOf(ana), { disabled: false })
    const { access: token } = await ana.login()
    const by = { actor_id: root.id, address: null, device: null }
    const sat = { actor_id: root.id, address: root.address, device: null }
    const happened = await ana.get('/api/users/me/events', { token })
    expect(doneTo(happened)).toMatchObject([
      { kind: 'enabled', detail: null, ...by },
      { kind: 'disabled', detail: null, ...by },
      { kind: 'role-changed', detail: 'moderator', ...by },
    ])
    // Admins see that, too.
    expect(doneTo(await root.get(pathOf(ana, '/events')))).toMatchObject([sat, sat, sat])
  })

  it('is changed completely or not at all', async () => {
    expect(problemOf(await mira.patch(pathOf(ana), { disabled: true, role: 'moderator' }))).toBe('403 not-permitted')
    expect(await rowOf(ana)).toMatchObject({ role: 'user', disabled: false })
    for (const body of [{}, { role: 'boss' }, { disabled: 'true' }, { email: 'new@example.com' }]) {
      expect(problemOf(await root.patch(pathOf(ana), body)), JSON.stringify(body)).toBe('422 invalid-values')
    }
  })

  it('can be disabled by a moderator, who cannot change its role, delete it or read its events', async () => {
    expect((await mira.patch(pathOf(ana), { disabled: true })).status).toBe(200)
    expect(problemOf(await mira.patch(pathOf(ana), { role: 'admin' }))).toBe('403 not-permitted')
    expect(problemOf(await mira.patch(pathOf(mira), { role: 'admin' }))).toBe('403 not-permitted')
    expect(problemOf(await mira.delete(pathOf(ana)))).toBe('403 not-permitted')
    expect(problemOf(await mira.get(pathOf(ana, '/events')))).toBe('403 not-permitted')
    expect(await rowOf(ana)).toMatchObject({ role: 'user', disabled: true })
  })

  it('cannot be changed by a moderator if it is an admin’s', async () => {
    await change(ana, { role: 'admin' })
    expect(problemOf(await mira.patch(pathOf(ana), { disabled: true }))).toBe('403 not-permitted')
    await change(ana, { disabled: true })
    expect(problemOf(await mira.patch(pathOf(ana), { disabled: false }))).toBe('403 not-permitted')
    expect(await rowOf(ana)).toMatchObject({ role: 'admin', disabled: true })
    await change(ana, { role: 'user', disabled: false })
  })

  it('is changed although others change it meanwhile, and back', async () => {
    const { services: real } = services()
    const setRole = (role: string) => root.patch(pathOf(ana), { role })
    let batches = 0
    // The role changes at the moment of the first write, and changes back after the write was refused.
    const gate: Services['gate'] = (name) => {
      const own = real.gate(name)
      const raise = async (revision: number) => {
        if (batches === 0) await setRole('moderator')
        return own.raise(revision)
      }
      return { ...own, raise }
    }
    const db = new Proxy(real.db, {
      get: (inner, name: keyof Database) => {
        if (name !== 'batch') return inner[name].bind(inner)
        return async (...args: Parameters<Database['batch']>) => {
          const results = await inner.batch(...args)
          batches += 1
          if (batches === 1) await setRole('user')
          return results
        }
      },
    })
    const manager = { id: root.id, overAdmins: true, address: root.address, device: null }
    const options = { id: ana.id, manager, checkConditions: () => {} }
    const changed = await changeUserAccess({ ...real, db, gate }, { ...options, changes: { disabled: true } })
    expect(changed).toMatchObject({ role: 'user', disabled: true })
    expect(batches).toBe(2)
    expect((await root.patch(pathOf(ana), { disabled: false })).status).toBe(200)
  })

  it('gets every one of several simultaneous changes, and an event for each', async () => {
    const nina = await admin('nina')
    const changes = [{ role: 'moderator' }, { disabled: true }, { role: 'user' }, { disabled: false }]
    const answers = await Promise.all(changes.map((body, at) => (at % 2 ? root : nina).patch(pathOf(ana), body)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    // Read from the beginning, the events lead to the present state.
    const now = { role: 'user', disabled: false }
    for (const { kind, detail } of doneTo(await root.get(pathOf(ana, '/events'))).reverse()) {
      if (kind === 'role-changed') {
        expect(detail).not.toBe(now.role)
        now.role = String(detail)
      } else {
        expect(now.disabled).toBe(kind === 'enabled')
        now.disabled = kind === 'disabled'
      }
    }
    expect(await rowOf(ana)).toMatchObject(now)
    await change(nina, { role: 'user' })
  })
})
