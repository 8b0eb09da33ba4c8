import type { GateClient } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import { isCurrent } from '../platform/gate/revision.ts'
import type { Arrival } from './admission.ts'
import { type CachedUser, findCachedUser } from './store.ts'
import { cacheUser, rememberCurrent } from './user-cache.ts'

/** What is known of a user before the database is read. */
interface LookUp {
  readonly userId: number
  /** The gate's response; null if the gate was unavailable. */
  readonly admission: Pick<Admission, 'revision'> | null
  /** This isolate's copy. */
  readonly localCopy: CachedUser | undefined
  /** The copy to use if it is at the gate's revision: this isolate's, or KV's. */
  readonly cachedCopy: CachedUser | undefined
}

/**
 * Finds a user's account at the gate's revision: a cached copy, or else the row. The row is cached only if `admits`
 * says that it admits the request: otherwise repeated requests with an ended session would write to KV each time.
 * Undefined if the user does not exist.
 */
export async function findCurrentCopy(
  { services, clock, later }: Arrival,
  gate: GateClient,
  { userId, admission, localCopy, cachedCopy }: LookUp,
  admits: (copy: CachedUser) => boolean,
): Promise<CachedUser | undefined> {
  const isUsable =
    admission && cachedCopy?.account.id === userId && isCurrent(cachedCopy.account.revision, admission.revision)
  clock.add('cache', 0, isUsable ? (cachedCopy === localCopy ? 'memory' : 'kv') : 'database')
  if (isUsable) {
    rememberCurrent(cachedCopy)
    return cachedCopy
  }
  const copy = await findCachedUser(services.db, userId)
  if (copy && admission)
    cacheUser(services, gate, admission, { copy, admits: admits(copy) && !copy.account.disabled }, later)
  return copy
}
