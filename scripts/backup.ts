/**
 * `npm run backup`: the database as one file of SQL, D1 or libSQL, which `npm run restore` puts back.
 * docs/operations.md says how.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Counts, dump, dumpBy } from './backup/dump.ts'
import { CommandError, inFolder, parseOptions, runCommand } from './command.ts'
import { accountOf, signIn } from './deploy/account.ts'
import { askerAt } from './deploy/ask.ts'
import { deployedOf } from './deploy/resources.ts'
import { readSettings } from './deploy/settings.ts'
import { wrangler } from './deploy/wrangler.ts'
import { openLibsql, variable } from './migrate.ts'
import { warnOfMisspelt, warnOfUnknown } from './variables.ts'

const help = `npm run backup -- [options]

  --env NAME      whose database: production, or staging (production)
  --local         the database that npm start uses instead
  --rows          rows alone, for a database whose tables are there: from D1 to libSQL, or back
  --output FILE   where to; never over a file that exists (backup-NAME-DATE.sql)

  DATABASE_URL, DATABASE_AUTH_TOKEN   a libSQL database, whatever wrangler.toml and .dev.vars say`

/** A database, and what a person calls it. */
type Source =
  | { readonly kind: 'libsql'; readonly url: string; readonly authToken: string | undefined; readonly words: string }
  | { readonly kind: 'd1'; readonly args: readonly string[]; readonly accountId?: string; readonly words: string }

/**
 * The database that the service uses: libSQL where `DATABASE_URL` says so, else D1. `environment` is undefined for the
 * local service.
 * @throws CommandError when nobody is logged in, or Cloudflare alone knows which database it is
 */
async function sourceOf(environment: string | undefined): Promise<Source> {
  const libsql = (url: string, authToken: string | undefined, origin: string): Source => ({
    ...{ kind: 'libsql', url, authToken: authToken || undefined },
    words: `the libSQL database ${URL.canParse(url) ? new URL(url).host : ''} (DATABASE_URL of ${origin})`,
  })
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: token } = process.env
  if (url) return libsql(url, token, 'the environment')
  if (environment === undefined) {
    const local = variable('DATABASE_URL')
    if (local) return libsql(local, variable('DATABASE_AUTH_TOKEN'), '.dev.vars')
    return { kind: 'd1', args: ['--local'], words: 'the local D1 database (.wrangler/state)' }
  }
  const settings = readSettings(environment)
  const { vars, accountId, database } = settings
  if (vars.DATABASE_URL) return libsql(vars.DATABASE_URL, token, `[env.${environment}.vars] in wrangler.toml`)
  const ask = askerAt()
  const api = await signIn(ask, 'npm run backup')
  const account = await accountOf(api, accountId, ask, 'npm run backup')
  const { secrets } = await deployedOf(account, settings)
  if (secrets.includes('DATABASE_URL')) {
    throw new CommandError(
      `The database of ${environment} is a libSQL one, and its address is a secret of the Worker, which Cloudflare never tells. Say which:\n` +
        '  DATABASE_URL=… DATABASE_AUTH_TOKEN=… npm run backup',
    )
  }
  return {
    ...{ kind: 'd1', args: ['--env', environment, '--remote'], accountId: account.id },
    words: `the D1 database "${database.name}" of ${environment}`,
  }
}

/**
 * Writes a database into a file that only its owner can read, and that is there only once it is whole. Says what was
 * saved.
 * @throws CommandError or CommandError when that cannot be done
 */
export async function backup(environment: string | undefined, output: string, rowsOnly = false): Promise<string> {
  if (existsSync(output))
    throw new CommandError(`${output} is there already, and is left as it is: name another by --output.`)
  const source = await sourceOf(environment)
  const half = `${output}.half`
  writeFileSync(half, '', { mode: 0o600 })
  try {
    const saved = source.kind === 'd1' ? await saveD1(source, half, rowsOnly) : await saveLibsql(source, half, rowsOnly)
    renameSync(half, output)
    return `${source.words}, ${saved}`
  } finally {
    rmSync(half, { force: true })
  }
}

/**
 * `wrangler d1 export` writes each table with its rows, in the order in which tables were made, and D1 refuses rows of
 * a table whose parent is not there yet (cloudflare/workers-sdk#5683). SQLite takes them, and gives a better order.
 */
const saveD1 = ({ args, accountId }: Source & { kind: 'd1' }, file: string, rowsOnly: boolean): Promise<string> =>
  inFolder(async (folder) => {
    const exported = join(folder, 'exported.sql')
    await wrangler(['d1', 'export', 'DB', ...args, '--skip-confirmation', '--output', exported], accountId)
    const sqlite = new DatabaseSync(join(folder, 'exported.sqlite'), { enableForeignKeyConstraints: false })
    sqlite.exec(`BEGIN; ${readFileSync(exported, 'utf8')}; COMMIT`)
    const { bytes } = await write(
      file,
      dumpBy((sql) => sqlite.prepare(sql).all(), rowsOnly),
    )
    sqlite.close()
    return kilobytes(bytes)
  })

async function saveLibsql(
  { url, authToken }: Source & { kind: 'libsql' },
  file: string,
  rowsOnly: boolean,
): Promise<string> {
  const client = await openLibsql(url, authToken)
  try {
    const { tables, rows, bytes } = await write(file, dump(client, rowsOnly))
    return `${tables} tables with ${rows} rows, ${kilobytes(bytes)}`
  } finally {
    client.close()
  }
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
  const saved = await backup(environment, output, values.rows)
  console.log(`Saved ${saved}, into ${output}.\nIt holds people’s contacts and password hashes: keep it safe.`)
}

if (import.meta.main) await runCommand(main)
