import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'smol-toml'

/** The name under which wrangler stores the local data of the database `DB`. */
export function localId(): string {
  const { d1_databases = [] } = parse(readFileSync('wrangler.toml', 'utf8')) as {
    d1_databases?: { binding: string; database_id?: string; preview_database_id?: string }[]
  }
  const database = d1_databases.find(({ binding }) => binding === 'DB')
  if (!database) throw new Error('wrangler.toml has no database DB at its top, which is the local one.')
  return database.preview_database_id ?? database.database_id ?? database.binding
}

/** The folder inside `--persist-to` that wrangler uses; it is named after the version of its layout. */
export const localDataIn = (persistTo: string): string => join(resolve(persistTo), 'v3')

/**
 * Opens the local D1 that `wrangler dev` uses with the same `--persist-to`, whether or not it is running. Uses
 * wrangler's runtime without wrangler, which takes a second to load.
 */
export async function openD1(persistTo: string): Promise<{ d1: D1Database; close(): Promise<void> }> {
  const { convertV4MiniflareOptions, Miniflare } = await import('miniflare') // Slow to load, so only here.
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      ...{ modules: true, script: '', d1Databases: { DB: localId() } },
      resourcePersistencePath: localDataIn(persistTo),
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
