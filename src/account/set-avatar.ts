import { requireSession } from '../auth/session.ts'
import { isSessionAlive } from '../auth/session-store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { changedMeanwhile } from '../platform/http/etag.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { updateUserAvatar } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'

/** A new picture for an account; null removes it. */
export interface AvatarChange {
  readonly user: { readonly id: number; readonly revision: number }
  readonly picture: StoredPicture | null
  readonly sessionId: number
  /** The revision that the client has seen, if the account must not have changed since. */
  readonly expectedRevision: number | undefined
}

/**
 * Sets or removes an account's picture.
 * @throws Problem 401 if the session has ended meanwhile, 412 if the account has changed
 */
export async function setUserAvatar(
  { db, config, gate }: Services,
  { user, picture, sessionId, expectedRevision }: AvatarChange,
): Promise<UserRow> {
  const conditions = { expected: expectedRevision, condition: isSessionAlive(sessionId) }
  const changed = await writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
    updateUserAvatar(db, user.id, picture, revision, conditions),
  )
  if (changed) return changed
  await requireSession(db, sessionId, config)
  throw changedMeanwhile()
}
