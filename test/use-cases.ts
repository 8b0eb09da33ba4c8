import { env } from 'cloudflare:workers'
import { configuration } from '../src/config.ts'
import { gateOf } from '../src/platform/gate/client.ts'
import type { Services } from '../src/platform/ports.ts'
import { database } from './database.ts'

/** The services of a use case, outside any request; `settle` waits for its work after the response. */
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
