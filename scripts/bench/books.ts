import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { findBirthdays } from '../../src/birthdays/store.ts'
import { monthDaysBetween } from '../../src/birthdays/upcoming.ts'
import { type ContactQuery, contactQuerySchema } from '../../src/contacts/schema.ts'
import { listContacts } from '../../src/contacts/search/list-store.ts'
import { createRow } from '../../src/contacts/store.ts'
import { timestamp } from '../../src/platform/db/columns.ts'
import { connect as connectD1 } from '../../src/platform/db/d1.ts'
import type { Database } from '../../src/platform/db/database.ts'
import type { Cursor } from '../../src/platform/http/page.ts'
import { openD1 } from '../local-d1.ts'
import { migrate } from '../migrate.ts'
import { people } from '../people.ts'
import { drawProgress } from '../progress.ts'
import { ms, summary } from './figures.ts'

/** One book of each size, and the owners that it belongs to. */
const sizes = [1000, 10_000, 50_000] as const
const others = { owners: 1000, contacts: 1000 }

/**
 * A database with a book of each size, alone or among a million contacts of a thousand others; on disk, as `wrangler
 * dev` has it.
 */
async function library(crowded: boolean, quick: boolean): Promise<{ d1: D1Database; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-bench-'))
  await migrate({ persistTo: folder })
  const objects = join(folder, 'v3', 'd1', 'miniflare-D1DatabaseObject')
  const [file] = (await readdir(objects)).filter((name) => name.endsWith('.sqlite') && !name.startsWith('metadata'))
  const sqlite = new DatabaseSync(join(objects, file ?? ''))
  const columns = Object.keys(createRow(1, people(1)[0] as never, 'uk'))
  const insert = sqlite.prepare(
    `INSERT INTO contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const owner = sqlite.prepare(
    `INSERT INTO users (id, username, email, email_key, password_hash, created_at) VALUES (?, 'bench', ?, ?, '', '2026-01-01')`,
  )
  const books = [
    ...sizes.map((size, at) => ({ id: at + 1, size })),
    ...(crowded
      ? Array.from({ length: quick ? 10 : others.owners }, (_, at) => ({ id: at + 101, size: others.contacts }))
      : []),
  ]
  const all = books.reduce((sum, { size }) => sum + size, 0)
  // The keys are worked out once for each of so many people, and used for every book.
  const pool = people(sizes[sizes.length - 1] ?? 0).map((person, at) =>
    Object.values(createRow(0, person, 'uk', timestamp(Date.UTC(2020, 0, 1) + at * 60_000))).map((value) =>
      typeof value === 'boolean' ? Number(value) : value,
    ),
  )
  const ownerColumn = columns.indexOf('owner_id')
  let done = 0
  for (const { id, size } of books) {
    sqlite.exec('BEGIN')
    owner.run(id, `${id}@example.com`, `${id}@example.com`)
    for (let at = 0; at < size; at++) {
      const row = [...(pool[(at + id * 37) % pool.length] ?? [])]
      row[ownerColumn] = id
      insert.run(...(row as string[]))
    }
    sqlite.exec('COMMIT')
    done += size
    drawProgress(done, all)
  }
  sqlite.close()
  const { d1, close } = await openD1(folder)
  return {
    d1,
    async close() {
      await close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What D1 says that a call cost: time in the database, and rows read. */
interface Cost {
  ms: number
  rows: number
}

/** What a call took: as its caller saw it (median), and in the database (mean, since D1 counts whole milliseconds). */
interface Taken {
  readonly p50: number
  readonly database: number
  readonly rows: number
}

/** A D1 that adds up what it costs. */
function metered(d1: D1Database, cost: Cost): D1Database {
  const count = (result: D1Result): D1Result => {
    cost.ms += result.meta.duration
    cost.rows += result.meta.rows_read
    return result
  }
  const real = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const statement = (made: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(made, {
      get(inner, name) {
        if (name === 'bind') return (...values: unknown[]) => statement(inner.bind(...values))
        // Rows as arrays come without what they cost: asked for as objects, whose columns are all named apart here.
        if (name === 'raw')
          return async () => count(await inner.all()).results.map((row) => Object.values(row as object))
        const method: unknown = Reflect.get(inner, name)
        return typeof method === 'function' ? method.bind(inner) : method
      },
    })
    real.set(proxy, made)
    return proxy
  }
  return new Proxy(d1, {
    get(inner, name) {
      if (name === 'prepare') return (sql: string) => statement(inner.prepare(sql))
      if (name === 'batch') {
        return async (list: D1PreparedStatement[]) =>
          (await inner.batch(list.map((one) => real.get(one) ?? one))).map(count)
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
}

type Call = (db: Database, ownerId: number) => Promise<unknown>

/** What a call takes, after a few that are not counted. */
async function measure(d1: D1Database, ownerId: number, call: Call, rounds: number): Promise<Taken> {
  const times: number[] = []
  const all: Cost = { ms: 0, rows: 0 }
  let rows = 0
  for (let round = -3; round < rounds; round++) {
    const cost: Cost = { ms: 0, rows: 0 }
    const db = connectD1(metered(d1, cost))
    const start = performance.now()
    await call(db, ownerId)
    const end = performance.now()
    rows = cost.rows
    if (round < 0) continue
    times.push(end - start)
    all.ms += cost.ms
  }
  return { p50: summary(times).median, database: all.ms / rounds, rows }
}

const query = (input: object): ContactQuery => contactQuerySchema.parse(input)
const list =
  (input: object): Call =>
  (db, ownerId) =>
    listContacts(db, ownerId, query(input), null)

/** The cursor of the list's page that begins after `rows` rows. */
async function cursorAfter(db: Database, ownerId: number, rows: number): Promise<Cursor | null> {
  const { next } = await listContacts(db, ownerId, query({ skip: String(rows - 1), limit: '1' }), null)
  return next
}

/** Page 500 of 20, or the last page of a book that has fewer. */
async function far(d1: D1Database, ownerId: number, size: number): Promise<Call> {
  const cursor = await cursorAfter(connectD1(d1), ownerId, Math.min(500 * 20, size) - 20)
  return (db) => listContacts(db, ownerId, query({}), cursor)
}

const today = { year: 2026, month: 11, day: 21 }
const birthdays =
  (limit?: number): Call =>
  (db, ownerId) =>
    findBirthdays(db, ownerId, monthDaysBetween(today, 7, 'mar1'), limit)

/** A table: a line for each call, a column for each size, alone and among others. */
async function table(
  calls: Record<string, Call | ((d1: D1Database, ownerId: number, size: number) => Promise<Call>)>,
  quick: boolean,
) {
  const found = new Map<string, Taken[]>()
  for (const crowded of [false, true]) {
    const { d1, close } = await library(crowded, quick)
    try {
      for (const [name, call] of Object.entries(calls)) {
        for (const [at, size] of sizes.entries()) {
          const made =
            call.length === 3
              ? await (call as (d1: D1Database, o: number, s: number) => Promise<Call>)(d1, at + 1, size)
              : (call as Call)
          const cost = await measure(d1, at + 1, made, quick ? 3 : rounds)
          found.set(name, [...(found.get(name) ?? []), cost])
        }
      }
    } finally {
      await close()
    }
  }
  const displayed = ({ p50, database, rows }: Taken): string => `${ms(p50)} (${ms(database)}; ${rows})`
  const heads = sizes.map((size) => size.toLocaleString('en'))
  return [
    `| | ${heads.map((size) => `${size} alone`).join(' | ')} | ${heads.map((size) => `${size} among a million`).join(' | ')} | 50,000 ÷ 1,000 | among ÷ alone, at 10,000 |`,
    `|---|${'---|'.repeat(sizes.length * 2 + 2)}`,
    ...[...found].map(([name, costs]) => {
      const [small, middle, large, , amongst] = costs.map(({ p50 }) => p50)
      return `| ${name} | ${costs.map(displayed).join(' | ')} | ${((large ?? 0) / (small ?? 1)).toFixed(2)} | ${((amongst ?? 0) / (middle ?? 1)).toFixed(2)} |`
    }),
  ].join('\n')
}

const rounds = 41
const unit =
  'Medians of 41 calls, in milliseconds, as the store sees them; in brackets the mean time in the database and the rows read, both by D1’s own count.'

/** What a search costs, by the size of the owner’s book and of the database. */
export async function search(quick: boolean): Promise<string> {
  const calls = Object.fromEntries(
    ['ол', 'коваль', 'о', '067 123', 'олена коваль', 'nobody at all'].map((q) => [`\`q=${q}\``, list({ q })]),
  )
  return [unit, '', await table(calls, quick)].join('\n')
}

/** What a page of a list costs, the first and one far on, and upcoming birthdays. */
export async function page(quick: boolean): Promise<string> {
  const calls = {
    'list, page 1': list({}),
    'list, page 500': far,
    'list by creation, page 1': list({ sort: 'created', order: 'desc' }),
    'birthdays in 7 days, the soonest 20': birthdays(20),
    'birthdays in 7 days, all': birthdays(),
  }
  return [unit, '', await table(calls, quick)].join('\n')
}
