import { type Client, createClient, type InStatement } from '@libsql/client/http'
import { drizzle } from 'drizzle-orm/libsql/http'
import type { Database, RoundTrip } from './database.ts'

/** Where a libSQL database is, and the token that opens it, if it needs one. */
export interface LibsqlAddress {
  readonly url: string
  readonly authToken?: string | undefined
}

/** A libSQL database over HTTP, one request for each round trip; `trip` is called around it. Connecting itself sends nothing. */
export function connectLibsql({ url, authToken }: LibsqlAddress, trip: RoundTrip): Database {
  const client = createClient({ url, intMode: 'number', ...(authToken === undefined ? {} : { authToken }) })
  // All that a store may call is the same on both; what differs is the result of a write without RETURNING, which none reads.
  return drizzle({ client: metered(client, trip) }) as unknown as Database
}

/** A libSQL client whose queries and batches go through `trip`. */
function metered(client: Client, trip: RoundTrip): Client {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'execute') return (statement: InStatement) => trip(() => target.execute(statement))
      if (name === 'batch') {
        return (statements: InStatement[]) => trip(() => target.batch(statements, modeOf(statements)))
      }
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

// A batch that writes takes the write lock at its beginning: one that read first and then found the lock taken would fail.
function modeOf(statements: InStatement[]): 'read' | 'write' {
  const isRead = (statement: InStatement) =>
    /^\s*select\b/i.test(typeof statement === 'string' ? statement : statement.sql)
  return statements.every(isRead) ? 'read' : 'write'
}
