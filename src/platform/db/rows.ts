import { type Column, type DriverValueEncoder, getTableColumns, is, type Placeholder, SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

/** A row to be inserted, in which a value may be SQL that is read from the row it depends on. */
type Values<T extends SQLiteTable> = { [K in keyof T['$inferInsert']]: T['$inferInsert'][K] | SQL | Placeholder }

/** A column's encoder that leaves null as it is, also where a parameter brings it: Drizzle's would make false of it. */
function encoderOf(column: Column | undefined): DriverValueEncoder<unknown, unknown> {
  return { mapToDriverValue: (value) => (value === null ? null : (column?.mapToDriverValue(value) ?? value)) }
}

/** The given parameters as values of a table's columns, each as its column has it, to be set. */
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
 * A new row of a table as what a query selects, for `insert(table).select(db.select(rowOf(table,
 * …)).from(users).where(…))`: so that the row is added only where another one exists at that very moment, and never
 * without it. What is left out is the column's default.
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
  // Drizzle wants every column of the table in its order, which is that of its columns.
  return Object.fromEntries(selected) as { [K in keyof T['$inferSelect']]: SQL.Aliased<T['$inferSelect'][K]> }
}
