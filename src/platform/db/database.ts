import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import type { Bindings } from '../../env.ts'

/**
 * All that a store may do with the database, the same on every driver. There is no `transaction`, because D1 has no interactive
 * one: `batch` is atomic (docs/decisions/003). Row counts differ between drivers: use `RETURNING`.
 */
export type Database = Pick<DrizzleD1Database, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'batch'>

/** Runs one round trip to the database: the place to time it. */
export type Trip = <T>(go: () => Promise<T>) => Promise<T>

/** The database of this deployment. `trip` is called around each round trip. */
export function connect(bindings: Bindings, trip: Trip): Database {
  return drizzle(metered(bindings.DB, trip))
}

/** A D1 binding each of whose round trips goes through `trip`. */
function metered(d1: D1Database, trip: Trip): D1Database {
  const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    // Each overload of D1's own methods stays as it is: the calls go through unchanged.
    const wrapped = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => trip(() => Reflect.apply(method, target, args))
      },
    })
    inner.set(wrapped, statement)
    return wrapped
  }
  return new Proxy(d1, {
    get(target, name) {
      if (name === 'prepare') return (sql: string) => wrap(target.prepare(sql))
      if (name === 'batch') {
        return (statements: D1PreparedStatement[]) =>
          trip(() => target.batch(statements.map((statement) => inner.get(statement) ?? statement)))
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}
