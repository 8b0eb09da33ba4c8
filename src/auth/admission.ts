import type { BackgroundWork } from '../platform/cache.ts'
import { type GateClient, isGateUnavailable } from '../platform/gate/client.ts'
import { tooManyRequests } from '../platform/gate/limits.ts'
import type { Limit, LimitStatus } from '../platform/gate/window.ts'
import type { Problem } from '../platform/http/problem.ts'
import type { Timings } from '../platform/http/timings.ts'
import type { Services } from '../platform/ports.ts'

/** A request that asks to be let in, as far as that depends on it. */
export interface Arrival {
  readonly services: Pick<Services, 'config' | 'db' | 'kv' | 'afterResponse'>
  readonly clock: Timings
  readonly later: BackgroundWork
  readonly gateOf: (name: `user:${number}` | `address:${string}`) => GateClient
  readonly method: string
  /** Where it comes from, as limits count it. */
  readonly address: string
  /** The limits of the route. */
  readonly limits: readonly Limit[]
  /** Says in the answer how limits stand. */
  readonly setLimitHeaders: (standings: readonly LimitStatus[]) => void
  /** 401 for an app password that is unknown, or was revoked. */
  readonly invalidAppPassword: () => Problem
}

/**
 * Asks a gate, and counts the request. Without the gate, reading one's own data goes on, on what the primary database
 * says; null then.
 * @throws Problem 503 `gate-unavailable` for anything but a read
 */
export async function admit<T>({ method, clock }: Arrival, enter: () => Promise<T>): Promise<T | null> {
  try {
    return await clock.time('gate', enter)
  } catch (error) {
    if (isGateUnavailable(error) && (method === 'GET' || method === 'HEAD')) return null
    throw error
  }
}

/** Says how limits stand. @throws Problem 429 where one is full */
export function requirePlace(
  { setLimitHeaders }: Arrival,
  { standings, violated }: { readonly standings: readonly LimitStatus[]; readonly violated: readonly string[] },
): void {
  setLimitHeaders(standings)
  if (violated.length > 0) throw tooManyRequests(standings, violated)
}
