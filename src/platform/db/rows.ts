import { type Column, type DriverValueEncoder, getTableColumns, is, type Placeholder, SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

/** A row to be inserted. A value may be SQL that reads from another row. */
type Values<T extends SQLiteTable> = { [K in keyof T['$inferInsert']]: T['$inferInsert'][K] | SQL | Placeholder }

/** A column's encoder that leaves null as it is, also in a parameter. Drizzle's would turn it into false. */
function encoderOf(column: Column | undefined): DriverValueEncoder<unknown, unknown> {
  return { mapToDriverValue: (value) => (value === null ? null : (column?.mapToDriverValue(value) ?? value)) }
}

/** Converts parameters to the values of a table's columns, for `set`. */
export function columnValues<T extends SQLiteTable, N extends string & keyof T['$inferInsert']>(
  table: T,
  names: readonly N[],
  params: Readonly<Record<N, Placeholder>>,
): Record<N, SQL> {
  const columns: Readonly<Record<string, Column>> = getTableColumns(table)
  const values = names.map((name) => [name, sql`${sql.param(params[name], encoderOf(columns[name]))}`])
  return Object.fromEntries(values) as Record<N, SQL>
}

/**
 * Builds a new row as the columns of a SELECT, for `insert(table).select(db.select(selectAsRow(table,
 * …)).from(users).where(…))`: the row is inserted only if the other row exists at that moment. Columns that are left
 * out get their default.
 */
export function selectAsRow<T extends SQLiteTable>(
  table: T,
  values: Values<T>,
): { [K in keyof T['$inferSelect']]: SQL.Aliased<T['$inferSelect'][K]> } {
  const params: Readonly<Record<string, unknown>> = values
  const selected = Object.entries(getTableColumns(table)).map(([name, column]) => {
    const value = params[name] ?? column.default ?? null
    return [name, (is(value, SQL) ? value : sql`${sql.param(value, encoderOf(column))}`).as(column.name)]
  })
  // Drizzle requires every column of the table, in the table's order.
  return Object.fromEntries(selected) as { [K in keyof T['$inferSelect']]: SQL.Aliased<T['$inferSelect'][K]> }
}

/** The most characters of JSON in one statement: D1 accepts parameters of up to 2 MB. */
const maxJson = 500_000

/** Serializes rows as JSON, in as many parts as statements are needed. */
export function jsonOf(rows: readonly object[]): string[] {
  const parts: string[][] = []
  let length = maxJson
  for (const text of rows.map((row) => JSON.stringify(row))) {
    length += text.length
    if (length > maxJson) {
      parts.push([])
      length = text.length
    }
    parts.at(-1)?.push(text)
  }
  return parts.map((part) => `[${part.join(',')}]`)
}

/** Reads the columns of a row from the JSON of a statement: `row` is the alias of `json_each`. */
export const columnsIn = <const N extends string>(names: readonly N[], row: string): Record<N, SQL> =>
  Object.fromEntries(names.map((name) => [name, sql.raw(`${row}.value ->> '${name}'`)])) as Record<N, SQL>

/** Selects each of some values, for IN: a list of any length is one parameter. */
export const selectValues = (values: readonly unknown[]): SQL =>
  sql`SELECT value FROM json_each(${JSON.stringify(values)})`
