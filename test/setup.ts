import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'
import { vi } from 'vitest'

// The files of a worker share its runtime: nothing that one has replaced outlives it.
vi.restoreAllMocks()
vi.useRealTimers()

// They share its database, too: each finds empty tables. Ids go on from where they were. Twice: foreign keys cascade,
// but triggers write down the pictures of what was deleted.
const isD1 = env.DATABASE_URL === ''
if (isD1) await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
// On libSQL, D1 stays without tables: whatever asked it by mistake fails.
const client = isD1 ? undefined : createClient({ url: env.DATABASE_URL })

const query = async (sql: string): Promise<Record<string, unknown>[]> =>
  client ? (await client.execute(sql)).rows : (await env.DB.prepare(sql).all()).results

const tables = (
  await query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_*'
    AND name <> 'd1_migrations'`)
).map(({ name }) => String(name))
const deletions = [...tables, ...tables].map((name) => `DELETE FROM "${name}"`)
if (client) await client.batch(deletions, 'write')
else await env.DB.batch(deletions.map((sql) => env.DB.prepare(sql)))

// A table that stayed full would show one file's people to the next, by chance.
const [hasRows = {}] = await query(`SELECT ${tables.map((name) => `EXISTS (SELECT 1 FROM "${name}") AS "${name}"`)}`)
const full = tables.filter((name) => hasRows[name] !== 0)
if (full.length > 0) throw new Error(`These tables are not empty: ${full.join(', ')}.`)
