import type { Client, Row, Transaction } from '@libsql/client/http'

const rowsAPage = 250 // of which none is large: a page is a few MB at most, however large the database is
const rowsABatch = 1000
const charactersABatch = 1_000_000

/** What a database holds, counted. */
export interface Counts {
  readonly tables: number
  readonly rows: number
}

interface Table {
  readonly name: string
  readonly sql: string
  /** Those that can be written: a generated one cannot. */
  readonly columns: readonly string[]
  /** What the rows are ordered by, so that a page begins where the one before ended. */
  readonly key: readonly string[]
  readonly parents: readonly string[]
}

/**
 * A libSQL database as SQL, in pieces: tables, rows (parents before children), counters, then indexes, triggers and
 * views, so that no trigger runs and no id is given twice. All of it is what one read transaction sees. It looks at the
 * schema, and knows no table. `rowsOnly`: without the tables, and without the list of migrations.
 */
export async function* dump(client: Client, rowsOnly = false): AsyncGenerator<string, Counts> {
  const transaction = await client.transaction('read')
  try {
    const tables = await tablesOf(transaction)
    const wanted = tables.filter(({ name }) => !(rowsOnly && migrationLists.includes(name)))
    if (!rowsOnly) for (const { sql } of tables) yield `${sql};\n`
    let rows = 0
    for (const table of wanted) {
      if (rowsOnly && table.parents.length > 0) yield `${deleteAllStatement(table.name)}\n`
      for await (const page of pagesOf(transaction, table)) {
        rows += page.length
        yield page
          .map((values) => `INSERT INTO ${name(table.name)} (${list(table.columns)}) VALUES(${values});\n`)
          .join('')
      }
    }
    const counters = await countersOf(transaction)
    if (counters !== undefined) {
      yield 'DELETE FROM sqlite_sequence;\n'
      for (const [table, highest] of counters) {
        if (wanted.some(({ name }) => name === table))
          yield `INSERT INTO sqlite_sequence (name, seq) VALUES(${text(table)},${highest});\n`
      }
    }
    if (!rowsOnly) {
      const { rows: others } = await transaction.execute(
        `SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL ORDER BY type = 'trigger', rowid`,
      )
      for (const { sql } of others) yield `${sql};\n`
    }
    return { tables: wanted.length, rows }
  } finally {
    transaction.close()
  }
}

/** Which migrations were applied: Drizzle's list, and wrangler's, which a copy of a D1 has. */
const migrationLists = ['__drizzle_migrations', 'd1_migrations']

/** Tables of ours: SQLite's, libSQL's and wrangler's own are made by themselves. */
const ownTables = `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
  AND name NOT GLOB 'libsql_*' AND name NOT GLOB '_cf_*' ORDER BY rowid`

async function tablesOf(transaction: Transaction): Promise<Table[]> {
  const tables: Table[] = []
  for (const row of (await transaction.execute(ownTables)).rows) {
    const table = String(row.name)
    const ask = async (sql: string) => (await transaction.execute({ sql, args: [table] })).rows
    const columns = await ask('SELECT name, pk FROM pragma_table_info(?)')
    const [kind] = await ask("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    const primary = columns.filter(({ pk }) => Number(pk) > 0).sort((one, other) => Number(one.pk) - Number(other.pk))
    tables.push({
      name: table,
      sql: String(row.sql),
      columns: columns.map(nameIn),
      key: Number(kind?.wr) === 1 ? primary.map(nameIn) : ['rowid'],
      parents: (await ask('SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(?)')).map(nameIn),
    })
  }
  const depth = ({ name, parents }: Table, below: readonly string[] = []): number =>
    Math.max(
      0,
      ...tables
        .filter((other) => parents.includes(other.name) && other.name !== name && !below.includes(other.name))
        .map((other) => depth(other, [...below, name]) + 1),
    )
  return tables.toSorted((one, other) => depth(one) - depth(other))
}

/** The rows of a table as SQLite itself writes their values, in pages. */
async function* pagesOf(transaction: Transaction, { name: table, columns, key }: Table): AsyncGenerator<string[]> {
  const values = columns.map((column) => literal(name(column))).join(` || ',' || `)
  const keys = key.map((column, n) => `quote(${name(column)}) AS key_${n}`)
  for (let after: Row | undefined; ; ) {
    const from = after && `WHERE (${list(key)}) > (${key.map((_, n) => after?.[`key_${n}`]).join(', ')})`
    const { rows } = await transaction.execute(
      `SELECT ${keys.join(', ')}, ${values} AS row_values FROM ${name(table)} ${from ?? ''} ORDER BY ${list(key)} LIMIT ${rowsAPage}`,
    )
    if (rows.length > 0) yield rows.map(({ row_values }) => String(row_values))
    after = rows.at(-1)
    if (after === undefined || rows.length < rowsAPage) return
  }
}

async function countersOf(transaction: Transaction): Promise<[string, string][] | undefined> {
  const { rows } = await transaction.execute(`SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`)
  if (rows.length === 0) return undefined
  const counters = await transaction.execute('SELECT name, quote(seq) AS highest FROM sqlite_sequence ORDER BY name')
  return counters.rows.map((row) => [nameIn(row), String(row.highest)])
}

/** A value as SQL: `quote` would end a text at its first zero byte. */
const literal = (column: string): string =>
  `CASE WHEN typeof(${column}) = 'text' AND instr(${column}, char(0)) > 0 THEN 'CAST(' || quote(CAST(${column} AS BLOB)) || ' AS TEXT)' ELSE quote(${column}) END`

const name = (one: string): string => `"${one.replaceAll('"', '""')}"`
const list = (names: readonly string[]): string => names.map(name).join(', ')

/**
 * Empties a table that has parents before a file of rows alone fills it: triggers of the database may have added rows
 * to it when the rows of its parents were restored.
 */
export const deleteAllStatement = (table: string): string => `DELETE FROM ${name(table)};`

const text = (one: string): string => `'${one.replaceAll(`'`, `''`)}'`
const nameIn = (row: Row): string => String(row.name)

// ---------------------------------------------------------------- putting back

/**
 * Which tables a database has, and which of them hold rows; lists of migrations do not count as such. D1 and libSQL
 * alike.
 */
export async function inspectTables(
  query: (sql: string) => Promise<readonly Record<string, unknown>[]>,
): Promise<{ tables: string[]; full: string[] }> {
  const tables = (await query(ownTables)).map((row) => String(row.name))
  const counted = tables.filter((table) => !migrationLists.includes(table))
  if (counted.length === 0) return { tables, full: [] }
  const exists = counted.map((table) => `EXISTS (SELECT 1 FROM ${name(table)}) AS ${name(table)}`)
  const [hasRows = {}] = await query(`SELECT ${exists.join(', ')}`)
  return { tables, full: counted.filter((table) => hasRows[table] === 1) }
}

/**
 * Runs statements in batches, each whole or not at all, and with foreign keys off: rows come before others that they
 * refer to.
 */
export async function load(client: Client, statements: AsyncIterable<string>): Promise<number> {
  let batch: string[] = []
  let characters = 0
  let count = 0
  const send = async () => {
    await client.migrate(batch)
    batch = []
    characters = 0
  }
  for await (const statement of statements) {
    batch.push(statement)
    characters += statement.length
    count++
    if (batch.length >= rowsABatch || characters >= charactersABatch) await send()
  }
  if (batch.length > 0) await send()
  return count
}
