import { env } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'
import { connect, type Database, type Trip } from '../src/platform/db/database.ts'

/** The database under test, by the driver that the service itself uses. */
export const database = (trip: Trip = (go) => go()): Database => connect(env, trip)

/** The driver under test. */
export const driver = env.DATABASE_URL === '' ? 'D1' : 'libSQL'

/** Runs statements that a store has no business with, such as making a table. */
export async function execute(...statements: string[]): Promise<void> {
  if (env.DATABASE_URL === '') {
    for (const statement of statements) await env.DB.prepare(statement).run()
  } else {
    const client = createClient({ url: env.DATABASE_URL })
    for (const statement of statements) await client.execute(statement)
  }
}
