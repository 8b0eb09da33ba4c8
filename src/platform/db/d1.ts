import { drizzle } from 'drizzle-orm/d1'
import type { Database, RoundTrip } from './database.ts'
import { lastsAs } from './statement.ts'

/** By binding, which an isolate has for all its requests: what its statements are written for. */
const lasting = new WeakMap<D1Database, Database>()

/** The D1 database of a binding. `trip` is called around each round trip. */
export function connectD1(d1: D1Database, trip: RoundTrip): Database {
  const known = lasting.get(d1)
  const shared = known ?? drizzle(metered(d1, (go) => go()))
  if (!known) lasting.set(d1, shared)
  const db = drizzle(metered(d1, trip))
  lastsAs(db, shared, trip)
  return db
}

/** A D1 binding each of whose round trips goes through `trip`. */
function metered(d1: D1Database, trip: RoundTrip): D1Database {
  const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    // Each overload of D1's own methods stays as it is: the calls go through unchanged.
    const wrapped = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => trip(async () => promised(name, await Reflect.apply(method, target, args)))
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
          trip(async () => {
            const results = await target.batch(statements.map((statement) => inner.get(statement) ?? statement))
            if (results?.length !== statements.length) throw noResult()
            return results.map((result) => promised('all', result))
          })
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

/**
 * What D1 answered to one of the methods that Drizzle calls (`raw`, `all`, `run`), if it is of the shape that D1 promises.
 * @throws Error otherwise
 */
function promised<T>(method: string | symbol, answer: T): T {
  const rows: unknown = method === 'raw' ? answer : isObject(answer) && 'results' in answer ? answer.results : undefined
  const isRow = method === 'raw' ? isRawRow : isObject
  if (!Array.isArray(rows) || !rows.every(isRow)) throw noResult()
  return answer
}

const noResult = (): Error => new Error('D1 answered with what is no result.')

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A blob is an array of numbers; nothing else in a row is an object. */
const isRawRow = (row: unknown): boolean =>
  Array.isArray(row) && row.every((cell) => !isObject(cell) || Array.isArray(cell))
