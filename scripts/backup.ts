/** `npm run backup`: a D1 database as one file of SQL, in an order in which it can be put back. docs/operations.md says how. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { DeployError } from './deploy/fault.ts'
import { readSettings } from './deploy/settings.ts'
import { wrangler } from './deploy/wrangler.ts'

const help = `npm run backup -- [options]

  --env NAME      whose database: production, or staging (production)
  --local         the local database instead
  --rows          rows alone, for libSQL: npm run migrate makes the tables there
  --output FILE   where to; never over a file that exists (backup-NAME-DATE.sql)`

const tableMade = /^CREATE TABLE (?:IF NOT EXISTS )?["`]?(\w+)/i
const rowPut = /^INSERT INTO ["`]?(\w+)/i

/**
 * The statements of an export, put so that a new database takes them. `wrangler d1 export` writes each table with its rows, in the order
 * in which tables were made, and D1 refuses rows of a table whose parent is not there yet (cloudflare/workers-sdk#5683).
 * `rowsOnly`: without the tables, and without D1's list of migrations, for a database whose tables are there.
 */
export function restorable(exported: string, rowsOnly = false): string {
  // A second's work, so only where it is needed.
  const { unstable_splitSqlQuery } = createRequire(import.meta.url)('wrangler') as typeof import('wrangler')
  const statements = unstable_splitSqlQuery(exported)
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
  const filled = (statement: string) => statement.match(rowPut)?.[1]
  // Settings, tables, rows (parents before children), counters (which rows move), and what would only slow rows down.
  const rank = (statement: string): number => {
    if (/^PRAGMA\b/i.test(statement)) return 0
    if (tableMade.test(statement)) return 1
    if (/^DELETE FROM ["`]?sqlite_sequence/i.test(statement)) return 100
    const table = filled(statement)
    if (table === 'sqlite_sequence') return 101
    return table === undefined ? 102 : 2 + depth(table)
  }
  /** Whether it is of what people have, rather than of how D1 keeps it. */
  const isRow = (statement: string): boolean => {
    const table = filled(statement)
    const ofMigrations = table === 'sqlite_sequence' && statement.includes(`'d1_migrations'`)
    return rank(statement) === 100 || (table !== undefined && table !== 'd1_migrations' && !ofMigrations)
  }
  return statements
    .filter((statement) => !rowsOnly || isRow(statement))
    .toSorted((one, other) => rank(one) - rank(other))
    .map((statement) => `${statement};\n`)
    .join('')
}

/** Exports a database into a file that only its owner can read. @throws DeployError when that cannot be done */
export async function backup(environment: string | undefined, output: string, rowsOnly = false): Promise<number> {
  if (existsSync(output))
    throw new DeployError(`${output} is there already, and is left as it is: name another by --output.`)
  const half = `${output}.half`
  writeFileSync(half, '', { mode: 0o600 })
  try {
    const where = environment === undefined ? ['--local'] : ['--env', environment, '--remote']
    const accountId = environment === undefined ? undefined : readSettings(environment).accountId
    await wrangler(['d1', 'export', 'DB', ...where, '--skip-confirmation', '--output', half], { accountId })
    const text = restorable(readFileSync(half, 'utf8'), rowsOnly)
    writeFileSync(output, text, { mode: 0o600, flag: 'wx' })
    return text.length
  } finally {
    rmSync(half, { force: true })
  }
}

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
  const date = new Date().toISOString().slice(0, 16).replace(':', '')
  const output = values.output ?? `backup-${environment ?? 'local'}-${date}.sql`
  const length = await backup(environment, output, values.rows)
  console.log(
    `${output}: ${Math.ceil(length / 1000)} kB. It holds people’s contacts and password hashes: keep it safe.`,
  )
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    const known = error instanceof DeployError || (error instanceof TypeError && 'code' in error)
    console.error(known ? error.message : error)
    process.exitCode = 1
  }
}
