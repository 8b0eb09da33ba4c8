import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'

const configuration = z.object({
  d1_databases: z.array(
    z.object({ binding: z.string(), database_id: z.string().optional(), preview_database_id: z.string().optional() }),
  ),
})

/** By what wrangler finds the local data of the database `DB`. */
export function localId(): string {
  const { d1_databases } = configuration.parse(parse(readFileSync('wrangler.toml', 'utf8')))
  const database = d1_databases.find(({ binding }) => binding === 'DB')
  if (!database) throw new Error('wrangler.toml has no database DB at its top, which is the local one.')
  return database.preview_database_id ?? database.database_id ?? database.binding
}

/**
 * The local D1 that `wrangler dev` uses with the same `--persist-to`, whether or not it is running. It is opened by
 * wrangler's own runtime, without wrangler, which takes a second to load.
 */
export async function openD1(persistTo: string): Promise<{ d1: D1Database; close(): Promise<void> }> {
  const { convertV4MiniflareOptions, Miniflare } = await import('miniflare') // slow to load, so only where needed
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: '',
      // wrangler keeps things in a folder named after its layout's version.
      resourcePersistencePath: join(resolve(persistTo), 'v3'),
      d1Databases: { DB: localId() },
    }),
  )
  const close = () => runtime.dispose()
  try {
    return { d1: await runtime.getD1Database('DB'), close }
  } catch (error) {
    await close()
    throw error
  }
}
