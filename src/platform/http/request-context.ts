import type { MiddlewareHandler } from 'hono'
import { type Configuration, configuration } from '../config/configuration.ts'
import { classifyError, connect } from '../db/connect.ts'
import { roundTrips } from '../db/round-trip.ts'
import { type GateClient, gateOf } from '../gate/client.ts'
import { describeError } from '../safe-errors.ts'
import { withTimeout } from '../timeout.ts'
import { afterResponse, afterResponseDelayed } from './after-response.ts'
import type { AppEnv } from './context.ts'
import { Problem } from './problem.ts'
import type { Timings } from './timings.ts'

/**
 * Gives each request the checked configuration, and a database whose round trips are measured and have a deadline.
 * Refuses requests if the configuration is wrong.
 */
export const requestContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = configuration(c.env)
  c.set('config', config)
  const db = connect(c.env, config)
  c.set('db', db)
  c.set('services', {
    config,
    db,
    kv: c.env.CACHE,
    gate: (name) => timedGate(gateOf(c.env, name), c.get('clock')),
    afterResponse: (work, { hidden = false } = {}) => (hidden ? afterResponseDelayed : afterResponse)(c, work),
  })
  await roundTrips.run((go) => c.get('clock').time('db', () => boundRoundTrip(config, go)), next)
}

/** A gate client whose calls are measured as part of the request. */
function timedGate(gate: GateClient, clock: Timings): GateClient {
  return new Proxy(gate, {
    get(target, name: keyof GateClient) {
      const method: (...args: never[]) => Promise<unknown> = target[name]
      return (...args: never[]) => clock.time('gate', () => method(...args))
    },
  })
}

/** @throws Problem 503 `database-unavailable` when the database is late or fails */
async function boundRoundTrip<T>(config: Configuration, go: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout('The database', config.DEADLINES.database, async () => go())
  } catch (error) {
    if (classifyError(error, config) === 'statement') throw error
    console.error(JSON.stringify({ level: 'error', database: describeError(error) }))
    throw new Problem(503, 'database-unavailable', 'Something behind the service is down: try again in a moment.', {
      headers: { 'Retry-After': '1' },
    })
  }
}
