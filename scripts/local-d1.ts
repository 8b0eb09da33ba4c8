import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The local D1 that `wrangler dev` uses with the same `--persist-to`, whether or not it is running. */
export async function openD1(persistTo: string): Promise<{ d1: D1Database; close(): Promise<void> }> {
  const { getPlatformProxy, unstable_readConfig } = await import('wrangler') // a second's work, so only where needed
  // The database alone: of the other bindings some need the whole Worker.
  const { compatibility_date, d1_databases } = unstable_readConfig({ config: 'wrangler.toml' }, { hideWarnings: true })
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-d1-'))
  const configPath = join(folder, 'wrangler.json')
  writeFileSync(configPath, JSON.stringify({ name: 'local', compatibility_date, d1_databases }))
  const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({
    configPath,
    // wrangler keeps things in a folder named after its layout's version; the proxy wants that folder itself.
    persist: { path: join(resolve(persistTo), 'v3') },
    remoteBindings: false,
  })
  return {
    d1: env.DB,
    async close() {
      await dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
