import { resolve } from 'node:path'
import type { Plugin } from 'vite'

const real = resolve(import.meta.dirname, '../src/auth/hash-cost.ts')
const cheap = resolve(import.meta.dirname, 'cheap-cost.ts')

/**
 * Replaces the cost of hashes by test/cheap-cost.ts, for the code of `src`. The deployed bundle is built without this
 * plugin, and no variable of the service can do the same. A test that imports the cost gets the real one.
 */
export function cheapHashes(): Plugin {
  return {
    name: 'vizitka:cheap-hashes',
    enforce: 'pre',
    resolveId(path, importer = '') {
      const isForService = /\/src\/.*(?<!\.test)\.ts$/.test(importer)
      return isForService && resolve(importer, '..', path) === real ? cheap : undefined
    },
  }
}
