import type { MiddlewareHandler } from 'hono'
import { configuration } from '../../env.ts'
import { connect } from '../db/database.ts'
import type { AppEnv } from './router.ts'

/** Gives each request the checked configuration and a database whose round trips are timed; refuses where one is wrong. */
export const prepared: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set('config', configuration(c.env))
  c.set(
    'db',
    connect(c.env, (go) => c.var.clock.time('db', go)),
  )
  await next()
}
