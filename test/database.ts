import { env } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'
import { expect } from 'vitest'
import { configuration } from '../src/config.ts'
import { connect } from '../src/platform/db/connect.ts'
import type { Database } from '../src/platform/db/database.ts'

/** The database under test, with the service's own driver. */
export const database = (): Database => connect(env, configuration(env))

/** The driver under test. */
export const driver = env.DATABASE_URL === '' ? 'D1' : 'libSQL'

/** Runs statements that no store runs, such as creating a table. */
export async function execute(...statements: string[]): Promise<void> {
  if (env.DATABASE_URL === '') {
    for (const statement of statements) await env.DB.prepare(statement).run()
  } else {
    const client = createClient({ url: env.DATABASE_URL })
    for (const statement of statements) await client.execute(statement)
  }
}

/** A D1 that records every statement. */
export function remembering() {
  const statements = new Set<string>()
  const DB = new Proxy(env.DB, {
    get(inner, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          statements.add(sql)
          return inner.prepare(sql)
        }
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
  return { DB, statements }
}

/** The error with which a promise is rejected. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('It was not refused.'),
    (error: unknown) => error,
  )
