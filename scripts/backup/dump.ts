import type { Client } from '@libsql/client/http'

const rowsAPage = 250 // of which none is large: a page is a few MB at most, however large the database is
const rowsABatch = 1000
const charactersABatch = 1_000_000

/** What a database holds, counted. */
export interface Counts {
  readonly tables: number
  readonly rows: number
}

type Row = Readonly<Record<string, unknown>>

/** Asks a database. */
type Query = (sql: string) => Promise<readonly Row[]> | readonly Row[]

interface Table {
  readonly name: string
  readonly sql: string
  /** Those that can be written: a generated one cannot. */
  readonly columns: readonly string[]
  /** What the rows are ordered by, so that a page begins where the one before ended. */
  readonly key: readonly string[]
  readonly parents: readonly string[]
}

/** A libSQL database as SQL, by {@link dumpBy}: all of it is what one read transaction sees. */
export async function* dump(client: Client, rowsOnly = false): AsyncGenerator<string, Counts> {
  const transaction = await client.transaction('read')
  try {
    return yield* dumpBy(async (sql) => (await transaction.execute(sql)).rows, rowsOnly)
  } finally {
    transaction.close()
  }
}

/**
 * A database as SQL, in pieces: tables, rows (parents before children), counters, then indexes, triggers and views, so
 * that no trigger runs and no id is given twice. It looks at the schema, and knows no table. `rowsOnly`: without the
 * tables, and without the list of migrations.
 */
export async function* dumpBy(query: Query, rowsOnly = false): AsyncGenerator<string, Counts> {
  yield 'PRAGMA defer_foreign_keys=TRUE;\n' // rows may name others of their own table that come later
  const tables = await tablesOf(query)
  const wanted = tables.filter(({ name }) => !(rowsOnly && migrationLists.includes(name)))
  if (!rowsOnly) for (const { sql } of tables) yield `${sql};\n`
  let rows = 0
  for (const table of wanted) {
    // Triggers may have added rows when those of its parents were restored.
    if (rowsOnly && table.parents.length > 0) yield `DELETE FROM ${name(table.name)};\n`
    for await (const page of pagesOf(query, table)) {
      rows += page.length
      const into = `INSERT INTO ${name(table.name)} (${list(table.columns)})`
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
  if (!rowsOnly) {
    const others = `SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL
      ORDER BY type = 'trigger', rowid`
    for (const { sql } of await query(others)) yield `${sql};\n`
  }
  return { tables: wanted.length, rows }
}

/** Which migrations were applied: Drizzle's list, and wrangler's, which a copy of a D1 has. */
const migrationLists = ['__drizzle_migrations', 'd1_migrations']

/** Tables of ours: SQLite's, libSQL's and wrangler's own are made by themselves. */
const ownTables = `sqlite_master t WHERE type = 'table' AND sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
  AND name NOT GLOB 'libsql_*' AND name NOT GLOB '_cf_*' ORDER BY rowid`

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
async function* pagesOf(query: Query, { name: table, columns, key }: Table): AsyncGenerator<string[]> {
  const values = columns.map((column) => literal(name(column))).join(` || ',' || `)
  const keys = key.map((column, n) => `quote(${name(column)}) AS key_${n}`)
  for (let after: Row | undefined; ; ) {
    const from = after && `WHERE (${list(key)}) > (${key.map((_, n) => after?.[`key_${n}`]).join(', ')})`
    const rows = await query(
      `SELECT ${keys.join(', ')}, ${values} AS row_values FROM ${name(table)} ${from ?? ''} ORDER BY ${list(key)} LIMIT ${rowsAPage}`,
    )
    if (rows.length > 0) yield rows.map(({ row_values }) => String(row_values))
    after = rows.at(-1)
    if (after === undefined || rows.length < rowsAPage) return
  }
}

/** A value as SQL: `quote` would end a text at its first zero byte. */
const literal = (column: string): string =>
  `CASE WHEN typeof(${column}) = 'text' AND instr(${column}, char(0)) > 0 THEN 'CAST(' || quote(CAST(${column} AS BLOB)) || ' AS TEXT)' ELSE quote(${column}) END`

const name = (one: string): string => `"${one.replaceAll('"', '""')}"`
const list = (names: readonly string[]): string => names.map(name).join(', ')

// ---------------------------------------------------------------- putting back

/** The tables of a database, those that have rows, and its triggers. */
export interface FoundTables {
  readonly tables: string[]
  readonly full: string[]
  readonly triggers: { readonly name: string; readonly sql: string }[]
}

/** The statements of a file of rows, without triggers meanwhile: they would change rows, or refuse them. */
export async function* withoutTriggers(triggers: FoundTables['triggers'], statements: AsyncIterable<string>) {
  for (const { name } of triggers) yield `DROP TRIGGER ${name}`
  yield* statements
  for (const { sql } of triggers) yield sql
}

/**
 * Which tables a database has, and which of them hold rows; lists of migrations do not count as such. D1 and libSQL
 * alike.
 */
export async function inspectTables(query: Query): Promise<FoundTables> {
  const tables = (await query(`SELECT name FROM ${ownTables}`)).map((row) => String(row.name))
  const counted = tables.filter((table) => !migrationLists.includes(table))
  if (counted.length === 0) return { tables, full: [], triggers: [] }
  const triggers = await query(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid`)
  const exists = counted.map((table) => `EXISTS (SELECT 1 FROM ${name(table)}) AS ${name(table)}`)
  const [hasRows = {}] = await query(`SELECT ${exists.join(', ')}`)
  return {
    ...{ tables, full: counted.filter((table) => hasRows[table] === 1) },
    triggers: triggers.map((row) => ({ name: name(String(row.name)), sql: String(row.sql) })),
  }
}

/**
 * Runs statements in batches, each whole or not at all, and with foreign keys off: rows come before others that they
 * refer to.
 */
export async function load(client: Client, statements: AsyncIterable<string>): Promise<void> {
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
