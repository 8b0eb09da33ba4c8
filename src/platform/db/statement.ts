import { type Placeholder, sql } from 'drizzle-orm'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import type { Database, RoundTrip } from './database.ts'

/** What a request's database is for longer than that request, and what its round trips go through. */
const isolateBound = new WeakMap<Database, { readonly shared: Database; readonly trip: RoundTrip }>()

/**
 * Says that statements of `db` may be kept for `shared`, which outlives it, if each of their round trips goes through
 * `trip`.
 */
export function bindToIsolate(db: Database, shared: Database, trip: RoundTrip): void {
  isolateBound.set(db, { shared, trip })
}

/** What a parameter may be; a column's own type is for the column to make of it. */
type Value = string | number | boolean | null

/** As much of a query's builder as is needed to run what it built. */
interface Written<R> {
  prepare(): { all(values?: Record<string, unknown>): Promise<R> }
}

/**
 * A statement whose SQL is written once for each isolate and not for each request: that takes Drizzle about as long as
 * all that a request does besides (docs/benchmarks.md). For what is asked most; it has a parameter for each of `names`.
 * One round trip. Where a database does not outlive its request (libSQL, whose client must not), it is written each
 * time.
 */
export function preparedQuery<const N extends string, R>(
  names: readonly N[],
  write: (db: Database, params: { readonly [K in N]: Placeholder<K> }) => Written<R>,
): (db: Database, values: Readonly<Record<N, Value>>) => Promise<R> {
  const params = Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as {
    readonly [K in N]: Placeholder<K>
  }
  const written = new WeakMap<Database, ReturnType<Written<R>['prepare']>>()
  return (db, values) => {
    const { shared, trip } = isolateBound.get(db) ?? {}
    if (!shared || !trip) return write(db, params).prepare().all(values)
    const existing = written.get(shared)
    const query = existing ?? write(shared, params).prepare()
    if (!existing) written.set(shared, query)
    return through(trip, () => query.all(values))
  }
}

/**
 * Asks through a trip, which hears of the driver's failures only: what goes wrong in code of ours is no failure of the
 * database.
 */
async function through<R>(trip: RoundTrip, ask: () => Promise<R>): Promise<R> {
  const outcome = await trip(async () => {
    try {
      return { rows: await ask() }
    } catch (error) {
      if (error instanceof DrizzleQueryError) throw error
      return { bug: error }
    }
  })
  if ('bug' in outcome) throw outcome.bug
  return outcome.rows
}
