import { resolve } from 'node:path'
import type { Plugin } from 'vite'

const real = resolve(import.meta.dirname, '../src/auth/hash-cost.ts')
const cheap = resolve(import.meta.dirname, 'cheap-cost.ts')

/**
 * Puts test/cheap-cost.ts in the place of the cost of hashes, for the code of `src`. What is deployed is built without
 * this, and the service reads no variable that could do the same. A test that imports the cost gets the real one.
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
