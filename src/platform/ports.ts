import type { Configuration } from './config/configuration.ts'
import type { Database } from './db/database.ts'
import type { GateClient, GateName } from './gate/client.ts'

/** What a use case works with, whoever calls it: a route, cron, a test. It knows no request and no response. */
export interface Services {
  readonly config: Configuration
  readonly db: Database
  /** KV: copies of users, and pictures. */
  readonly kv: KVNamespace
  /** The gate of a name. The time of its calls counts as that of the caller's request. */
  readonly gate: (name: GateName) => GateClient
  /**
   * Runs `work` once the response has left, and `delayMs` later. What fails there is logged like a bug. Work that only
   * some callers cause, such as those who have an account, takes `hidden`: a random delay, so that its load does not
   * tell who they are.
   */
  readonly afterResponse: (work: () => Promise<void>, options?: { readonly hidden?: boolean }) => void
}
