import { drizzle } from 'drizzle-orm/d1'
import type { Database, Trip } from './database.ts'

/** The D1 database of a binding. `trip` is called around each round trip. */
export function connectD1(d1: D1Database, trip: Trip): Database {
  return drizzle(metered(d1, trip))
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
