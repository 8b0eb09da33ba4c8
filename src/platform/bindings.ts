/** The bindings of wrangler.toml. Variables and secrets are read through platform/config/configuration.ts. */
export interface Bindings {
  readonly DB: D1Database
  readonly ASSETS: Fetcher
  /** Copies of users, `user:{id}`, and pictures, `avatar:{key}`. */
  readonly CACHE: KVNamespace
  /** Durable Objects: limits and revisions. */
  readonly GATE: DurableObjectNamespace
  /** The version of this deployment. */
  readonly VERSION: WorkerVersionMetadata
}
