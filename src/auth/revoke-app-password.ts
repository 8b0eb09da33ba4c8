import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'
import { deleteAppPassword, listAppPasswords } from './app-password-store.ts'

/**
 * Revokes an app password: it is refused from the next request on. Returns whether it existed. Its hash stays in the
 * user's gate, where it admits nobody, until its next use.
 */
export async function revokeAppPassword(
  { db, gate }: Services,
  user: { readonly id: number; readonly revision: number },
  id: number,
  client: Client,
): Promise<boolean> {
  const password = (await listAppPasswords(db, user.id)).find((one) => one.id === id)
  if (!password) return false
  const event = { kind: 'app-password-revoked' as const, detail: password.scope, ...client }
  return writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
    deleteAppPassword(db, { userId: user.id, id }, revision, event),
  )
}
