import type { Client } from '@libsql/client/http'

const rowsAPage = 250 // Rows are small, so a page has a few MB at most, however large the database is.
const rowsABatch = 1000
const charactersABatch = 1_000_000

/** How many tables and rows were dumped. */
export interface Counts {
  readonly tables: number
  readonly rows: number
}

type Row = Readonly<Record<string, unknown>>

/** Runs a query of D1, libSQL or SQLite. */
export type Query = (sql: string) => Promise<readonly Row[]> | readonly Row[]

interface Table {
  readonly name: string
  readonly sql: string
  /** All columns but generated ones, which cannot be written. */
  readonly columns: readonly string[]
  /** The columns that order the rows, so that a page begins where the previous one ended. */
  readonly key: readonly string[]
  readonly parents: readonly string[]
}

/** Dumps a libSQL database by {@link dumpBy}, in one read transaction. */
export async function* dump(client: Client, rowsOnly = false): AsyncGenerator<string, Counts> {
  const transaction = await client.transaction('read')
  try {
    return yield* dumpBy(async (sql) => (await transaction.execute(sql)).rows, rowsOnly)
  } finally {
    transaction.close()
  }
}

/**
 * Dumps a database as SQL, in pieces: tables, rows (parents before children), counters, then indexes, triggers and
 * views, so that no trigger runs and no id is used twice. Finds the tables in the schema. `rowsOnly` leaves out the
 * tables and the list of migrations.
 */
export async function* dumpBy(query: Query, rowsOnly = false): AsyncGenerator<string, Counts> {
  yield 'PRAGMA defer_foreign_keys=TRUE;\n' // Rows may refer to later rows of their own table.
  const tables = await tablesOf(query)
  const wanted = tables.filter(({ name }) => !(rowsOnly && migrationLists.includes(name)))
  if (!rowsOnly) for (const { sql } of tables) yield `${sql};\n`
  let rows = 0
  for (const table of wanted) {
    // Triggers may have added rows while the rows of its parents were restored.
    if (rowsOnly && table.parents.length > 0) yield `DELETE FROM ${quoted(table.name)};\n`
    for await (const page of pagesOf(query, table)) {
      rows += page.length
      const into = `INSERT INTO ${quoted(table.name)} (${list(table.columns)})`
      yield page.map((values) => `${into} VALUES(${values});\n`).join('')
    }
  }
  if ((await query(`SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`)).length > 0) {
    yield 'DELETE FROM sqlite_sequence;\n'
    const counters = 'SELECT name, quote(name) AS quoted, quote(seq) AS highest FROM sqlite_sequence ORDER BY name'
    for (const counter of await query(counters)) {
      if (wanted.some(({ name }) => name === counter.name))
        yield `INSERT INTO sqlite_sequence (name, seq) VALUES(${counter.quoted},${counter.highest});\n`
    }
  }
  const others = `SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL
    ORDER BY type = 'trigger', rowid`
  if (!rowsOnly) for (const { sql } of await query(others)) yield `${sql};\n`
  return { tables: wanted.length, rows }
}

/** The lists of applied migrations of Drizzle and of wrangler. */
const migrationLists = ['__drizzle_migrations', 'd1_migrations']

/** Tables without those of SQLite, libSQL and wrangler, which create them themselves. */
const ownTables = `sqlite_master t WHERE type = 'table' AND sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
  AND name NOT GLOB 'libsql_*' AND name NOT GLOB '_cf_*' ORDER BY rowid`

/** Lists the tables, parents before children. */
async function tablesOf(query: Query): Promise<Table[]> {
  const rows = await query(`SELECT name, sql,
    (SELECT json_group_array(name) FROM pragma_table_info(t.name)) AS columns,
    CASE (SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = t.name) WHEN 1
      THEN (SELECT json_group_array(name) FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk))
      ELSE json_array('rowid') END AS key,
    (SELECT json_group_array(DISTINCT "table") FROM pragma_foreign_key_list(t.name)) AS parents
    FROM ${ownTables}`)
  const names = (json: unknown): string[] => JSON.parse(String(json))
  const tables = rows.map(({ name, sql, columns, key, parents }) => ({
    ...{ name: String(name), sql: String(sql) },
    ...{ columns: names(columns), key: names(key), parents: names(parents) },
  }))
  const depth = ({ name, parents }: Table, below: readonly string[] = [name]): number => {
    const above = tables.filter((other) => parents.includes(other.name) && !below.includes(other.name))
    return Math.max(0, ...above.map((other) => depth(other, [...below, other.name]) + 1))
  }
  return tables.toSorted((one, other) => depth(one) - depth(other))
}

/** Reads the rows of a table in pages, as SQLite writes their values. */
async function* pagesOf(query: Query, { name: table, columns, key }: Table): AsyncGenerator<string[]> {
  const values = columns.map((column) => literal(quoted(column))).join(` || ',' || `)
  const keys = key.map((column, n) => `quote(${quoted(column)}) AS key_${n}`)
  let from = ''
  for (;;) {
    const rows = await query(
      `SELECT ${keys.join(', ')}, ${values} AS row_values FROM ${quoted(table)} ${from} ORDER BY ${list(key)} LIMIT ${rowsAPage}`,
    )
    if (rows.length > 0) yield rows.map(({ row_values }) => String(row_values))
    const last = rows.at(-1)
    if (last === undefined || rows.length < rowsAPage) return
    from = `WHERE (${list(key)}) > (${key.map((_, n) => last[`key_${n}`]).join(', ')})`
  }
}

/** A value as SQL: `quote` would end a text at its first zero byte. */
const literal = (column: string): string =>
  `CASE WHEN typeof(${column}) = 'text' AND instr(${column}, char(0)) > 0 THEN 'CAST(' || quote(CAST(${column} AS BLOB)) || ' AS TEXT)' ELSE quote(${column}) END`

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const list = (names: readonly string[]): string => names.map(quoted).join(', ')

// ---------------------------------------------------------------- restoring

/** The tables of a database, those with rows, and its triggers. */
export interface FoundTables {
  readonly tables: string[]
  readonly full: string[]
  readonly triggers: { readonly name: string; readonly sql: string }[]
}

/** Removes triggers while statements run, because they would change or refuse rows. */
export async function* withoutTriggers(triggers: FoundTables['triggers'], statements: AsyncIterable<string>) {
  for (const { name } of triggers) yield `DROP TRIGGER ${name}`
  yield* statements
  for (const { sql } of triggers) yield sql
}

/** Lists the tables and triggers of a database, and the tables with rows except lists of migrations. */
export async function inspectTables(query: Query): Promise<FoundTables> {
  const tables = (await query(`SELECT name FROM ${ownTables}`)).map((row) => String(row.name))
  const counted = tables.filter((table) => !migrationLists.includes(table))
  if (counted.length === 0) return { tables, full: [], triggers: [] }
  const triggers = await query(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid`)
  const exists = counted.map((table) => `EXISTS (SELECT 1 FROM ${quoted(table)}) AS ${quoted(table)}`)
  const [hasRows = {}] = await query(`SELECT ${exists.join(', ')}`)
  return {
    ...{ tables, full: counted.filter((table) => hasRows[table] === 1) },
    triggers: triggers.map((row) => ({ name: quoted(String(row.name)), sql: String(row.sql) })),
  }
}

/**
 * Runs statements on libSQL in batches, each completely or not at all. Foreign keys are off, because rows may refer to
 * later ones.
 */
export async function runInBatches(client: Client, statements: AsyncIterable<string>): Promise<void> {
  let batch: string[] = []
  let characters = 0
  for await (const statement of statements) {
    batch.push(statement)
    characters += statement.length
    if (batch.length < rowsABatch && characters < charactersABatch) continue
    await client.migrate(batch)
    batch = []
    characters = 0
  }
  if (batch.length > 0) await client.migrate(batch)
}
