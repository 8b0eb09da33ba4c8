import type { GateClient } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import { isCurrent } from '../platform/gate/revision.ts'
import type { Arrival } from './admission.ts'
import { type CachedUser, findCachedUser } from './store.ts'
import { cacheUser, rememberCurrent } from './user-cache.ts'

/** What a request knows of a user before the database is asked. */
interface Known {
  readonly userId: number
  /** What the gate answered; null where it could not be asked. */
  readonly pass: Pick<Admission, 'revision'> | null
  /** This isolate's copy. */
  readonly here: CachedUser | undefined
  /** The copy that counts if it is at the gate's revision: this isolate's, or KV's. */
  readonly there: CachedUser | undefined
}

/**
 * Finds what a user's account is at the gate's revision: a copy, or else the row, which is remembered if `lets` says
 * that it lets the request in. What lets nobody in is not worth keeping: whoever goes on asking with an ended session
 * would write KV each time. Undefined where there is no such user.
 */
export async function findCurrentCopy(
  { services, clock, later }: Arrival,
  gate: GateClient,
  { userId, pass, here, there }: Known,
  lets: (copy: CachedUser) => boolean,
): Promise<CachedUser | undefined> {
  const isUsable = pass && there?.account.id === userId && isCurrent(there.account.revision, pass.revision)
  clock.add('cache', 0, isUsable ? (there === here ? 'memory' : 'kv') : 'database')
  if (isUsable) {
    rememberCurrent(there)
    return there
  }
  const copy = await findCachedUser(services.db, userId)
  if (copy && pass) cacheUser(services, gate, pass, { copy, lives: lets(copy) && !copy.account.disabled }, later)
  return copy
}
