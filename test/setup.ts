import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'
import { vi } from 'vitest'

// The files of a worker share its runtime, so mocks of the previous file are removed.
vi.restoreAllMocks()
vi.useRealTimers()

// They also share its database, so every table is emptied; ids continue. Twice, because foreign keys cascade, but
// triggers record the pictures of deleted rows.
const isD1 = env.DATABASE_URL === ''
if (isD1) await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
// On libSQL, D1 has no tables, so that using it by mistake fails.
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

// Rows that are left would appear in the next file.
const [hasRows = {}] = await query(`SELECT ${tables.map((name) => `EXISTS (SELECT 1 FROM "${name}") AS "${name}"`)}`)
const full = tables.filter((name) => hasRows[name] !== 0)
if (full.length > 0) throw new Error(`These tables are not empty: ${full.join(', ')}.`)
