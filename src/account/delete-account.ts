import type { Client } from '../audit/store.ts'
import { wrongPassword } from '../auth/check-password.ts'
import { sessionEnded } from '../auth/session.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { findUser, isLastAdmin } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { deleteAccount } from './store.ts'

/** 409 for what would leave the service without an admin. */
export const lastAdmin = (): Problem =>
  new Problem(409, 'last-admin', 'This is the last admin: make another account an admin first.')

/** 404 for an account of somebody else that does not exist. */
export const accountNotFound = (): Problem => new Problem(404, 'not-found', 'There is no account with this id.')

/** 409 for a change that others overtake again and again. */
export const busy = (): Problem =>
  new Problem(409, 'busy', 'Others are changing this account at this very moment: try again.')

/** Which account is deleted, and by whom. */
export interface Deletion {
  /** The account as it was when the deletion was decided. */
  readonly user: UserRow
  /** Whether the password must be the one that `user` has, at the moment of deletion. */
  readonly requiresPassword?: boolean
  /** Whether an admin's account may not be deleted. */
  readonly sparesAdmins?: boolean
  /** Who deletes it, where that is not its owner. */
  readonly actor?: Client & { readonly actorId: number }
}

/**
 * Deletes an account with all that belongs to it. The next request with any of its tokens is refused, whatever caches
 * hold.
 * @throws Problem 409 `last-admin`, or `busy` when its role changes meanwhile; 403 `wrong-password` when its password
 * does; where it does not exist any more, 401 `session-revoked` for its owner and 404 `not-found` for anybody else
 */
export async function deleteUserAccount(
  services: Services,
  { user, requiresPassword = false, sparesAdmins = false, actor }: Deletion,
): Promise<void> {
  const { db, gate, kv, afterResponse } = services
  const isDeleted = await writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
    deleteAccount(db, {
      userId: user.id,
      revision,
      actor,
      sparesAdmins,
      passwordHash: requiresPassword ? user.password_hash : undefined,
    }),
  )
  if (!isDeleted) {
    const now = await findUser(db, user.id)
    if (!now) throw actor === undefined ? sessionEnded() : accountNotFound()
    if (actor === undefined && now.password_hash !== user.password_hash) throw wrongPassword()
    throw now.role === user.role && (await isLastAdmin(db, user.id)) ? lastAdmin() : busy()
  }
  // No copy passes the gate any more; this one would otherwise expire after a day.
  afterResponse(() => kv.delete(`user:${user.id}`))
}
