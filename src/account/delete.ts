import type { SQL } from 'drizzle-orm'
import { sessionEnded } from '../auth/session.ts'
import { clientOf, wrongPassword } from '../auth/sign-in.ts'
import { gateOf } from '../platform/gate/client.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { afterResponse } from '../platform/http/after-response.ts'
import { Problem } from '../platform/http/problem.ts'
import type { RequestContext } from '../platform/http/router.ts'
import { findUser } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { deleteAccount } from './store.ts'

/** 409 for what would leave the service without an admin. */
export const lastAdmin = (): Problem =>
  new Problem(409, 'last-admin', 'This is the last admin: make another account an admin first.')

/** 404 for an account of somebody else that is not there. */
export const accountNotFound = (): Problem => new Problem(404, 'not-found', 'There is no account with this id.')

/** 409 for what others keep overtaking. */
export const busy = (): Problem =>
  new Problem(409, 'busy', 'Others are changing this account at this very moment: try again.')

/**
 * Deletes an account with all that belongs to it. The next request with any of its tokens is refused, whatever is remembered.
 * @param user as it was when this was decided
 * @param still what must hold at the moment of deletion
 * @param actorId who deletes it, where that is not its owner
 * @throws Problem 409 `last-admin`, or `busy` when its role changes meanwhile; 403 `wrong-password` when its password does; when
 * it is gone already, 401 `session-revoked` for its owner and 404 `not-found` for anybody else
 */
export async function deleteAccountOf(
  c: RequestContext,
  user: UserRow,
  still: SQL | undefined,
  actorId?: number,
): Promise<void> {
  const { db } = c.var
  const gone = await writeAtNewRevision(gateOf(c.env, `user:${user.id}`), user.revision, (revision) =>
    deleteAccount(db, user.id, revision, still, actorId === undefined ? undefined : { actorId, ...clientOf(c) }),
  )
  if (!gone) {
    const now = await findUser(db, user.id)
    if (!now) throw actorId === undefined ? sessionEnded() : accountNotFound()
    if (actorId === undefined && now.password_hash !== user.password_hash) throw wrongPassword()
    throw now.role === user.role ? lastAdmin() : busy()
  }
  // No copy passes its gate any more; this one need not wait a day to be forgotten.
  afterResponse(c, () => c.env.CACHE.delete(`user:${user.id}`))
}
