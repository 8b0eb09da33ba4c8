/**
 * `npm run migrate`: brings the database's tables up to date: libSQL where `DATABASE_URL` says so, else the local D1.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Client } from '@libsql/client/http'
import { z } from 'zod'
import { databaseUrl } from '../src/platform/db/config.ts'
import { CommandError, innermost, runCommand } from './command.ts'
import { openD1 } from './local-d1.ts'
import { warnOfUnknown } from './variables.ts'

const defaults = { persistTo: '.wrangler/state', migrationsFolder: 'migrations' }
const reachSeconds = 10

/** What is migrated. */
export interface MigrateOptions {
  /** A libSQL database; without it, the local D1. */
  readonly databaseUrl?: string | undefined
  readonly authToken?: string | undefined
  /** Where wrangler keeps the local D1. */
  readonly persistTo?: string
  readonly migrationsFolder?: string
  /** Begins nothing more when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Applies the migrations that a database lacks, all or none of them, and says in a sentence what it did. A second time
 * it does nothing.
 * @throws CommandError in words for a person
 */
export function migrate(options: MigrateOptions = {}): Promise<string> {
  const { databaseUrl: url, authToken } = options
  if (url === undefined) return migrateD1(options)
  return migrateLibsql(url, authToken, options.migrationsFolder ?? defaults.migrationsFolder)
}

// ---------------------------------------------------------------- libSQL

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
 * A libSQL database that answers.
 * @throws CommandError when the address is wrong, or nobody answers there, or not to this token
 */
export async function openLibsql(url: string, authToken: string | undefined): Promise<Client> {
  const { error } = databaseUrl.safeParse(url)
  if (error) throw new CommandError(`DATABASE_URL ${error.issues[0]?.message}.`)
  const { host } = new URL(url)
  // Drizzle and libSQL's client take most of a second to load: whoever has D1 does without.
  const { createClient } = await import('@libsql/client/http')
  let status: number | undefined
  let deadline: AbortSignal | null = AbortSignal.timeout(reachSeconds * 1000)
  const ask: typeof fetch = async (input, init) => {
    const answer = await fetch(input, { ...init, signal: deadline })
    status = answer.status
    return answer
  }
  const client = createClient({ url, fetch: ask, ...(authToken ? { authToken } : {}) })
  try {
    await client.execute('SELECT 1')
    deadline = null
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

/** When the newest migration that the database has was written; 0 for a database that has none. */
async function lastApplied(client: Client): Promise<number> {
  const table = await client.execute(`SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'`)
  if (table.rows.length === 0) return 0
  const newest = await client.execute('SELECT max(created_at) AS newest FROM __drizzle_migrations')
  return Number(newest.rows[0]?.newest ?? 0)
}

const journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) })

const entriesOf = (migrationsFolder: string) =>
  journal.parse(JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8'))).entries

/** The migrations that there are, in their order. */
export const migrationTags = (): string[] => entriesOf(defaults.migrationsFolder).map(({ tag }) => tag)

// ---------------------------------------------------------------- the local D1

/** What has been applied, as wrangler has it: it migrates what is deployed, whose backups are restored here, too. */
const appliedTable = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

async function migrateD1({
  persistTo = defaults.persistTo,
  migrationsFolder,
  signal,
}: MigrateOptions): Promise<string> {
  signal?.throwIfAborted()
  const { d1, close } = await openD1(persistTo).catch((error: unknown) => {
    throw new CommandError(`The local D1 (${persistTo}) could not be opened: ${innermost(error)}`)
  })
  try {
    return await migrateOpenD1(d1, migrationsFolder)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    await close()
  }
}

/**
 * Brings a local D1 that is open up to date, in one transaction: `wrangler d1 migrations apply` starts a runtime for
 * each migration.
 * @throws CommandError in words for a person
 */
export async function migrateOpenD1(d1: D1Database, migrationsFolder = defaults.migrationsFolder): Promise<string> {
  try {
    await d1.prepare(appliedTable).run()
    const { results } = await d1.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
    const applied = new Set(results.map(({ name }) => name))
    const pending = entriesOf(migrationsFolder).filter(({ tag }) => !applied.has(`${tag}.sql`))
    if (pending.length === 0) return 'The local D1 is up to date.'
    await d1.batch(
      pending.flatMap(({ tag }) => [
        ...splitMigration(join(migrationsFolder, `${tag}.sql`)).map((sql) => d1.prepare(sql)),
        d1.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(`${tag}.sql`),
      ]),
    )
    return 'The local D1: migrations applied.'
  } catch (error) {
    throw new CommandError(`The local D1 could not be migrated, and is as it was: ${innermost(error)}`)
  }
}

/** Splits a migration into statements, as Drizzle's migrator does for libSQL. */
const splitMigration = (file: string): string[] => readFileSync(file, 'utf8').split('--> statement-breakpoint')

// ---------------------------------------------------------------- npm run migrate

/** A variable of the environment, or else of `.dev.vars`. Empty means not set. */
export function variable(name: string): string | undefined {
  let vars: NodeJS.Dict<string> = {}
  try {
    vars = parseEnv(readFileSync('.dev.vars', 'utf8'))
  } catch {
    // No such file: a machine that only deploys has none.
  }
  return process.env[name] || vars[name] || undefined
}

async function main(): Promise<void> {
  warnOfUnknown('.dev.vars')
  const url = variable('DATABASE_URL')
  if (url === undefined) console.log('DATABASE_URL is not set, neither here nor in .dev.vars: migrating the local D1.')
  console.log(await migrate({ databaseUrl: url, authToken: variable('DATABASE_AUTH_TOKEN') }))
}

if (import.meta.main) await runCommand(main)
