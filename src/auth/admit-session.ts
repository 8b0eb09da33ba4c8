import { isCurrent } from '../platform/gate/revision.ts'
import { type Arrival, admit, requirePlace } from './admission.ts'
import { sessionEnded } from './session.ts'
import { type CachedUser, findCachedUser } from './store.ts'
import type { AccessClaims } from './tokens.ts'
import { cacheUser, rememberCurrent, userCache, userKey } from './user-cache.ts'

/**
 * Admits whoever has an access token of a session that lives. The user's gate and the cache are asked in parallel, and
 * the database only where no copy is at the gate's revision.
 * @throws Problem 401 `session-revoked`; 429; 503 `gate-unavailable`
 */
export async function admitSession(arrival: Arrival, { userId, sessionId }: AccessClaims): Promise<CachedUser> {
  const { services, clock, limits, later } = arrival
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

  const usable =
    pass &&
    there?.account.id === userId &&
    there.sessions.includes(sessionId) &&
    isCurrent(there.account.revision, pass.revision)
  let copy = usable ? there : undefined
  clock.add('cache', 0, copy ? (copy === here ? 'memory' : 'kv') : 'database')
  if (copy) {
    rememberCurrent(copy)
  } else {
    copy = await findCachedUser(services.db, userId)
    // What lets nobody in is not worth keeping: whoever goes on asking with an ended session would write KV each time.
    const lives = copy?.sessions.includes(sessionId) === true && !copy.account.disabled
    if (copy && pass) cacheUser(services, gate, pass, { copy, lives }, later)
  }
  if (!copy?.sessions.includes(sessionId) || copy.account.disabled) throw sessionEnded()
  return copy
}
