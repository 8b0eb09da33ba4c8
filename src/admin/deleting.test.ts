import { env } from 'cloudflare:workers'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { doneTo, loggedIn, pathOf, refreshed } from '../../test/admins.ts'
import { appPasswordOf } from '../../test/app-passwords.ts'
import { call, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { admin, freshAddress, from, type Person, password, signedUp } from '../../test/people.ts'
import { events } from '../audit/table.ts'
import * as auth from '../auth/table.ts'
import { books, removed } from '../books/table.ts'
import * as contacts from '../contacts/table.ts'
import { versions } from '../history/table.ts'
import { distinctPairs } from '../merge/table.ts'
import { outbox } from '../platform/mail/table.ts'
import * as transfer from '../transfer/table.ts'
import { users } from '../users/table.ts'

const db = database()

describe('deleting an account', () => {
  const tables = [
    users,
    outbox,
    events,
    books,
    removed,
    versions,
    distinctPairs,
    ...Object.values(transfer),
    ...Object.values(contacts),
    ...Object.values(auth),
  ].filter((table) => table instanceof SQLiteTable)
  /** Every row of any table that belongs to a user or mentions them. */
  const tracesOf = async ({ id, email }: Person) => {
    const rows = await Promise.all(
      tables.map(async (table) =>
        (await db.select().from(table)).map((row) => ({ table: getTableConfig(table).name, ...row })),
      ),
    )
    return rows
      .flat()
      .filter(
        (row: Record<string, unknown>) =>
          (row.table === 'users' ? row.id : (row.user_id ?? row.owner_id)) === id ||
          JSON.stringify(row).toLowerCase().includes(email),
      )
  }

  it('knows every table', () => {
    const named = env.TEST_MIGRATIONS.flatMap(({ queries }) =>
      queries.flatMap((query) => query.match(/CREATE TABLE `(\w+)`/)?.[1] ?? []),
    )
    // Discarded pictures have no owner: the cron job deletes them.
    const owned = named.filter((name) => name !== 'discarded_pictures')
    expect(tables.map((table) => getTableConfig(table).name).sort()).toEqual(owned.sort())
  })

  it('leaves only when, and by whom; and the address can sign up again', async () => {
    const root = await admin('root')
    const ana = await signedUp('ana')
    await ana.post('/api/contacts', { first_name: 'Олена' }, { headers: { 'Idempotency-Key': 'once' } })
    const phone = await ana.login()
    await appPasswordOf(ana)
    const ask = { json: { email: ana.email }, headers: from(freshAddress()) }
    await call('POST', '/api/auth/request-password-reset-email', ask)
    await expect
      .poll(async () => new Set((await tracesOf(ana)).map(({ table }) => table)))
      .toEqual(
        new Set([
          ...['users', 'books', 'contacts', 'idempotency_keys', 'sessions', 'app_passwords', 'links', 'outbox'],
          'events',
        ]),
      )

    expect((await root.delete(pathOf(ana))).status).toBe(204)
    expect(await tracesOf(ana)).toEqual([
      {
        table: 'events',
        id: expect.any(Number),
        user_id: ana.id,
        number: 1,
        kind: 'deleted',
        actor_id: root.id,
        address: root.address,
        device: null,
        detail: null,
        created_at: expect.any(String),
      },
    ])
    await expect.poll(() => env.CACHE.get(`user:${ana.id}`)).toBeNull()
    for (const token of [ana.access, phone.access]) {
      expect(problemOf(await ana.get('/api/users/me', { token }))).toBe('401 session-revoked')
    }
    expect((await refreshed(ana.refresh)).status).toBe(401)
    expect(problemOf(await loggedIn(ana))).toBe('401 invalid-credentials')
    expect(problemOf(await root.get(pathOf(ana)))).toBe('404 not-found')
    expect(doneTo(await root.get(pathOf(ana, '/events')))).toMatchObject([{ kind: 'deleted', actor_id: root.id }])

    const again = { json: { username: 'ana', email: ana.email, password }, headers: from(freshAddress()) }
    const { user } = read(
      z.looseObject({ user: z.looseObject({ id: z.int() }) }),
      await call('POST', '/api/auth/signup', again),
    )
    expect(user.id).toBeGreaterThan(ana.id)
  })

  it('happens once, however many requests come at once; the others get 404', async () => {
    const [root, nina, ana] = [await admin('root'), await admin('nina'), await signedUp('ana')]
    const answers = await Promise.all([root, nina, root].map((by) => by.delete(pathOf(ana))))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404])
    expect(doneTo(await root.get(pathOf(ana, '/events')))).toHaveLength(1)
  })
})
