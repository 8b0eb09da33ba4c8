import { env } from 'cloudflare:workers'
import { configuration } from '../src/config.ts'
import { gateOf } from '../src/platform/gate/client.ts'
import type { Services } from '../src/platform/ports.ts'
import { database } from './database.ts'

/** What a use case works with, outside of any request; `settle` waits for what it does after the response. */
export function services(variables: object = {}): { services: Services; settle: () => Promise<void> } {
  const bindings = { ...env, ...variables }
  const work: Promise<void>[] = []
  return {
    services: {
      config: configuration(bindings),
      db: database(),
      kv: env.CACHE,
      gate: (name) => gateOf(bindings, name),
      afterResponse: (later) => void work.push(later()),
    },
    settle: async () => {
      while (work.length > 0) await work.shift()
    },
  }
}
