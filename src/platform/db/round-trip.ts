import { AsyncLocalStorage } from 'node:async_hooks'
import type { RoundTrip } from './database.ts'

/**
 * What the round trips of whatever runs now go through. A Drizzle instance and its prepared queries live as long as the
 * isolate; what times and bounds a round trip is the request's.
 */
export const roundTrips = new AsyncLocalStorage<RoundTrip>()

/** Goes to the database as the current request wants it; outside of any request, directly. */
export const roundTrip: RoundTrip = (go) => {
  const current = roundTrips.getStore()
  return current === undefined ? go() : current(go)
}
