import type { DrizzleD1Database } from 'drizzle-orm/d1'

/**
 * What a store can do with the database, the same on every driver. There is no `transaction`, because D1 has no
 * interactive ones; `batch` is atomic (docs/decisions/006). Row counts differ between drivers: use `RETURNING`. Foreign
 * keys cascade on D1 and may be off on libSQL: a store deletes dependent rows itself.
 */
export type Database = Pick<DrizzleD1Database, 'select' | 'insert' | 'update' | 'delete' | 'batch'>

/** Wraps one round trip to the database, to measure it and to apply a deadline. */
export type RoundTrip = <T>(go: () => Promise<T>) => Promise<T>

/**
 * What an error of a driver is about: the statement (a constraint that a store expects, or a bug of ours), or the
 * database, which is down, slow or broken.
 */
export type ErrorClass = 'statement' | 'unavailable'
