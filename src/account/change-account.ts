import { deleteWaitingLetters } from '../birthdays/digest-store.ts'
import { nextDigest } from '../birthdays/digest-time.ts'
import { timestamp } from '../platform/db/columns.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { changedMeanwhile } from '../platform/http/etag.ts'
import type { Services } from '../platform/ports.ts'
import { findUser, type UserChanges, updateUser } from '../users/store.ts'
import type { Account, UserRow } from '../users/table.ts'
import { busy } from './delete-account.ts'

/** How often a change is tried again after another change of the account. */
const attempts = 5

type OwnChanges = Omit<UserChanges, 'next_digest_at'>

/**
 * Changes one's own account. A change of the letters about birthdays, or of the time zone, moves the next letter in the
 * same write. Ending these letters also deletes those that wait to be sent.
 * @throws Problem 412 if the account is gone, or has changed and the client sent If-Match; 409 `busy` if other changes
 * came before again and again
 */
export async function changeAccount(
  { db, gate }: Services,
  user: Account,
  changes: OwnChanges,
  { isConditional }: { readonly isConditional: boolean },
): Promise<UserRow> {
  let account = user
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { id, revision: current } = account
    const next_digest_at = movedDigest(account, changes)
    // The next letter depends on the other settings, so it is written only beside those that it was computed from.
    const expected = isConditional || next_digest_at !== undefined ? current : undefined
    const changed = await writeAtNewRevision(gate(`user:${id}`), current, (revision) =>
      updateUser(db, id, { ...changes, next_digest_at }, revision, expected),
    )
    if (changed && changes.birthday_digest === null) await deleteWaitingLetters(db, id)
    if (changed) return changed
    const present = isConditional ? undefined : await findUser(db, id)
    // The account has changed since it was read, or is gone: a client that sent If-Match has to read it again.
    if (!present) throw changedMeanwhile()
    account = present
  }
  throw busy()
}

/** When the next letter is due after a change: null for never, undefined if the change does not affect it. */
function movedDigest(account: Account, changes: OwnChanges): string | null | undefined {
  const { birthday_digest = account.birthday_digest, tz = account.tz } = changes
  if (birthday_digest === account.birthday_digest && tz === account.tz) return undefined
  return birthday_digest === null ? null : timestamp(nextDigest({ frequency: birthday_digest, tz }, new Date()))
}
