import { type Client, createClient, type InStatement } from '@libsql/client/http'
import { drizzle } from 'drizzle-orm/libsql/http'
import type { Database, ErrorClass } from './database.ts'
import { statementErrors } from './errors.ts'
import { roundTrip } from './round-trip.ts'

/** The URL of a libSQL database, and its access token if it needs one. */
export interface LibsqlAddress {
  readonly url: string
  readonly authToken?: string | undefined
}

/** One Drizzle instance per database; an isolate reuses it across requests. */
const instances = new Map<string, Database>()

/** Connects to a libSQL database over HTTP. Each round trip is one HTTP request; connecting sends none. */
export function connect({ url, authToken }: LibsqlAddress): Database {
  const name = JSON.stringify([url, authToken])
  const open = () => createClient({ url, intMode: 'number', ...(authToken === undefined ? {} : { authToken }) })
  // The drivers differ in the result of a write without RETURNING, which no store uses.
  const instance = instances.get(name) ?? (drizzle({ client: wrapClient(open) }) as unknown as Database)
  instances.set(name, instance)
  return instance
}

/** With sqld's errors for SQL that it cannot parse. */
const aboutStatement = statementErrors('SQL_PARSE_ERROR', 'SQL string could not be parsed')

/** Classifies an error of libSQL. */
export const classifyError = ({ message }: Error): ErrorClass =>
  aboutStatement.test(message) ? 'statement' : 'unavailable'

/**
 * A client whose queries and batches go through {@link roundTrip}. Each uses a new client of the library, because one
 * client queues its requests, and in workerd a request must not wait for another's I/O.
 */
function wrapClient(open: () => Client): Client {
  return new Proxy(open(), {
    get(target, name) {
      if (name === 'execute') return (statement: InStatement) => roundTrip(() => open().execute(statement))
      if (name === 'batch') {
        return (statements: InStatement[]) => roundTrip(() => open().batch(statements, modeOf(statements)))
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

// A batch that writes takes the write lock at its beginning. If it read first, it would fail when it finds the lock
// taken.
function modeOf(statements: InStatement[]): 'read' | 'write' {
  const isRead = (statement: InStatement) =>
    /^\s*select\b/i.test(typeof statement === 'string' ? statement : statement.sql)
  return statements.every(isRead) ? 'read' : 'write'
}
