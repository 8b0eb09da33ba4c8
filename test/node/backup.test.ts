import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { createClient } from '@libsql/client/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openD1 } from '../../scripts/local-d1.ts'
import { migrate } from '../../scripts/migrate.ts'
import { seed } from '../../scripts/seed.ts'
import { type Account, token } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'
import { sqldMissing, startSqld } from '../sqld.ts'
import { type Checkout, checkout } from './deploying.ts'

const minutes = 60_000
const password = 'four or more words'

/** Text that a backup must preserve. */
const note = `it's; "quoted"\nINSERT INTO users VALUES(1); -- and /* so */ on 🎂`

describe('a backup', () => {
  let cf: Account
  let here: Checkout
  beforeAll(async () => {
    cf = await startCloudflare()
    here = checkout(cf)
    return async () => {
      here.remove()
      await cf.close()
    }
  })
  afterAll(() => expect(cf.unknown).toEqual([]))

  const at = (name: string) => join(here.folder, name)
  const run = async (command: string, args: readonly string[], more: Record<string, string> = {}) => {
    const env = { ...here.environment, CI: 'true', CLOUDFLARE_API_TOKEN: token, ...more }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [resolve(command), ...args], {
      cwd: here.folder,
      env,
    })
    return stdout + stderr
  }

  /** The contents of a database. */
  const contentsOf = async (all: (sql: string) => unknown[] | Promise<unknown[]>) => {
    const things = (await all(
      `SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name`,
    )) as {
      name: string
      type: string
    }[]
    const tables = things.filter(({ type }) => type === 'table')
    const rows = await Promise.all(
      tables.map(async ({ name }) => [name, await all(`SELECT * FROM "${name}" ORDER BY 1`)]),
    )
    return { things, rows: Object.fromEntries(rows) }
  }
  const contentsAt = async (persistTo: string) => {
    const { d1, close } = await openD1(persistTo)
    try {
      return await contentsOf(async (sql) => (await d1.prepare(sql).all()).results)
    } finally {
      await close()
    }
  }

  it(
    'of the local database can be restored into a new one: nothing is lost and no id is reused',
    async () => {
      const persistTo = at('.wrangler/state')
      here.write('vars', '')
      await seed({ email: 'ana@example.com', count: 30, password, persistTo, varsFile: at('vars') })
      const { d1, close } = await openD1(persistTo)
      await d1.batch([
        d1.prepare('UPDATE contacts SET additional = ? WHERE id = 1').bind(note),
        // As if the newest account had been deleted: its id must not be reused.
        d1.prepare(`UPDATE sqlite_sequence SET seq = 2 WHERE name = 'users'`),
      ])
      await close()

      const output = await run('scripts/backup.ts', ['--local', '--output', 'backup.sql'])
      expect(output).toMatch(/^Saved the local D1 database \(\.wrangler\/state\), \d+ kB, into backup\.sql\.$/m)
      expect(statSync(at('backup.sql')).mode & 0o777).toBe(0o600)
      const restore = () => run('scripts/restore.ts', ['backup.sql', '--persist-to', at('restored')])
      expect(await restore()).toContain('holds what backup.sql has')

      const [before, after] = [await contentsAt(at('.wrangler/state')), await contentsAt(at('restored'))]
      expect(after).toEqual(before)
      expect(after.rows.contacts).toHaveLength(30)
      expect(after.rows.contacts?.[0]).toMatchObject({ id: 1, additional: note })
      expect(after.rows.users).toMatchObject([{ id: 1 }])
      expect(after.rows.sqlite_sequence).toContainEqual({ name: 'users', seq: 2 })
      expect(await migrate({ persistTo: at('restored') })).toBe('The local D1 is up to date.')
      await expect(restore()).rejects.toThrow(/is not empty\. Stop npm start, and move that folder away/)
      await expect(run('scripts/backup.ts', ['--local', '--output', 'backup.sql'])).rejects.toThrow(/is there already/)
    },
    minutes * 2,
  )

  it(
    'of production is D1’s export, in an order that can be restored',
    async () => {
      const id = crypto.randomUUID()
      const sqlite = new DatabaseSync(':memory:')
      sqlite.exec(here.read('backup.sql'))
      cf.databases.set(id, { name: 'vizitka', sqlite })
      expect(await run('scripts/backup.ts', ['--output', 'production.sql'])).toContain(
        'Saved the D1 database "vizitka" of production, ',
      )
      const restored = new DatabaseSync(':memory:')
      // Each statement separately, with foreign keys checked.
      restored.exec(`PRAGMA foreign_keys = ON; ${here.read('production.sql')}`)
      const everything = (one: DatabaseSync) => contentsOf((sql) => one.prepare(sql).all())
      expect(await everything(restored)).toEqual(await everything(sqlite))
    },
    minutes,
  )

  it('of production says how to log in, where nobody has, as npm run deploy does', async () => {
    const before = cf.requests.length
    await expect(run('scripts/backup.ts', [], { CLOUDFLARE_API_TOKEN: '' })).rejects.toThrow(
      /Nobody is logged in[\s\S]*npx wrangler login[\s\S]*CLOUDFLARE_API_TOKEN=… npm run backup/,
    )
    expect(cf.requests).toHaveLength(before)
  })

  it.skipIf(sqldMissing())(
    'of rows only is restored into a migrated libSQL database',
    async () => {
      const sqld = await startSqld()
      try {
        await run('scripts/backup.ts', ['--local', '--rows', '--output', 'rows.sql'])
        await migrate({ databaseUrl: sqld.url })
        const client = createClient(sqld)
        await run('scripts/restore.ts', ['rows.sql'], { DATABASE_URL: sqld.url })
        const { rows } = await contentsAt(at('.wrangler/state'))
        for (const table of ['users', 'books', 'contacts', 'contact_keying']) {
          const found = await client.execute(`SELECT * FROM ${table} ORDER BY 1`)
          expect(
            found.rows.map((row) => ({ ...row })),
            table,
          ).toEqual(rows[table])
        }
        const [counter] = (await client.execute(`SELECT seq FROM sqlite_sequence WHERE name = 'users'`)).rows
        expect(counter?.seq).toBe(2)
        expect(await migrate({ databaseUrl: sqld.url })).toContain('is up to date')
      } finally {
        await sqld.stop()
      }
    },
    minutes,
  )
})
