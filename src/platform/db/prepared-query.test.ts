import { and, eq, gte } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { database, driver, errorOf, execute } from '../../../test/database.ts'
import type { RoundTrip } from './database.ts'
import { isUniqueViolation, rootCause } from './errors.ts'
import { preparedQuery } from './prepared-query.ts'
import { roundTrips } from './round-trip.ts'
import { columnValues } from './rows.ts'

/** A table for this test. */
const things = sqliteTable('scratch_statements', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  name: text('name').unique(),
  number: integer('number').notNull().default(1),
  flag: integer('flag', { mode: 'boolean' }),
})
const db = database()

beforeEach(async () => {
  await execute(
    `CREATE TABLE IF NOT EXISTS scratch_statements (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT UNIQUE,
      number INTEGER NOT NULL DEFAULT 1, flag INTEGER)`,
  )
  await db.delete(things)
})

describe(`a statement on ${driver}`, () => {
  let written = 0
  const named = preparedQuery(['name', 'atLeast', 'flag'], (on, input) => {
    written++
    return on
      .update(things)
      .set(columnValues(things, ['flag'], input))
      .where(and(eq(things.name, input.name), gte(things.number, input.atLeast)))
      .returning({ name: things.name, number: things.number, flag: things.flag })
  })

  it('is built once for all requests, each with its own values and its own round trip', async () => {
    await db.insert(things).values([{ name: 'ana' }, { name: 'boris', number: 5 }])
    const trips: string[] = []
    for (const [at, which] of ['first', 'second'].entries()) {
      const trip: RoundTrip = (go) => {
        trips.push(which)
        return go()
      }
      await roundTrips.run(trip, async () => {
        expect(await named(database(), { name: 'ana', atLeast: 1, flag: at === 0 })).toEqual([
          { name: 'ana', number: 1, flag: at === 0 },
        ])
        expect(await named(database(), { name: 'boris', atLeast: 6, flag: true })).toEqual([])
      })
    }
    expect(trips).toEqual(['first', 'first', 'second', 'second'])
    expect(written).toBe(1)
    expect((await db.select().from(things).where(eq(things.name, 'ana')))[0]?.flag).toBe(false)
  })

  it('keeps the values of two at once apart', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `one of ${n}`)
    await db.insert(things).values(names.map((name) => ({ name })))
    const found = await Promise.all(names.map((name) => named(database(), { name, atLeast: 0, flag: null })))
    expect(found.map(([row]) => row)).toEqual(names.map((name) => ({ name, number: 1, flag: null })))
  })

  it('fails as the database does, and as its wrapper does', async () => {
    await db.insert(things).values([{ name: 'ana' }, { name: 'boris' }])
    const rename = preparedQuery(['from', 'name'], (on, { from, ...input }) =>
      on
        .update(things)
        .set(columnValues(things, ['name'], input))
        .where(eq(things.name, from))
        .returning({ id: things.id }),
    )
    expect(
      isUniqueViolation(await errorOf(rename(db, { from: 'ana', name: 'boris' })), 'scratch_statements.name'),
    ).toBe(true)
    const late: RoundTrip = () => Promise.reject(new Error('too late'))
    const renamed = roundTrips.run(late, () => rename(db, { from: 'ana', name: 'new' }))
    expect(rootCause(await errorOf(renamed)).message).toBe('too late')
    expect(await rename(db, { from: 'ana', name: 'new' })).toHaveLength(1)
  })

  it('reports a bug of ours as such, not as a failure of the database', async () => {
    const heard: unknown[] = []
    const listening: RoundTrip = (go) =>
      go().catch((error: unknown) => {
        heard.push(error)
        throw error
      })
    const incomplete = { name: 'ana', atLeast: 1 } as Parameters<typeof named>[1]
    const refused = roundTrips.run(listening, () => named(db, incomplete))
    expect(String(await errorOf(refused))).toContain('No value for placeholder "flag"')
    expect(heard).toEqual([])
  })
})
