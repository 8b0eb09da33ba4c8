import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'

if (env.DATABASE_URL === '') {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
} else {
  // Every file finds an empty database on D1. Here it is one database, so each file in its turn empties it first. Ids go on
  // from where they were. D1 stays without tables: whatever asked it by mistake fails.
  const client = createClient({ url: env.DATABASE_URL })
  const { rows } = await client.execute(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_*'`,
  )
  await client.batch(
    rows.map(({ name }) => `DELETE FROM "${name}"`),
    'write',
  )
}
