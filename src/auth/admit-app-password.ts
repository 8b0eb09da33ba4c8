import type { GateClient } from '../platform/gate/client.ts'
import { limitOf } from '../platform/gate/limits.ts'
import { type Arrival, admit, requirePlace } from './admission.ts'
import { type AppAdmission, dropAtGate, enterWithHash, listToGate } from './app-password-gate.ts'
import { setLastUsedDay } from './app-password-store.ts'
import { findCurrentCopy } from './current-copy.ts'
import { dayOf } from './hash-list.ts'
import { type CachedAppPassword, type CachedUser, findCachedUser } from './store.ts'
import { logRepairFailure, userCache, userKey } from './user-cache.ts'

/** Whose an app password claims to be, and its hash. */
export interface AppPasswordClaims {
  readonly userId: number
  readonly hash: string
}

/** Who was admitted, and by which of their app passwords. */
export interface AppUser {
  readonly copy: CachedUser
  readonly password: CachedAppPassword
}

/**
 * Admits whoever has an app password that lives. The user's gate and the cache are asked in parallel. The gate counts
 * only hashes that it lists; any other is counted by the gate of its address, and reads no row. Only where the gate
 * cannot tell (it has never been told, or not for a day) is the database read, after the address was counted, and
 * listed to the gate.
 * @throws Problem 401 `invalid-token`; 429; 503 `gate-unavailable`
 */
export async function admitAppPassword(arrival: Arrival, claims: AppPasswordClaims): Promise<AppUser> {
  const { services, clock, limits, later } = arrival
  const { userId, hash } = claims
  const key = userKey(userId)
  const gate = arrival.gateOf(key)
  const here = userCache.getLocal(key)
  const enter = () => admit(arrival, () => enterWithHash(gate, limits, hash))
  const [first, there] = await Promise.all([
    enter(),
    passwordIn(here, hash)
      ? here
      : clock.time('cache', () => userCache.fetch(services.kv, key, services.config.DEADLINES.cache)),
  ])
  const pass = first?.status === 'listed' ? first : await admitUnlisted(arrival, claims, gate, first, enter)
  if (pass) requirePlace(arrival, pass)

  // A new app password raises the revision, so that a copy at the gate's has all of them.
  const hasPassword = (copy: CachedUser): boolean => passwordIn(copy, hash) !== undefined
  const copy = await findCurrentCopy(arrival, gate, { userId, pass, here, there }, hasPassword)
  const password = passwordIn(copy, hash)
  // From the next request on, what the gate lists no more is counted by its address, and reads nothing.
  if (pass && !password) later.waitUntil((copy ? listToGate(gate, copy) : dropAtGate(gate)).catch(logRepairFailure))
  if (!copy || !password || copy.account.disabled) throw arrival.invalidAppPassword()
  if (pass?.isFirstToday) {
    const day = dayOf(Date.now())
    services.afterResponse(() => setLastUsedDay(services.db, userId, password.id, day))
  }
  return { copy, password }
}

const passwordIn = (copy: CachedUser | undefined, hash: string): CachedAppPassword | undefined =>
  copy?.appPasswords.find((password) => password.hash === hash)

/**
 * Counts a hash that the user's gate does not list as a failure of its address. Where the gate cannot tell, it is told
 * what the database has, and asked again; null where there is no gate to ask.
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
  // A gate is told nothing of users that do not exist: strangers would fill its storage.
  if (!copy) throw arrival.invalidAppPassword()
  await listToGate(gate, copy)
  if (!passwordIn(copy, hash)) throw arrival.invalidAppPassword()
  const second = await enter()
  if (second && second.status !== 'listed') throw arrival.invalidAppPassword()
  return second
}
