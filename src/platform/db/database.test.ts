import { env } from 'cloudflare:workers'
import { asc, eq, sql } from 'drizzle-orm'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { database, driver, errorOf, execute } from '../../../test/database.ts'
import { configuration } from '../../config.ts'
import { describeError } from '../safe-errors.ts'
import type { RoundTrip } from './database.ts'
import { isStaleRevision, isUniqueViolation, rootCause } from './errors.ts'
import { roundTrips } from './round-trip.ts'

/** A table for this test. */
const things = sqliteTable('scratch_things', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  name: text('name').unique(),
  group: text('group_name'),
  number: integer('number').notNull().default(1),
  flag: integer('flag', { mode: 'boolean' }),
})

const db = database()
const names = async () =>
  (await db.select({ name: things.name }).from(things).orderBy(asc(things.id))).map((x) => x.name)

beforeAll(async () => {
  await execute(
    `CREATE TABLE IF NOT EXISTS scratch_things (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT UNIQUE,
      group_name TEXT, number INTEGER NOT NULL DEFAULT 1, flag INTEGER)`,
    'CREATE UNIQUE INDEX IF NOT EXISTS scratch_pairs ON scratch_things (group_name, number)',
    `CREATE TRIGGER IF NOT EXISTS scratch_rises BEFORE UPDATE OF number ON scratch_things WHEN NEW.number <= OLD.number
      BEGIN SELECT RAISE(ABORT, 'stale revision'); END`,
  )
})

beforeEach(async () => {
  await db.delete(things)
})

describe(`a batch on ${driver}`, () => {
  it('returns each statement’s result in order, and each statement sees earlier writes', async () => {
    const [written, read, changed, none] = await db.batch([
      db.insert(things).values({ name: 'one' }).returning({ name: things.name, number: things.number }),
      db.select({ name: things.name }).from(things),
      db.update(things).set({ number: 2 }).where(eq(things.name, 'one')).returning({ number: things.number }),
      db.delete(things).where(eq(things.name, 'nobody')).returning({ id: things.id }),
    ])
    expect({ written, read, changed, none }).toEqual({
      written: [{ name: 'one', number: 1 }],
      read: [{ name: 'one' }],
      changed: [{ number: 2 }],
      none: [],
    })
  })

  it('is undone as a whole when a later statement fails', async () => {
    await db.insert(things).values({ name: 'taken' })
    const error = await errorOf(
      db.batch([
        db.insert(things).values({ name: 'first' }),
        db.update(things).set({ flag: true }),
        db.insert(things).values({ name: 'taken' }),
        db.insert(things).values({ name: 'last' }),
      ]),
    )
    expect(isUniqueViolation(error, 'scratch_things.name')).toBe(true)
    expect(await db.select({ name: things.name, flag: things.flag }).from(things)).toEqual([
      { name: 'taken', flag: null },
    ])
  })

  it('is undone as a whole when a trigger aborts it', async () => {
    await db.insert(things).values({ name: 'risen', number: 5 })
    for (const number of [4, 5]) {
      const stale = db.update(things).set({ number }).where(eq(things.name, 'risen'))
      const error = await errorOf(db.batch([db.insert(things).values({ name: 'lost' }), stale]))
      expect(isStaleRevision(error)).toBe(true)
      expect(isStaleRevision(await errorOf(db.batch([stale, db.insert(things).values({ name: 'lost' })])))).toBe(true)
      expect(isStaleRevision(await errorOf(Promise.resolve(stale)))).toBe(true)
    }
    expect(await names()).toEqual(['risen'])
    await db.batch([db.update(things).set({ number: 6 }), db.insert(things).values({ name: 'kept', number: 7 })])
    expect(await names()).toEqual(['risen', 'kept'])
  })

  it('waits for another that writes, and loses nothing, also if it reads first', async () => {
    await db.insert(things).values({ name: 'counter', number: 1 })
    const counter = eq(things.name, 'counter')
    await Promise.all(
      Array.from({ length: 20 }, () =>
        db.batch([
          db.select().from(things),
          db
            .update(things)
            .set({ number: sql`${things.number} + 1` })
            .where(counter),
        ]),
      ),
    )
    expect((await db.select().from(things).where(counter))[0]?.number).toBe(21)
  })
})

describe(`an error of ${driver}`, () => {
  it('says which columns had to be unique', async () => {
    await db.insert(things).values({ name: 'one', group: 'a' })
    const single = await errorOf(Promise.resolve(db.insert(things).values({ name: 'one' })))
    expect(isUniqueViolation(single, 'scratch_things.name')).toBe(true)
    expect(isUniqueViolation(single, 'scratch_things.nam')).toBe(false)
    expect(isUniqueViolation(single, 'scratch_things.group_name')).toBe(false)
    expect(isStaleRevision(single)).toBe(false)
    const pair = await errorOf(Promise.resolve(db.insert(things).values({ group: 'a' })))
    expect(isUniqueViolation(pair, 'scratch_things.group_name, scratch_things.number')).toBe(true)
    expect(isUniqueViolation(pair, 'scratch_things.group_name')).toBe(false)
  })

  it('is not recognized in text that a client wrote', async () => {
    const name = 'UNIQUE constraint failed: scratch_things.group_name: stale revision: '
    await db.insert(things).values({ name })
    const error = await errorOf(Promise.resolve(db.insert(things).values({ name })))
    expect(isUniqueViolation(error, 'scratch_things.group_name')).toBe(false)
    expect(isStaleRevision(error)).toBe(false)
    expect(isUniqueViolation(error, 'scratch_things.name')).toBe(true)
  })

  it('is unclassified if the driver rejects with something else: only Drizzle’s message, with all values, is left', () => {
    const error = new DrizzleQueryError('select ?', ['stale revision: no such table'], undefined)
    expect(rootCause(error).message).toBe('not an Error')
    expect(isStaleRevision(error)).toBe(false)
  })

  it('is logged without SQL and parameters', async () => {
    await db.insert(things).values({ name: 'a secret' })
    const insert = db.insert(things).values({ name: 'a secret' })
    for (const error of [
      await errorOf(Promise.resolve(insert)),
      await errorOf(db.batch([insert])),
      await errorOf(
        Promise.resolve(db.select({ x: sql`no_such_column` }).from(things).where(eq(things.name, 'a secret'))),
      ),
    ]) {
      expect(describeError(error)).toMatch(/^\w*Error: .*(UNIQUE|no such column)/)
      expect(describeError(error)).not.toMatch(/secret|insert|select|from|params/i)
    }
    expect(describeError('thrown')).toBe('Error')
  })
})

describe(`a value on ${driver}`, () => {
  it.each([
    ['nothing', null],
    ['an empty string', ''],
    ['Unicode of every plane, and both compositions', 'Їжак Ґанок 👩‍👩‍👧 \u{10FFFF} é e\u0301 日本'],
    ['what SQL would take for its own', `'; DROP TABLE scratch_things; -- "?1" :name`],
    ['lines and tabs', 'a\r\n\tb\u2028c'],
    ['5,000 characters', 'ї'.repeat(5000)],
    ['a number in words', '00012'],
  ])('is read back as it was written: %s', async (_, name) => {
    const [returned] = await db.insert(things).values({ name }).returning()
    const [found] = await db.select().from(things)
    const [[batched]] = await db.batch([db.select().from(things)])
    for (const row of [returned, found, batched]) {
      expect(row).toEqual({ id: expect.any(Number), name, group: null, number: 1, flag: null })
    }
    if (name !== null) expect(await db.select().from(things).where(eq(things.name, name))).toHaveLength(1)
  })

  it.each([Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 31, 0, Date.now()])(
    'is read back as it was written: %d',
    async (number) => {
      expect((await db.insert(things).values({ number }).returning())[0]?.number).toBe(number)
      expect((await db.select().from(things).where(eq(things.number, number)))[0]?.number).toBe(number)
    },
  )

  it.each([true, false, null])('is read back as it was written: %s', async (flag) => {
    expect((await db.insert(things).values({ flag }).returning())[0]?.flag).toBe(flag)
    expect((await db.batch([db.select().from(things)]))[0][0]?.flag).toBe(flag)
  })

  it('is found in a list of a thousand with one parameter', async () => {
    await db.insert(things).values([{ name: '7' }, { name: '8' }])
    const list = JSON.stringify(Array.from({ length: 1000 }, (_, n) => `${n}`))
    const found = await db.select().from(things).where(sql`${things.name} IN (SELECT value FROM json_each(${list}))`)
    expect(found.map(({ name }) => name)).toEqual(['7', '8'])
  })
})

describe(`a round trip to ${driver}`, () => {
  it('is one for a query and one for a batch, and none for connecting', async () => {
    let trips = 0
    const timed = database()
    const counting: RoundTrip = (go) => {
      trips++
      return go()
    }
    const count = async (go: () => Promise<unknown>) => {
      trips = 0
      await roundTrips.run(counting, go)
      return trips
    }
    expect(trips).toBe(0)
    expect(await count(async () => timed.select().from(things))).toBe(1)
    expect(await count(async () => timed.insert(things).values({ name: 'a' }).returning())).toBe(1)
    expect(await count(async () => timed.insert(things).values({ name: 'b' }))).toBe(1)
    expect(await count(async () => timed.update(things).set({ flag: true }).where(eq(things.name, 'a')))).toBe(1)
    expect(await count(async () => timed.delete(things).where(eq(things.name, 'a')))).toBe(1)
    expect(
      await count(() => timed.batch([timed.delete(things), timed.select().from(things), timed.select().from(things)])),
    ).toBe(1)
    expect(await count(() => errorOf(Promise.resolve(timed.select({ x: sql`nothing_here` }).from(things))))).toBe(1)
  })

  it('is one HTTP request on libSQL, and none on D1', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    try {
      const fresh = database()
      await fresh.select().from(things)
      expect(fetched).toHaveBeenCalledTimes(driver === 'libSQL' ? 1 : 0)
      await fresh.batch([fresh.insert(things).values({ name: 'a' }), fresh.select().from(things)])
      expect(fetched).toHaveBeenCalledTimes(driver === 'libSQL' ? 2 : 0)
    } finally {
      fetched.mockRestore()
    }
  })

  it('fails as its wrapper does, which may apply a deadline', async () => {
    const late: RoundTrip = () => Promise.reject(new Error('too late'))
    const queries: (() => Promise<unknown>)[] = [
      () => Promise.resolve(db.select().from(things)),
      () => db.batch([db.select().from(things)]),
    ]
    for (const ask of queries) expect(rootCause(await errorOf(roundTrips.run(late, ask))).message).toBe('too late')
  })
})

describe('DATABASE_URL', () => {
  const set = (url: string) => () => {
    const bindings = { ...env, DATABASE_URL: url }
    return configuration(bindings).DATABASE_URL
  }

  it('accepts the URL of a libSQL database', () => {
    for (const url of ['libsql://vizitka-ana.turso.io', 'https://db.example.com', 'http://127.0.0.1:8081']) {
      expect(set(url)()).toBe(url)
    }
    expect(set('')()).toBeUndefined()
  })

  it.each([
    'vizitka.turso.io',
    'file:local.db',
    'postgres://db.example.com',
    'wss://db.example.com',
    'https://ana:secret@db.example.com',
    'libsql://db.example.com?authToken=secret',
  ])('cannot be %s', (url) => {
    expect(set(url)).toThrow(/DATABASE_URL must be a libsql:, https: or http: address.*DATABASE_AUTH_TOKEN/)
    expect(set(url)).not.toThrow(/secret/)
  })
})
