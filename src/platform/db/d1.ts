import { drizzle } from 'drizzle-orm/d1'
import type { Database, ErrorClass } from './database.ts'
import { statementErrors } from './errors.ts'
import { roundTrip } from './round-trip.ts'

/** One Drizzle instance per D1 binding; an isolate reuses it across requests. */
const instances = new WeakMap<D1Database, Database>()

/** Connects to a D1 database by its binding. */
export function connect(binding: D1Database): Database {
  const existing = instances.get(binding)
  const instance = existing ?? drizzle(wrapBinding(binding))
  if (!existing) instances.set(binding, instance)
  return instance
}

/** With D1's error for a value that it cannot bind. */
const aboutStatement = statementErrors('D1_TYPE_ERROR')

/** Classifies an error of D1. */
export const classifyError = ({ message }: Error): ErrorClass =>
  aboutStatement.test(message) ? 'statement' : 'unavailable'

/** Wraps a binding so that each of its round trips goes through {@link roundTrip}. */
function wrapBinding(binding: D1Database): D1Database {
  const unwrapped = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    // A proxy, so that all overloads of D1's methods stay.
    const wrapped = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) =>
          roundTrip(async () => checkResult(name, await Reflect.apply(method, target, args)))
      },
    })
    unwrapped.set(wrapped, statement)
    return wrapped
  }
  return new Proxy(binding, {
    get(target, name) {
      if (name === 'prepare') return (sql: string) => wrap(target.prepare(sql))
      if (name === 'batch') {
        return (statements: D1PreparedStatement[]) =>
          roundTrip(async () => {
            const results = await target.batch(statements.map((statement) => unwrapped.get(statement) ?? statement))
            if (results?.length !== statements.length) throw invalidResult()
            return results.map((result) => checkResult('all', result))
          })
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

/**
 * Checks that D1's result of a method that Drizzle calls (`raw`, `all`, `run`) has the documented shape, and returns
 * it.
 * @throws Error if it has not
 */
function checkResult<T>(method: string | symbol, answer: T): T {
  const rows: unknown = method === 'raw' ? answer : isObject(answer) && 'results' in answer ? answer.results : undefined
  const isRow = method === 'raw' ? isRawRow : isObject
  if (!Array.isArray(rows) || !rows.every(isRow)) throw invalidResult()
  return answer
}

const invalidResult = (): Error => new Error('D1 returned an invalid result.')

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A blob is an array of numbers. No other value in a row is an object. */
const isRawRow = (row: unknown): boolean =>
  Array.isArray(row) && row.every((cell) => !isObject(cell) || Array.isArray(cell))
