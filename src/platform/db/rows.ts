import { getTableColumns, is, SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

/** A row to be inserted, in which a value may be SQL that is read from the row it depends on. */
type Values<T extends SQLiteTable> = { [K in keyof T['$inferInsert']]: T['$inferInsert'][K] | SQL }

/**
 * A new row of a table as what a query selects, for `insert(table).select(db.select(rowOf(table, …)).from(users).where(…))`: so
 * that the row is added only where another one exists at that very moment, and never without it. What is left out is the
 * column's default.
 */
export function rowOf<T extends SQLiteTable>(
  table: T,
  values: Values<T>,
): { [K in keyof T['$inferSelect']]: SQL.Aliased<T['$inferSelect'][K]> } {
  const given: Readonly<Record<string, unknown>> = values
  const selected = Object.entries(getTableColumns(table)).map(([name, column]) => {
    const value = given[name] ?? column.default ?? null
    return [
      name,
      (is(value, SQL) ? value : sql`${sql.param(value, value === null ? undefined : column)}`).as(column.name),
    ]
  })
  // Drizzle wants every column of the table in its order, which is that of its columns.
  return Object.fromEntries(selected) as { [K in keyof T['$inferSelect']]: SQL.Aliased<T['$inferSelect'][K]> }
}
