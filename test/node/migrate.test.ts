import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@libsql/client/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandError } from '../../scripts/command.ts'
import { openD1 } from '../../scripts/local-d1.ts'
import { migrate } from '../../scripts/migrate.ts'
import { type Sqld, sqldMissing, startSqld } from '../sqld.ts'

const folder = mkdtempSync(join(tmpdir(), 'vizitka-migrate-'))
const tags: string[] = JSON.parse(readFileSync('migrations/meta/_journal.json', 'utf8')).entries.map(
  ({ tag }: { tag: string }) => tag,
)
const nowhere = 'http://127.0.0.1:9' // a port that is closed

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `npm run migrate`'s command in a separate folder, without this machine's `.dev.vars`. */
async function run(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const { DATABASE_URL: _, DATABASE_AUTH_TOKEN: __, ...rest } = process.env
  const options = { cwd: folder, env: { ...rest, ...env } }
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [resolve('scripts/migrate.ts')], options)
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string }
    return { code: failed.code, output: failed.stdout + failed.stderr }
  }
}

/** The migrations and another one that begins with this statement and then fails. */
function withNext(name: string, statement: string): { migrationsFolder: string; next: string } {
  const migrationsFolder = join(folder, name)
  cpSync('migrations', migrationsFolder, { recursive: true })
  const path = join(migrationsFolder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  const { idx, when } = journal.entries.at(-1)
  journal.entries.push({ ...journal.entries.at(-1), idx: idx + 1, when: when + 1, tag: '9999_new' })
  writeFileSync(path, JSON.stringify(journal))
  const next = join(migrationsFolder, '9999_new.sql')
  writeFileSync(next, `${statement};\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);`)
  return { migrationsFolder, next }
}

describe('migrating', () => {
  it('says that the server does not answer, and what to do', async () => {
    const error = await migrate({ databaseUrl: nowhere }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CommandError)
    expect(String(error)).toMatch(/No libSQL database answers at 127\.0\.0\.1:9 .*docker compose up -d sqld/)
  })

  it('refuses an invalid URL', async () => {
    for (const databaseUrl of ['file:local.db', 'db.example.com', 'https://ana:secret@db.example.com', '']) {
      const error = await migrate({ databaseUrl }).catch((reason: unknown) => reason)
      expect(String(error)).toContain('DATABASE_URL must be a libsql:, https: or http: address')
      expect(String(error)).not.toContain('secret')
    }
  })

  it('migrates the local D1 if no other database is named', async () => {
    const persistTo = join(folder, 'd1')
    expect(await migrate({ persistTo })).toBe('The local D1: migrations applied.')
    expect(await migrate({ persistTo })).toBe('The local D1 is up to date.')
    // wrangler uses the same database, and the same list of applied migrations.
    const wrangler = ['node_modules/wrangler/bin/wrangler.js', 'd1', 'migrations', 'list', 'DB', '--local']
    const { stdout } = await promisify(execFile)(process.execPath, [...wrangler, '--persist-to', persistTo])
    expect(stdout).toContain('No migrations to apply')
  })

  it('applies all pending migrations to the local D1, or none', async () => {
    const persistTo = join(folder, 'half')
    const { migrationsFolder, next } = withNext('local', 'CREATE TABLE half (id INTEGER)')
    await expect(migrate({ persistTo, migrationsFolder })).rejects.toThrow(
      /^The local D1 could not be migrated, and is as it was: .*no such table: nowhere/,
    )
    const { d1, close } = await openD1(persistTo)
    const { results } = await d1.prepare(`SELECT name FROM sqlite_master WHERE name IN ('users', 'half')`).all()
    await close()
    expect(results).toEqual([])
    writeFileSync(next, 'CREATE TABLE whole (id INTEGER);')
    expect(await migrate({ persistTo, migrationsFolder })).toBe('The local D1: migrations applied.')
  })
})

describe.skipIf(sqldMissing())('migrating libSQL', () => {
  let sqld: Sqld
  beforeAll(async () => {
    sqld = await startSqld()
    return () => sqld.stop()
  })

  const tables = async () => {
    const { rows } = await createClient(sqld).execute(
      `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`,
    )
    return rows.map(({ name }) => name)
  }

  it('applies the migrations, says which, and does nothing the second time', async () => {
    const { host } = new URL(sqld.url)
    expect(await migrate({ databaseUrl: sqld.url })).toBe(`${host}: applied ${tags.join(', ')}.`)
    expect(await tables()).toEqual(expect.arrayContaining(['contacts', 'links', 'outbox', 'sessions', 'users']))
    const client = createClient(sqld)
    await client.execute(`INSERT INTO outbox (kind, recipient, subject, created_at) VALUES ('test', 'a@b.c', 's', '')`)
    expect(await migrate({ databaseUrl: sqld.url })).toBe(`${host} is up to date.`)
    expect((await client.execute('SELECT kind FROM outbox')).rows).toHaveLength(1)
  })

  it('applies all pending migrations, or none', async () => {
    const { migrationsFolder, next } = withNext('libsql', 'CREATE TABLE half (id INTEGER)')
    const failed = migrate({ databaseUrl: sqld.url, migrationsFolder })
    await expect(failed).rejects.toThrow(/could not be migrated, and is as it was: .*no such table: nowhere/)
    expect(await tables()).not.toContain('half')
    writeFileSync(next, 'CREATE TABLE whole (id INTEGER);')
    expect(await migrate({ databaseUrl: sqld.url, migrationsFolder })).toContain(': applied 9999_new.')
    expect(await tables()).toContain('whole')
  })

  it('says that a token is missing or wrong', async () => {
    const closed = await startSqld({ args: ['--http-auth', `basic:${Buffer.from('ana:secret').toString('base64')}`] })
    try {
      const requested = migrate({ databaseUrl: closed.url })
      await expect(requested).rejects.toThrow(/refuses to answer without a DATABASE_AUTH_TOKEN\.$/)
      const wrong = migrate({ databaseUrl: closed.url, authToken: 'wrong' })
      await expect(wrong).rejects.toThrow(/refuses the DATABASE_AUTH_TOKEN\.$/)
    } finally {
      await closed.stop()
    }
  })

  it('reads the environment, or else .dev.vars', async () => {
    writeFileSync(join(folder, '.dev.vars'), `DATABASE_URL="${nowhere}"\n`)
    cpSync('migrations', join(folder, 'migrations'), { recursive: true })
    expect(await run({})).toMatchObject({ code: 1, output: expect.stringMatching(/^No libSQL database answers at/) })
    const { code, output } = await run({ DATABASE_URL: sqld.url })
    expect({ code, output: output }).toMatchObject({ code: 0, output: expect.stringContaining(new URL(sqld.url).host) })
  })
})
