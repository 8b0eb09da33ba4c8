import type { Configuration } from './config/configuration.ts'
import type { Database } from './db/database.ts'
import type { GateClient, GateName } from './gate/client.ts'

/** What a use case needs, whoever calls it: a route, cron, a test. It contains no request and no response. */
export interface Services {
  readonly config: Configuration
  readonly db: Database
  /** KV: copies of users, and pictures. */
  readonly kv: KVNamespace
  /** Returns a gate's client. The time of its calls counts as time of the caller's request. */
  readonly gate: (name: GateName) => GateClient
  /**
   * Runs `work` after the response, `delayMs` later. Errors are logged like bugs. Work that only some callers cause,
   * such as those who have an account, sets `hidden`: a random delay, so that its load does not disclose who they are.
   */
  readonly afterResponse: (work: () => Promise<void>, options?: { readonly hidden?: boolean }) => void
}
