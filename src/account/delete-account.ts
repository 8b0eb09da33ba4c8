import type { Client } from '../audit/store.ts'
import { wrongPassword } from '../auth/check-password.ts'
import { sessionEnded } from '../auth/session.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { findUser, isLastAdmin } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { deleteAccount } from './store.ts'

/** 409 for a change that would leave no admin. */
export const lastAdmin = (): Problem =>
  new Problem(409, 'last-admin', 'This is the last admin: make another account an admin first.')

/** 404 for another account that does not exist. */
export const accountNotFound = (): Problem => new Problem(404, 'not-found', 'There is no account with this id.')

/** 409 for a change that other changes came before again and again. */
export const busy = (): Problem =>
  new Problem(409, 'busy', 'Somebody else is changing this account right now: try again.')

/** Which account to delete, and who deletes it. */
export interface Deletion {
  /** The account as it was when the deletion was decided. */
  readonly user: UserRow
  /** Whether the account must still have `user`'s password at the moment of deletion. */
  readonly requiresPassword?: boolean
  /** Whether an admin's account must not be deleted. */
  readonly sparesAdmins?: boolean
  /** Who deletes it, if that is not its owner. */
  readonly actor?: Client & { readonly actorId: number }
}

/**
 * Deletes an account with all its data. From the next request on, every token of it is refused, whatever caches hold.
 * @throws Problem 409 `last-admin`, or `busy` if its role changes meanwhile; 403 `wrong-password` if its password
 * changes meanwhile; if it no longer exists, 401 `session-revoked` for its owner and 404 `not-found` for others
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
  // The gate accepts no copy any more. Without this, the copy in KV would expire after a day.
  afterResponse(() => kv.delete(`user:${user.id}`))
}
