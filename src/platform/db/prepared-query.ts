import { type Placeholder, sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** The type of a parameter; the column converts it. */
type Value = string | number | boolean | null

/** The part of Drizzle's query builder that is needed to prepare a query. */
interface Written<R> {
  prepare(): { all(values?: Record<string, unknown>): Promise<R> }
}

/**
 * A query that Drizzle prepares once per database and isolate, instead of at each request: building the SQL can take as
 * long as the rest of a request (docs/benchmarks.md). It has one parameter for each of `names`, and is one round trip.
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
