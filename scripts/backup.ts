/** `npm run backup`: saves the database as one file of SQL, for `npm run restore` (docs/operations.md). */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Counts, dump, dumpBy } from './backup/dump.ts'
import { CommandError, inFolder, parseOptions, runCommand } from './command.ts'
import { signIn } from './deploy/account.ts'
import { askAtTerminal } from './deploy/ask.ts'
import { deployedOf } from './deploy/resources.ts'
import { readSettings } from './deploy/settings.ts'
import { wrangler } from './deploy/wrangler.ts'
import { openLibsql } from './migrate.ts'
import { localVariable, warnOfMisspelt, warnOfUnknown } from './variables.ts'

const help = `npm run backup -- [options]

  --env NAME      whose database: production, or staging (production)
  --local         the database that npm start uses instead
  --rows          rows alone, for a database whose tables are there: from D1 to libSQL, or back
  --output FILE   where to; never over a file that exists (backup-NAME-DATE.sql)

  DATABASE_URL, DATABASE_AUTH_TOKEN   a libSQL database, whatever wrangler.toml and .dev.vars say`

/** A database: its name for a person, and how to write it into a file. `save` returns what it saved, in words. */
interface Source {
  readonly name: string
  save(file: string, rowsOnly: boolean): Promise<string>
}

const libsqlSource = (url: string, authToken: string | undefined, origin: string): Source => ({
  name: `the libSQL database ${URL.canParse(url) ? new URL(url).host : ''} (DATABASE_URL of ${origin})`,
  async save(file, rowsOnly) {
    const client = await openLibsql(url, authToken || undefined)
    try {
      const { tables, rows, bytes } = await write(file, dump(client, rowsOnly))
      return `${tables} tables with ${rows} rows, ${kilobytes(bytes)}`
    } finally {
      client.close()
    }
  },
})

/**
 * A D1 database. `wrangler d1 export` writes each table with its rows, in the order in which tables were made, and D1
 * refuses rows whose parent table is not there yet (cloudflare/workers-sdk#5683). SQLite accepts them, and is dumped in
 * a better order.
 */
const d1Source = (name: string, args: readonly string[], accountId?: string): Source => ({
  name,
  save: (file, rowsOnly) =>
    inFolder(async (folder) => {
      const exported = join(folder, 'exported.sql')
      await wrangler(['d1', 'export', 'DB', ...args, '--skip-confirmation', '--output', exported], accountId)
      const sqlite = new DatabaseSync(join(folder, 'exported.sqlite'), { enableForeignKeyConstraints: false })
      sqlite.exec(`BEGIN; ${readFileSync(exported, 'utf8')}; COMMIT`)
      const pieces = dumpBy((sql) => sqlite.prepare(sql).all(), rowsOnly)
      const { bytes } = await write(file, pieces)
      sqlite.close()
      return kilobytes(bytes)
    }),
})

/**
 * Finds the database that the service uses: libSQL if `DATABASE_URL` is set, else D1. `environment` is undefined for
 * the local service.
 * @throws CommandError if nobody is logged in, or only Cloudflare has the URL
 */
async function sourceOf(environment: string | undefined): Promise<Source> {
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: token } = process.env
  if (url) return libsqlSource(url, token, 'the environment')
  if (environment === undefined) {
    const local = localVariable('DATABASE_URL')
    if (local) return libsqlSource(local, localVariable('DATABASE_AUTH_TOKEN'), '.dev.vars')
    return d1Source('the local D1 database (.wrangler/state)', ['--local'])
  }
  const settings = readSettings(environment)
  const { vars, accountId, database } = settings
  if (vars.DATABASE_URL) return libsqlSource(vars.DATABASE_URL, token, `[env.${environment}.vars] in wrangler.toml`)
  const account = await signIn(accountId, askAtTerminal(), 'npm run backup')
  if ((await deployedOf(account, settings)).secrets.includes('DATABASE_URL')) {
    throw new CommandError(
      `The database of ${environment} is a libSQL one, and its address is a secret of the Worker, which Cloudflare never tells. Say which:\n` +
        '  DATABASE_URL=… DATABASE_AUTH_TOKEN=… npm run backup',
    )
  }
  const name = `the D1 database "${database.name}" of ${environment}`
  return d1Source(name, ['--env', environment, '--remote'], account.id)
}

/** Writes a dump into a file, piece by piece. */
async function write(file: string, pieces: AsyncGenerator<string, Counts>): Promise<Counts & { bytes: number }> {
  await using handle = await open(file, 'w')
  let bytes = 0
  for (;;) {
    const { done, value } = await pieces.next()
    if (done) return { ...value, bytes }
    bytes += (await handle.write(value)).bytesWritten
  }
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`

async function main(): Promise<void> {
  const { values } = parseOptions(help, {
    options: {
      env: { type: 'string', default: 'production' },
      local: { type: 'boolean', default: false },
      rows: { type: 'boolean', default: false },
      output: { type: 'string' },
    },
  })
  const environment = values.local ? undefined : values.env
  if (values.local) warnOfUnknown('.dev.vars')
  else warnOfMisspelt()
  const date = new Date().toISOString().slice(0, 16).replace(':', '')
  const output = values.output ?? `backup-${environment ?? 'local'}-${date}.sql`
  if (existsSync(output))
    throw new CommandError(`${output} is there already, and is left as it is: name another by --output.`)
  const source = await sourceOf(environment)
  // The file gets its name when it is complete. Only its owner can read it.
  const half = `${output}.half`
  writeFileSync(half, '', { mode: 0o600 })
  try {
    const saved = await source.save(half, values.rows)
    renameSync(half, output)
    console.log(`Saved ${source.name}, ${saved}, into ${output}.`)
    console.log('It holds people’s contacts and password hashes: keep it safe.')
  } finally {
    rmSync(half, { force: true })
  }
}

if (import.meta.main) await runCommand(main)
