import type { MiddlewareHandler } from 'hono'
import { configuration } from '../../env.ts'
import { connect } from '../db/database.ts'
import { rootCause } from '../db/errors.ts'
import { describeError } from '../safe-errors.ts'
import { withTimeout } from '../timeout.ts'
import { Problem } from './problem.ts'
import type { AppEnv } from './router.ts'

/** What the database says of a statement, rather than of itself: a constraint that a store expects, or a bug of ours. */
const aboutStatement =
  /SQLITE_(CONSTRAINT|ERROR)|constraint failed|syntax error|no such |SQL_PARSE_ERROR|SQL string could not be parsed|D1_TYPE_ERROR|stale revision/

/** Gives each request the checked configuration and a database whose round trips are timed and bounded; refuses where one is wrong. */
export const requestContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = configuration(c.env)
  c.set('config', config)
  c.set(
    'db',
    connect(c.env, (go) => c.get('clock').time('db', () => inTime(config.DEADLINES.database, go))),
  )
  await next()
}

/** @throws Problem 503 `database-unavailable` when the database is late or fails */
async function inTime<T>(deadlineMs: number, go: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout('The database', deadlineMs, async () => go())
  } catch (error) {
    if (aboutStatement.test(rootCause(error).message)) throw error
    console.error(JSON.stringify({ level: 'error', database: describeError(error) }))
    throw new Problem(503, 'database-unavailable', 'Something behind the service is down: try again in a moment.', {
      headers: { 'Retry-After': '1' },
    })
  }
}
