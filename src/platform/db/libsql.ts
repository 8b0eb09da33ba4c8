import { type Client, createClient, type InStatement } from '@libsql/client/http'
import { drizzle } from 'drizzle-orm/libsql/http'
import type { Database, ErrorClass, RoundTrip } from './database.ts'

/** The address of a libSQL database, and its access token where it needs one. */
export interface LibsqlAddress {
  readonly url: string
  readonly authToken?: string | undefined
}

/**
 * Connects to a libSQL database over HTTP. Each round trip is one request, and `roundTrip` is called around it;
 * connecting sends none.
 */
export function connect({ url, authToken }: LibsqlAddress, roundTrip: RoundTrip): Database {
  const client = createClient({ url, intMode: 'number', ...(authToken === undefined ? {} : { authToken }) })
  // The drivers differ in the result of a write without RETURNING, which no store reads.
  return drizzle({ client: wrapClient(client, roundTrip) }) as unknown as Database
}

/** SQLite's own errors, and sqld's for SQL that it cannot parse. */
const statementErrors =
  /SQLITE_(CONSTRAINT|ERROR)|constraint failed|syntax error|no such |SQL_PARSE_ERROR|SQL string could not be parsed|stale revision/

/** Says what an error of libSQL is about. */
export const classifyError = ({ message }: Error): ErrorClass =>
  statementErrors.test(message) ? 'statement' : 'unavailable'

/** Wraps a client so that its queries and batches go through `roundTrip`. */
function wrapClient(client: Client, roundTrip: RoundTrip): Client {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'execute') return (statement: InStatement) => roundTrip(() => target.execute(statement))
      if (name === 'batch') {
        return (statements: InStatement[]) => roundTrip(() => target.batch(statements, modeOf(statements)))
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

// A batch that writes takes the write lock at its beginning: one that reads first, then finds the lock taken, fails.
function modeOf(statements: InStatement[]): 'read' | 'write' {
  const isRead = (statement: InStatement) =>
    /^\s*select\b/i.test(typeof statement === 'string' ? statement : statement.sql)
  return statements.every(isRead) ? 'read' : 'write'
}
