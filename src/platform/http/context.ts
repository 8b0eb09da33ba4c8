import type { Context } from 'hono'
import type { Bindings } from '../bindings.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Database } from '../db/database.ts'
import type { Services } from '../ports.ts'
import type { Timings } from './timings.ts'

/** The bindings of every route, and what the middleware puts into its context. */
export interface AppEnv {
  Bindings: Bindings
  Variables: { requestId: string; config: Configuration; db: Database; clock: Timings; services: Services }
}

/** The part of a request's context that code below a route may use, whatever else the route has. */
export type RequestContext = Pick<Context<AppEnv>, 'env' | 'var' | 'req' | 'header' | 'executionCtx'>
