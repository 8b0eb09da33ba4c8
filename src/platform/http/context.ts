import type { Context } from 'hono'
import type { Bindings } from '../bindings.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Database } from '../db/database.ts'
import type { Services } from '../ports.ts'
import type { Timings } from './timings.ts'

/** The bindings of every route, and the context that the middleware sets. */
export interface AppEnv {
  Bindings: Bindings
  Variables: { requestId: string; config: Configuration; db: Database; clock: Timings; services: Services }
}

/** The part of Hono's context that code below a route may use. */
export type RequestContext = Pick<Context<AppEnv>, 'env' | 'var' | 'req' | 'header' | 'executionCtx'>
