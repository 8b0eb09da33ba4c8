/** `npm run migrate`: migrates the libSQL database of `DATABASE_URL`, or else the local D1. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@libsql/client/http'
import { z } from 'zod'
import { databaseUrl } from '../src/platform/db/config.ts'
import { CommandError, innermost, runCommand } from './command.ts'
import { openD1 } from './local-d1.ts'
import { localVariable, warnOfUnknown } from './variables.ts'

const connectSeconds = 10

/** Which database to migrate. */
export interface MigrateOptions {
  /** A libSQL database; without it, the local D1. */
  readonly databaseUrl?: string | undefined
  readonly authToken?: string | undefined
  /** The folder of the local D1. */
  readonly persistTo?: string
  readonly migrationsFolder?: string
}

/**
 * Applies all pending migrations, or none, and says so in a sentence.
 * @throws CommandError in words for a person
 */
export async function migrate(options: MigrateOptions = {}): Promise<string> {
  const { databaseUrl: url, authToken, persistTo = '.wrangler/state', migrationsFolder = 'migrations' } = options
  if (url !== undefined) return migrateLibsql(url, authToken, migrationsFolder)
  const { d1, close } = await openD1(persistTo).catch((error: unknown) => {
    throw new CommandError(`The local D1 (${persistTo}) could not be opened: ${innermost(error)}`)
  })
  return migrateOpenD1(d1, migrationsFolder).finally(close)
}

async function migrateLibsql(url: string, authToken: string | undefined, migrationsFolder: string): Promise<string> {
  const client = await openLibsql(url, authToken)
  const [{ drizzle }, { migrate: applyPending }] = await Promise.all([
    import('drizzle-orm/libsql/http'),
    import('drizzle-orm/libsql/migrator'),
  ])
  const { host } = new URL(url)
  try {
    const last = await lastApplied(client)
    await applyPending(drizzle({ client }), { migrationsFolder })
    const applied = entriesOf(migrationsFolder).filter(({ when }) => when > last)
    if (applied.length === 0) return `${host} is up to date.`
    return `${host}: applied ${applied.map(({ tag }) => tag).join(', ')}.`
  } catch (error) {
    throw new CommandError(`${host} could not be migrated, and is as it was: ${innermost(error)}`)
  } finally {
    client.close()
  }
}

/**
 * Connects to a libSQL database, and waits for its first response.
 * @throws CommandError if the URL is invalid, or the database does not answer or refuses the token
 */
export async function openLibsql(url: string, authToken: string | undefined): Promise<Client> {
  const { error } = databaseUrl.safeParse(url)
  if (error) throw new CommandError(`DATABASE_URL ${error.issues[0]?.message}.`)
  const { host } = new URL(url)
  // Loading Drizzle and libSQL's client takes most of a second, which commands on D1 do not need.
  const { createClient } = await import('@libsql/client/http')
  let status: number | undefined
  let signal: AbortSignal | null = AbortSignal.timeout(connectSeconds * 1000)
  const fetchWithStatus: typeof fetch = async (input, init) => {
    const answer = await fetch(input, { ...init, signal })
    status = answer.status
    return answer
  }
  const client = createClient({ url, fetch: fetchWithStatus, ...(authToken ? { authToken } : {}) })
  try {
    await client.execute('SELECT 1')
    signal = null
    return client
  } catch (error) {
    client.close()
    if (status === 401 || status === 403) {
      throw new CommandError(`${host} refuses ${authToken ? 'the' : 'to answer without a'} DATABASE_AUTH_TOKEN.`)
    }
    throw new CommandError(
      `No libSQL database answers at ${host} (${innermost(error)}). Is DATABASE_URL right, and is it running? The one of ` +
        'docker-compose.yml starts by: docker compose up -d sqld',
    )
  }
}

/** The time of the newest migration that was applied; 0 if there is none. */
async function lastApplied(client: Client): Promise<number> {
  const table = await client.execute(`SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'`)
  if (table.rows.length === 0) return 0
  const newest = await client.execute('SELECT max(created_at) AS newest FROM __drizzle_migrations')
  return Number(newest.rows[0]?.newest ?? 0)
}

const journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) })

const entriesOf = (migrationsFolder: string) =>
  journal.parse(JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8'))).entries

/** The tags of all migrations, in their order. */
export const migrationTags = (): string[] => entriesOf('migrations').map(({ tag }) => tag)

/** wrangler's list of applied migrations: it migrates deployed databases, and their backups are restored locally. */
const appliedTable = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

/**
 * Migrates an open local D1 in one transaction; `wrangler d1 migrations apply` starts a runtime for each migration.
 * @throws CommandError in words for a person
 */
export async function migrateOpenD1(d1: D1Database, migrationsFolder = 'migrations'): Promise<string> {
  try {
    await d1.prepare(appliedTable).run()
    const { results } = await d1.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
    const applied = new Set(results.map(({ name }) => name))
    const pending = entriesOf(migrationsFolder).filter(({ tag }) => !applied.has(`${tag}.sql`))
    if (pending.length === 0) return 'The local D1 is up to date.'
    await d1.batch(
      pending.flatMap(({ tag }) => [
        // Split into statements as Drizzle's migrator does for libSQL.
        ...readFileSync(join(migrationsFolder, `${tag}.sql`), 'utf8')
          .split('--> statement-breakpoint')
          .map((sql) => d1.prepare(sql)),
        d1.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(`${tag}.sql`),
      ]),
    )
    return 'The local D1: migrations applied.'
  } catch (error) {
    throw new CommandError(`The local D1 could not be migrated, and is as it was: ${innermost(error)}`)
  }
}

async function main(): Promise<void> {
  warnOfUnknown('.dev.vars')
  const url = localVariable('DATABASE_URL')
  if (url === undefined) console.log('DATABASE_URL is not set, neither here nor in .dev.vars: migrating the local D1.')
  console.log(await migrate({ databaseUrl: url, authToken: localVariable('DATABASE_AUTH_TOKEN') }))
}

if (import.meta.main) await runCommand(main)
