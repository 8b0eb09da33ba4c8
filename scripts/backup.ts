/**
 * `npm run backup`: the database as one file of SQL, D1 or libSQL, which `npm run restore` puts back.
 * docs/operations.md says how.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { deleteAllStatement, dump } from './backup/libsql.ts'
import { statementsOf } from './backup/statements.ts'
import { accountOf, signIn } from './deploy/account.ts'
import { askerAt } from './deploy/ask.ts'
import { DeployError } from './deploy/fault.ts'
import { deployedOf } from './deploy/resources.ts'
import { readSettings } from './deploy/settings.ts'
import { wrangler } from './deploy/wrangler.ts'
import { MigrateError, openLibsql, variable } from './migrate.ts'
import { warnOfMisspelt, warnOfUnknown } from './variables.ts'

const help = `npm run backup -- [options]

  --env NAME      whose database: production, or staging (production)
  --local         the database that npm start uses instead
  --rows          rows alone, for a database whose tables are there: from D1 to libSQL, or back
  --output FILE   where to; never over a file that exists (backup-NAME-DATE.sql)

  DATABASE_URL, DATABASE_AUTH_TOKEN   a libSQL database, whatever wrangler.toml and .dev.vars say`

const tableMade = /^CREATE TABLE (?:IF NOT EXISTS )?["`]?(\w+)/i
const tableChanged = /^(?:INSERT INTO|DELETE FROM) ["`]?(\w+)/i

/**
 * The statements of an export, put so that a new database takes them. `wrangler d1 export` writes each table with its
 * rows, in the order in which tables were made, and D1 refuses rows of a table whose parent is not there yet
 * (cloudflare/workers-sdk#5683). `rowsOnly`: without the tables, and without D1's list of migrations, for a database
 * whose tables are there.
 */
export async function restorable(exported: string, rowsOnly = false): Promise<string> {
  const statements: string[] = []
  for await (const statement of statementsOf([exported])) statements.push(statement)
  const parents = new Map<string, string[]>()
  for (const statement of statements) {
    const [, table] = statement.match(tableMade) ?? []
    if (table)
      parents.set(
        table,
        [...statement.matchAll(/REFERENCES ["`]?(\w+)/gi)].map(([, parent = '']) => parent),
      )
  }
  const depth = (table: string): number =>
    Math.max(0, ...(parents.get(table) ?? []).filter((parent) => parent !== table).map((parent) => depth(parent) + 1))
  const changedTable = (statement: string) => statement.match(tableChanged)?.[1]
  // Settings, tables, rows (parents before children), counters (which rows move), and what would only slow rows down.
  const rank = (statement: string): number => {
    if (/^PRAGMA\b/i.test(statement)) return 0
    if (tableMade.test(statement)) return 1
    if (/^DELETE FROM ["`]?sqlite_sequence/i.test(statement)) return 100
    const table = changedTable(statement)
    if (table === 'sqlite_sequence') return 101
    return table === undefined ? 102 : 2 + depth(table)
  }
  /** Whether it is of what people have, rather than of how D1 keeps it. */
  const isRow = (statement: string): boolean => {
    const table = changedTable(statement)
    const ofMigrations = table === 'sqlite_sequence' && statement.includes(`'d1_migrations'`)
    return rank(statement) === 100 || (table !== undefined && table !== 'd1_migrations' && !ofMigrations)
  }
  const children = [...parents].filter(([, above]) => above.length > 0).map(([table]) => table)
  const wanted = rowsOnly ? [...children.map(deleteAllStatement), ...statements.filter(isRow)] : statements
  return wanted
    .toSorted((one, other) => rank(one) - rank(other))
    .map((statement) => `${statement}\n`)
    .join('')
}

/** A database, and what a person calls it. */
type Source =
  | { readonly kind: 'libsql'; readonly url: string; readonly authToken: string | undefined; readonly words: string }
  | { readonly kind: 'd1'; readonly args: readonly string[]; readonly accountId?: string; readonly words: string }

/**
 * The database that the service uses: libSQL where `DATABASE_URL` says so, else D1. `environment` is undefined for the
 * local service.
 * @throws DeployError when nobody is logged in, or Cloudflare alone knows which database it is
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
  const { secrets } = await deployedOf(api, account.id, settings)
  if (secrets.includes('DATABASE_URL')) {
    throw new DeployError(
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
 * @throws DeployError or MigrateError when that cannot be done
 */
export async function backup(environment: string | undefined, output: string, rowsOnly = false): Promise<string> {
  if (existsSync(output))
    throw new DeployError(`${output} is there already, and is left as it is: name another by --output.`)
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

async function saveD1({ args, accountId }: Source & { kind: 'd1' }, file: string, rowsOnly: boolean): Promise<string> {
  await wrangler(['d1', 'export', 'DB', ...args, '--skip-confirmation', '--output', file], { accountId })
  const text = await restorable(readFileSync(file, 'utf8'), rowsOnly)
  writeFileSync(file, text)
  return kilobytes(Buffer.byteLength(text))
}

async function saveLibsql(
  { url, authToken }: Source & { kind: 'libsql' },
  file: string,
  rowsOnly: boolean,
): Promise<string> {
  const client = await openLibsql(url, authToken)
  const handle = await open(file, 'w')
  try {
    const pieces = dump(client, rowsOnly)
    let bytes = 0
    for (;;) {
      const { done, value } = await pieces.next()
      if (done) return `${value.tables} tables with ${value.rows} rows, ${kilobytes(bytes)}`
      bytes += (await handle.write(value)).bytesWritten
    }
  } finally {
    await handle.close()
    client.close()
  }
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string', default: 'production' },
      local: { type: 'boolean', default: false },
      rows: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(help)
  const environment = values.local ? undefined : values.env
  if (values.local) warnOfUnknown('.dev.vars')
  else warnOfMisspelt()
  const date = new Date().toISOString().slice(0, 16).replace(':', '')
  const output = values.output ?? `backup-${environment ?? 'local'}-${date}.sql`
  const saved = await backup(environment, output, values.rows)
  console.log(`Saved ${saved}, into ${output}.\nIt holds people’s contacts and password hashes: keep it safe.`)
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    const isExpected =
      error instanceof DeployError || error instanceof MigrateError || (error instanceof TypeError && 'code' in error)
    console.error(isExpected ? error.message : error)
    process.exitCode = 1
  }
}
