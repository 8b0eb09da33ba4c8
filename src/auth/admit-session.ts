import { type Arrival, admit, requirePlace } from './admission.ts'
import { findCurrentCopy } from './current-copy.ts'
import { sessionEnded } from './session.ts'
import type { CachedUser } from './store.ts'
import type { AccessClaims } from './tokens.ts'
import { userCache, userKey } from './user-cache.ts'

/**
 * Admits whoever has an access token of a session that lives. The user's gate and the cache are asked in parallel, and
 * the database only where no copy is at the gate's revision.
 * @throws Problem 401 `session-revoked`; 429; 503 `gate-unavailable`
 */
export async function admitSession(arrival: Arrival, { userId, sessionId }: AccessClaims): Promise<CachedUser> {
  const { services, clock, limits } = arrival
  const key = userKey(userId)
  const gate = arrival.gateOf(key)
  const here = userCache.getLocal(key)
  const [pass, there] = await Promise.all([
    admit(arrival, () => gate.enter(limits)),
    here?.sessions.includes(sessionId)
      ? here
      : clock.time('cache', () => userCache.fetch(services.kv, key, services.config.DEADLINES.cache)),
  ])
  if (pass) requirePlace(arrival, pass)

  const hasSession = (copy: CachedUser): boolean => copy.sessions.includes(sessionId)
  // A new session does not raise the revision, so that a copy may lack it.
  const withSession = there && hasSession(there) ? there : undefined
  const copy = await findCurrentCopy(arrival, gate, { userId, pass, here, there: withSession }, hasSession)
  if (!copy?.sessions.includes(sessionId) || copy.account.disabled) throw sessionEnded()
  return copy
}
