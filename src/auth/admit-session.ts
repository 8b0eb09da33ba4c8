import { type Arrival, admit, requirePlace } from './admission.ts'
import { findCurrentCopy } from './current-copy.ts'
import { sessionEnded } from './session.ts'
import type { CachedUser } from './store.ts'
import type { AccessClaims } from './tokens.ts'
import { userCache, userKey } from './user-cache.ts'

/**
 * Admits a request with an access token of an active session. Calls the user's gate and the cache in parallel, and
 * reads the database only if no copy is at the gate's revision.
 * @throws Problem 401 `session-revoked`; 429; 503 `gate-unavailable`
 */
export async function admitSession(arrival: Arrival, { userId, sessionId }: AccessClaims): Promise<CachedUser> {
  const { services, clock, limits } = arrival
  const key = userKey(userId)
  const gate = arrival.gateOf(key)
  const localCopy = userCache.getLocal(key)
  const [admission, cachedCopy] = await Promise.all([
    admit(arrival, () => gate.enter(limits)),
    localCopy?.sessions.includes(sessionId)
      ? localCopy
      : clock.time('cache', () => userCache.fetch(services.kv, key, services.config.DEADLINES.cache)),
  ])
  if (admission) requirePlace(arrival, admission)

  const hasSession = (copy: CachedUser): boolean => copy.sessions.includes(sessionId)
  // A new session does not raise the revision, so a current copy may lack it.
  const withSession = cachedCopy && hasSession(cachedCopy) ? cachedCopy : undefined
  const copy = await findCurrentCopy(
    arrival,
    gate,
    { userId, admission, localCopy, cachedCopy: withSession },
    hasSession,
  )
  if (!copy?.sessions.includes(sessionId) || copy.account.disabled) throw sessionEnded()
  return copy
}
