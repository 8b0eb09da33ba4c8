import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Client, createClient } from '@libsql/client/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dump } from '../../scripts/backup/dump.ts'
import { openD1 } from '../../scripts/local-d1.ts'
import { migrate } from '../../scripts/migrate.ts'
import { seed } from '../../scripts/seed.ts'
import { type Account, token } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'
import { type Sqld, sqldMissing, startSqld } from '../sqld.ts'
import { type Checkout, checkout, giveWorker, setVars } from './deploying.ts'

const minutes = 60_000
const people = 600 // more than two pages

/** Tables that no migration has created: any table is saved. */
const later = `
  CREATE TABLE groups (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER REFERENCES groups (id), name TEXT, size INTEGER GENERATED ALWAYS AS (length(name)));
  CREATE TABLE members (person TEXT, "group" INTEGER REFERENCES groups (id), weight REAL, picture BLOB, PRIMARY KEY (person, "group")) WITHOUT ROWID;
  CREATE VIEW large AS SELECT name FROM groups WHERE size > 3;
  CREATE INDEX groups_of ON members ("group");
  INSERT INTO groups (id, parent, name) VALUES (9, NULL, 'all'), (7, 9, 'some; ''quoted'''), (8, 7, CAST(X'610062' AS TEXT));
  INSERT INTO members SELECT 'p' || value, 7, value / 3.0, randomblob(20) FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 700) SELECT value FROM n);
  INSERT INTO members VALUES ('', 8, 9007199254740993, NULL), ('it''s\nhere', 9, -0.1, X'');
  CREATE TRIGGER groups_stay BEFORE INSERT ON groups BEGIN SELECT RAISE(ABORT, 'no; not now') WHERE NEW.name IS NOT 'new'; END;`

/** The contents of a database as SQLite writes them. */
async function contentsOf(query: (sql: string) => Promise<Record<string, unknown>[]>) {
  const things = await query(
    `SELECT name, type, sql FROM sqlite_master WHERE name NOT GLOB 'libsql_*' AND name NOT GLOB '_cf_*' ORDER BY name`,
  )
  const rows: Record<string, unknown> = {}
  for (const { name } of things.filter(({ type }) => type === 'table')) {
    const columns = (await query(`SELECT name FROM pragma_table_xinfo('${name}')`)).map((one) => `quote("${one.name}")`)
    rows[String(name)] = await query(
      `SELECT ${columns.map((column, n) => `${column} AS c${n}`)} FROM "${name}" ORDER BY 1, 2`,
    )
  }
  return { things, rows }
}
const contentsAt = (client: Client) =>
  contentsOf(async (sql) => (await client.execute(sql)).rows.map((row) => ({ ...row })))

describe.skipIf(sqldMissing())('a backup of a libSQL database', () => {
  let cf: Account
  let here: Checkout
  let sqld: Sqld
  let client: Client
  beforeAll(async () => {
    cf = await startCloudflare()
    here = checkout(cf)
    sqld = await startSqld()
    client = createClient(sqld)
    here.write('.dev.vars', `DATABASE_URL="${sqld.url}"\n`)
    await seed({
      ...{ email: 'ana@example.com', count: people, password: 'four or more words' },
      ...{ persistTo: at('.wrangler/state'), varsFile: at('.dev.vars') },
    })
    await client.executeMultiple(later)
    // As if the newest contacts had been deleted: their ids must not be reused.
    await client.execute(`UPDATE sqlite_sequence SET seq = 900 WHERE name = 'contacts'`)
    return async () => {
      client.close()
      await sqld.stop()
      here.remove()
      await cf.close()
    }
  }, 2 * minutes)
  afterAll(() => expect(cf.unknown).toEqual([]))

  const at = (name: string) => join(here.folder, name)
  const run = async (script: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [resolve(`scripts/${script}.ts`), ...args], {
      ...{ cwd: here.folder, env: { ...here.environment, CI: 'true', ...env } },
    })
    return stdout + stderr
  }
  const complaint = async (...how: Parameters<typeof run>): Promise<string> => {
    const failed: unknown = await run(...how).catch((error: unknown) => error)
    return failed instanceof Error && 'stderr' in failed ? String(failed.stderr) : `It did not fail: ${failed}`
  }

  it(
    'says what it saves, and after restoring nothing is lost and no id is reused',
    async () => {
      const host = new URL(sqld.url).host
      const words = await run('backup', ['--local', '--output', 'whole.sql'])
      expect(words).toMatch(
        /^Saved the libSQL database \S+ \(DATABASE_URL of \.dev\.vars\), \d+ tables with \d+ rows, \d+ kB, into whole\.sql\.$/m,
      )
      expect(words).toContain(host)
      expect(statSync(at('whole.sql')).mode & 0o777).toBe(0o600)

      const other = await startSqld()
      try {
        const env = { DATABASE_URL: other.url }
        expect(await run('restore', ['whole.sql'], env)).toContain(
          `${new URL(other.url).host} holds what whole.sql has`,
        )
        const restored = createClient(other)
        const [before, after] = [await contentsAt(client), await contentsAt(restored)]
        expect(after).toEqual(before)
        expect(after.rows.contacts).toHaveLength(people)
        expect(after.rows.members).toHaveLength(702)
        const { rows } = await restored.execute(`INSERT INTO groups (name) VALUES ('new') RETURNING id`)
        expect(rows[0]?.id).toBe(10)
        expect(await migrate({ databaseUrl: other.url })).toContain('is up to date')
        expect(await complaint('restore', ['whole.sql'], env)).toMatch(/is not empty\. Make another.* \(It has .*users/)
      } finally {
        await other.stop()
      }
    },
    minutes,
  )

  it('is of production’s database, if wrangler.toml names one, without a login', async () => {
    setVars(here, `DATABASE_URL = "${sqld.url}"`)
    expect(await run('backup', ['--output', 'production.sql'])).toContain(
      `Saved the libSQL database ${new URL(sqld.url).host} (DATABASE_URL of [env.production.vars] in wrangler.toml)`,
    )
    expect(here.read('production.sql')).toBe(here.read('whole.sql'))
    expect(cf.requests).toEqual([])
  })

  it('asks for the URL if only Cloudflare has it', async () => {
    setVars(here, '')
    giveWorker(cf, { DATABASE_URL: sqld.url })
    const words = await complaint('backup', ['--output', 'hidden.sql'], { CLOUDFLARE_API_TOKEN: token })
    expect(words).toMatch(
      /a secret of the Worker, which Cloudflare never tells[\s\S]*DATABASE_URL=… DATABASE_AUTH_TOKEN=… npm run backup/,
    )
    expect(existsSync(at('hidden.sql'))).toBe(false)
    const DATABASE_URL = sqld.url
    expect(await run('backup', ['--output', 'hidden.sql'], { DATABASE_URL })).toContain(
      '(DATABASE_URL of the environment)',
    )
  })

  it('shows one moment, whatever is written meanwhile', async () => {
    const pieces = dump(client)
    let text = ''
    while (!text.includes('INSERT INTO "contacts"')) text += String((await pieces.next()).value)
    await client.execute(`UPDATE contacts SET labels_key = 'written meanwhile'`)
    let counts: unknown
    for (;;) {
      const { done, value } = await pieces.next()
      if (done) {
        counts = value
        break
      }
      text += value
      // However large a table is, at most one page of it is in memory.
      expect(value.split('\nINSERT INTO ').length).toBeLessThanOrEqual(250)
    }
    expect(text).not.toContain('written meanwhile')
    expect(counts).toMatchObject({ tables: expect.any(Number), rows: expect.any(Number) })
    expect(text).toBe(readFileSync(at('whole.sql'), 'utf8'))
  })

  it(
    'of rows only is restored into a migrated D1, and refused for one without tables',
    async () => {
      await client.executeMultiple('DROP VIEW large; DROP TABLE members; DROP TABLE groups')
      await run('backup', ['--local', '--rows', '--output', 'rows.sql'])
      here.write('.dev.vars', '')
      const into = ['--persist-to', at('moved')]
      expect(await complaint('restore', ['whole.sql', ...into])).toContain(
        'a whole libSQL database, and this is one of the other kind',
      )
      expect(await complaint('restore', ['rows.sql', ...into])).toContain('Make the tables first: npm run migrate')
      await migrate({ persistTo: at('moved') })
      expect(await run('restore', ['rows.sql', ...into])).toContain('holds what rows.sql has')
      const { d1, close } = await openD1(at('moved'))
      try {
        const moved = await contentsOf(async (sql) => (await d1.prepare(sql).all<Record<string, unknown>>()).results)
        const { rows } = await contentsAt(client)
        for (const table of ['users', 'books', 'contacts', 'contact_keying'])
          expect(moved.rows[table], table).toEqual(rows[table])
        expect(moved.rows.sqlite_sequence).toContainEqual({ c0: `'contacts'`, c1: '900' })
      } finally {
        await close()
      }
    },
    minutes * 2,
  )

  it('does not overwrite another file', async () => {
    here.write('notes.sql', 'SELECT 1;\n')
    const env = { DATABASE_URL: sqld.url }
    expect(await complaint('restore', ['notes.sql'], env)).toBe('notes.sql is not a file of npm run backup.\n')
    expect(await complaint('restore', ['nowhere.sql'], env)).toBe('There is no file nowhere.sql that can be read.\n')
  })
})
