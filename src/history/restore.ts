import type { Author } from '../books/author.ts'
import { bookIdOrFirst } from '../books/table.ts'
import { uidForms, withoutMember } from '../cards/groups.ts'
import { printCard } from '../cards/parse.ts'
import { cardOf } from '../contacts/content.ts'
import { bookFull, requireRoomForGroup } from '../contacts/create.ts'
import type { GroupCard } from '../contacts/group-cards-store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { findUidHolder } from '../contacts/uid-store.ts'
import { busy } from '../contacts/write.ts'
import { writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { readNumber, readUndo, restoreAndUndo, restoreRow, type UndoWrite } from './restore-store.ts'
import { contentOfStored } from './stored-contact.ts'
import { findInTrash, type Merged, type TrashRow } from './trash-store.ts'
import { findVersion } from './versions-store.ts'

/** 404 for a contact that is not in the trash. */
export const notInTrash = (): Problem => new Problem(404, 'not-found', 'Your trash has no contact with this id.')

/** The contact in the trash to restore, and who restores it. */
export interface RestoreTarget {
  readonly ownerId: number
  readonly id: number
  readonly author: Author
}

/** A contact that was restored. */
export interface Restored {
  readonly row: StoredRow
  /**
   * If it had been merged into another contact: whether that one is what it was before again, or has changed since the
   * merge (or its version before is gone) and stays as it is.
   */
  readonly into?: 'restored' | 'changed-since'
  /** The ids of the other contacts of that merge, if it was undone: they stay in the trash. */
  readonly unmerged?: readonly number[]
}

/**
 * Restores a contact from the trash, with everything that belonged to it. If it was merged into another contact that
 * has not changed since, undoes the merge: that one becomes what it was before.
 * @throws Problem 404 if it is not in the trash; 409 `busy`, `storage-full`, `uid-taken`, `book-full`
 */
export function restoreContact(services: Services, { ownerId, id, author }: RestoreTarget): Promise<Restored> {
  const { db, config } = services
  const options = { locale: config.SORT_LOCALE, maxContacts: config.MAX_CONTACTS }
  return retryOnConflict(async () => {
    const entry = await findInTrash(db, ownerId, id)
    if (!entry) throw notInTrash()
    const undo = entry.merged ? await findUndo(services, { ownerId, id, author }, entry.merged) : undefined
    const row = await writeWithinBounds(services, ownerId, () =>
      undo ? restoreAndUndo(db, ownerId, entry, undo, options) : restoreRow(db, ownerId, entry, options),
    )
    if (row && undo) return { row, into: 'restored', unmerged: undo.others }
    if (row) return entry.merged ? { row, into: 'changed-since' } : { row }
    await requireRestorable(services, ownerId, entry)
    if (undo && (await readNumber(db, ownerId)) !== undo.number) return undefined
    throw bookFull(config)
  }, busy)
}

/**
 * Finds why a contact was not restored.
 * @throws Problem 404, 409 `uid-taken`, or that of a group for which there is no room
 */
async function requireRestorable({ db }: Services, ownerId: number, { contact }: TrashRow): Promise<void> {
  if (!(await findInTrash(db, ownerId, contact.id))) throw notInTrash()
  const place = { bookId: bookIdOrFirst(ownerId, contact.book_id) }
  const holder = await findUidHolder(db, ownerId, uidOf(contact), place)
  if (holder !== undefined) {
    throw new Problem(
      409,
      'uid-taken',
      `Contact ${holder} now has the UID of this contact. Delete that contact, then restore this one.`,
      { members: { contact: holder } },
    )
  }
  await requireRoomForGroup(db, ownerId, contentOfStored(contact))
}

/**
 * Computes what undoing a merge writes; undefined if the contact that others were merged into has changed since, or its
 * history no longer has the version before.
 */
async function findUndo(
  { db }: Services,
  { ownerId, id, author }: RestoreTarget,
  merged: Merged,
): Promise<(UndoWrite & { readonly others: readonly number[] }) | undefined> {
  const { number, into, groups, others } = await readUndo(db, ownerId, merged, id)
  if (into?.revision !== merged.revision) return undefined
  const { revision, favorite } = merged.undo
  const version = await findVersion(db, ownerId, into.id, revision)
  // The version is gone: only the newest are stored.
  if (!version && merged.undo.version) return undefined
  const before = version ?? { ...into, uri: null }
  const uid = uidOf(into)
  const left = groups.flatMap((group): GroupCard[] => {
    const card = cardOf(group)
    return card ? [{ id: group.id, card: printCard(withoutMember(card, uid)) }] : []
  })
  return {
    ...{ number, merged, into, others, author, groups: left, uids: uidForms(uid) },
    ...{ content: contentOfStored({ ...before, favorite }), avatar: before.avatar },
  }
}
