import { AsyncLocalStorage } from 'node:async_hooks'
import type { RoundTrip } from './database.ts'

/**
 * The wrapper for round trips of the current request. A Drizzle instance and its prepared queries live as long as the
 * isolate; the timer and the deadline belong to a request.
 */
export const roundTrips = new AsyncLocalStorage<RoundTrip>()

/** Makes a round trip with the current request's wrapper; outside a request, directly. */
export const roundTrip: RoundTrip = (go) => {
  const current = roundTrips.getStore()
  return current === undefined ? go() : current(go)
}
