import { accountNotFound, busy, lastAdmin } from '../account/delete-account.ts'
import { notPermitted } from '../auth/policy.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { findUser, isLastAdmin } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import type { UserManagement } from './schema.ts'
import { type Manager, manageUser } from './store.ts'

/** A change of another account's role, or of whether it is disabled. */
export interface UserChange {
  readonly id: number
  readonly changes: UserManagement
  readonly manager: Manager
  /** Called before anything is written. Throws if a condition of the request is not met. */
  readonly checkConditions: () => void
}

/**
 * Changes an account's role, or disables or enables it. Disabling ends every session.
 * @throws Problem 403 for an admin's account if the caller may not manage admins; 404; 409 `last-admin` or `busy`; 412
 */
export function changeUserAccess(
  { db, gate }: Services,
  { id, changes, manager, checkConditions }: UserChange,
): Promise<UserRow> {
  return retryOnConflict(async () => {
    const target = await findUser(db, id)
    if (!target) throw accountNotFound()
    if (target.role === 'admin' && !manager.overAdmins) throw notPermitted(['users:role'])
    checkConditions()
    const changed = await writeAtNewRevision(gate(`user:${id}`), target.revision, (revision) =>
      manageUser(db, target, changes, revision, manager),
    )
    if (changed) return changed
    // Refused because this is the last admin, or because somebody else changed the role or disabled the account
    // meanwhile.
    const { role = target.role, disabled = target.disabled } = changes
    const weakensAdmin = target.role === 'admin' && !target.disabled && (role !== 'admin' || disabled)
    if (weakensAdmin && (await isLastAdmin(db, id))) throw lastAdmin()
    return undefined
  }, busy)
}
