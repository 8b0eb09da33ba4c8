import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { type Bindings, configuration } from '../../env.ts'
import { connectD1 } from './d1.ts'
import { connectLibsql } from './libsql.ts'

/**
 * All that a store may do with the database, the same on every driver. There is no `transaction`, because D1 has no interactive
 * one: `batch` is atomic (docs/decisions/006). Row counts differ between drivers: use `RETURNING`. Foreign keys cascade on D1
 * and may be off on libSQL: a store deletes what belongs to a row itself.
 */
export type Database = Pick<DrizzleD1Database, 'select' | 'insert' | 'update' | 'delete' | 'batch'>

/** Runs one round trip to the database: the place to time it. */
export type RoundTrip = <T>(go: () => Promise<T>) => Promise<T>

/**
 * The database of this deployment: libSQL where `DATABASE_URL` says so, else D1. `trip` is called around each round trip, of
 * which a query is one and a batch is one.
 */
export function connect(bindings: Bindings, trip: RoundTrip): Database {
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: authToken } = configuration(bindings)
  return url === undefined ? connectD1(bindings.DB, trip) : connectLibsql({ url, authToken }, trip)
}
