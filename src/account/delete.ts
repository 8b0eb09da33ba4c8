import type { SQL } from 'drizzle-orm'
import { sessionEnded } from '../auth/session.ts'
import { wrongPassword } from '../auth/sign-in.ts'
import { gateOf } from '../platform/gate/client.ts'
import { revise } from '../platform/gate/revise.ts'
import { afterwards } from '../platform/http/afterwards.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Serving } from '../platform/http/router.ts'
import { findUser } from '../users/store.ts'
import { deleteAccount } from './store.ts'

/** 409 for what would leave the service without an admin. */
export const lastAdmin = (): Problem =>
  new Problem(409, 'last-admin', 'This is the last admin: make another account an admin first.')

/**
 * Deletes an account with all that belongs to it. The next request with any of its tokens is refused, whatever is remembered.
 * @param still what must hold at the moment of deletion
 * @throws Problem 409 `last-admin`, 401 `session-revoked` when it is gone already, 403 `wrong-password` when `still` fails
 */
export async function remove(
  c: Serving,
  user: { id: number; revision: number },
  still: SQL | undefined,
  actorId?: number,
): Promise<void> {
  const { db } = c.var
  const gone = await revise(gateOf(c.env, `user:${user.id}`), user.revision, (revision) =>
    deleteAccount(db, user.id, revision, still, actorId),
  )
  if (!gone) {
    const now = await findUser(db, user.id)
    throw !now ? sessionEnded() : now.role === 'admin' ? lastAdmin() : wrongPassword()
  }
  // No copy passes its gate any more; this one need not wait a day to be forgotten.
  afterwards(c, () => c.env.CACHE.delete(`user:${user.id}`))
}
