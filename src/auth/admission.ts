import type { BackgroundWork } from '../platform/cache.ts'
import { type GateClient, isGateUnavailable } from '../platform/gate/client.ts'
import { tooManyRequests } from '../platform/gate/limits.ts'
import type { Limit, LimitStatus } from '../platform/gate/window.ts'
import type { Problem } from '../platform/http/problem.ts'
import type { Timings } from '../platform/http/timings.ts'
import type { Services } from '../platform/ports.ts'

/** What the guard needs to know of a request in order to admit it. */
export interface Arrival {
  readonly services: Pick<Services, 'config' | 'db' | 'kv' | 'afterResponse'>
  readonly clock: Timings
  readonly later: BackgroundWork
  readonly gateOf: (name: `user:${number}` | `address:${string}`) => GateClient
  readonly method: string
  /** The caller's IP address, as limits count it. */
  readonly address: string
  /** The limits of the route. */
  readonly limits: readonly Limit[]
  /** Sets the rate-limit headers of the response. */
  readonly setLimitHeaders: (standings: readonly LimitStatus[]) => void
  /** Makes the 401 for an app password that is unknown or revoked. */
  readonly invalidAppPassword: () => Problem
}

/**
 * Calls a gate, which counts the request. If the gate is unavailable, returns null for a GET or HEAD, which may go on
 * with data from the primary database.
 * @throws Problem 503 `gate-unavailable` for any other method
 */
export async function admit<T>({ method, clock }: Arrival, enter: () => Promise<T>): Promise<T | null> {
  try {
    return await clock.time('gate', enter)
  } catch (error) {
    if (isGateUnavailable(error) && (method === 'GET' || method === 'HEAD')) return null
    throw error
  }
}

/**
 * Sets the rate-limit headers.
 * @throws Problem 429 if a limit is exceeded
 */
export function requirePlace(
  { setLimitHeaders }: Arrival,
  { standings, violated }: { readonly standings: readonly LimitStatus[]; readonly violated: readonly string[] },
): void {
  setLimitHeaders(standings)
  if (violated.length > 0) throw tooManyRequests(standings, violated)
}
