import type { GateClient } from '../platform/gate/client.ts'
import { limitOf } from '../platform/gate/limits.ts'
import { type Arrival, admit, requirePlace } from './admission.ts'
import { type AppAdmission, dropAtGate, enterWithHash, listToGate } from './app-password-gate.ts'
import { setLastUsedDay } from './app-password-store.ts'
import { findCurrentCopy } from './current-copy.ts'
import { dayOf } from './hash-list.ts'
import { type CachedAppPassword, type CachedUser, findCachedUser } from './store.ts'
import { logRepairFailure, userCache, userKey } from './user-cache.ts'

/** The account that an app password names, and the password's hash. Neither is verified yet. */
export interface AppPasswordClaims {
  readonly userId: number
  readonly hash: string
}

/** The user who was admitted, and the app password that was used. */
export interface AppUser {
  readonly copy: CachedUser
  readonly password: CachedAppPassword
}

/**
 * Admits a request with an active app password. Calls the user's gate and the cache in parallel. The gate counts only
 * hashes in its list. Any other hash is counted by the gate of its address and causes no query. The database is read
 * only if the gate has no list yet, or one that is a day old; the address is counted before, and the gate gets the new
 * list.
 * @throws Problem 401 `invalid-token`; 429; 503 `gate-unavailable`
 */
export async function admitAppPassword(arrival: Arrival, claims: AppPasswordClaims): Promise<AppUser> {
  const { services, clock, limits, later } = arrival
  const { userId, hash } = claims
  const key = userKey(userId)
  const gate = arrival.gateOf(key)
  const localCopy = userCache.getLocal(key)
  const enter = () => admit(arrival, () => enterWithHash(gate, limits, hash))
  const [first, cachedCopy] = await Promise.all([
    enter(),
    passwordIn(localCopy, hash)
      ? localCopy
      : clock.time('cache', () => userCache.fetch(services.kv, key, services.config.DEADLINES.cache)),
  ])
  const admission = first?.status === 'listed' ? first : await admitUnlisted(arrival, claims, gate, first, enter)
  if (admission) requirePlace(arrival, admission)

  // A new app password raises the revision, so a copy at the gate's revision has all of them.
  const hasPassword = (copy: CachedUser): boolean => passwordIn(copy, hash) !== undefined
  const copy = await findCurrentCopy(arrival, gate, { userId, admission, localCopy, cachedCopy }, hasPassword)
  const password = passwordIn(copy, hash)
  // The gate listed a hash that the copy does not have. Send the list again, so that from the next request on this hash
  // is counted by its address and causes no query.
  if (admission && !password)
    later.waitUntil((copy ? listToGate(gate, copy) : dropAtGate(gate)).catch(logRepairFailure))
  if (!copy || !password || copy.account.disabled) throw arrival.invalidAppPassword()
  if (admission?.isFirstToday) {
    const day = dayOf(Date.now())
    services.afterResponse(() => setLastUsedDay(services.db, userId, password.id, day))
  }
  return { copy, password }
}

const passwordIn = (copy: CachedUser | undefined, hash: string): CachedAppPassword | undefined =>
  copy?.appPasswords.find((password) => password.hash === hash)

/**
 * Counts a hash that is not in the gate's list as a failure of its address. If the gate has no list, sends it the
 * hashes from the database and asks again. Returns null if no gate is available.
 * @throws Problem 401 `invalid-token`; 429
 */
async function admitUnlisted(
  arrival: Arrival,
  { userId, hash }: AppPasswordClaims,
  gate: GateClient,
  first: AppAdmission | null,
  enter: () => Promise<AppAdmission | null>,
): Promise<AppAdmission | null> {
  const { config, db } = arrival.services
  const addressGate = arrival.gateOf(`address:${arrival.address}`)
  requirePlace(
    arrival,
    await arrival.clock.time('gate', () => addressGate.enter([limitOf('app-password-failures', config)])),
  )
  if (first?.status === 'unknown') throw arrival.invalidAppPassword()
  if (!first) return null
  const copy = await findCachedUser(db, userId)
  // Send no list for users that do not exist: strangers would fill the storage of gates.
  if (!copy) throw arrival.invalidAppPassword()
  await listToGate(gate, copy)
  if (!passwordIn(copy, hash)) throw arrival.invalidAppPassword()
  const second = await enter()
  if (second && second.status !== 'listed') throw arrival.invalidAppPassword()
  return second
}
