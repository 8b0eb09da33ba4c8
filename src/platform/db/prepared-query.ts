import { type Placeholder, sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** What a parameter may be; a column's own type is for the column to make of it. */
type Value = string | number | boolean | null

/** As much of a query's builder as is needed to run what it built. */
interface Written<R> {
  prepare(): { all(values?: Record<string, unknown>): Promise<R> }
}

/**
 * A query that Drizzle prepares once for each database, so once in an isolate, and not for each request: writing the
 * SQL takes about as long as all that a request does besides (docs/benchmarks.md). It has a parameter for each of
 * `names`. One round trip.
 */
export function preparedQuery<const N extends string, R>(
  names: readonly N[],
  write: (db: Database, params: { readonly [K in N]: Placeholder<K> }) => Written<R>,
): (db: Database, values: Readonly<Record<N, Value>>) => Promise<R> {
  const params = Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as {
    readonly [K in N]: Placeholder<K>
  }
  const prepared = new WeakMap<Database, ReturnType<Written<R>['prepare']>>()
  return (db, values) => {
    const existing = prepared.get(db)
    const query = existing ?? write(db, params).prepare()
    if (!existing) prepared.set(db, query)
    return query.all(values)
  }
}
