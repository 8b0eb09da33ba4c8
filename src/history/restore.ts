import { bookIdOrFirst } from '../books/table.ts'
import { bookFull, requireRoomForGroup } from '../contacts/create.ts'
import type { StoredRow } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { findUidHolder } from '../contacts/uid-store.ts'
import { writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { contentOfStored } from './stored-contact.ts'
import { findInTrash, restoreRow } from './trash-store.ts'

/** 404 for a contact that is not in the trash. */
export const notInTrash = (): Problem => new Problem(404, 'not-found', 'Your trash has no contact with this id.')

/**
 * Restores a contact from the trash, with everything that belonged to it.
 * @throws Problem 404 if it is not in the trash; 409 `storage-full`, `uid-taken`, `book-full`
 */
export async function restoreContact(services: Services, ownerId: number, id: number): Promise<StoredRow> {
  const { db, config } = services
  const entry = await findInTrash(db, ownerId, id)
  if (!entry) throw notInTrash()
  const options = { locale: config.SORT_LOCALE, maxContacts: config.MAX_CONTACTS }
  const restored = await writeWithinBounds(services, ownerId, () => restoreRow(db, ownerId, entry, options))
  if (restored) return restored
  if (!(await findInTrash(db, ownerId, id))) throw notInTrash()
  const place = { bookId: bookIdOrFirst(ownerId, entry.contact.book_id) }
  const holder = await findUidHolder(db, ownerId, uidOf(entry.contact), place)
  if (holder !== undefined) {
    throw new Problem(
      409,
      'uid-taken',
      `Contact ${holder} now has the UID of this contact. Delete that contact, then restore this one.`,
      { members: { contact: holder } },
    )
  }
  await requireRoomForGroup(db, ownerId, contentOfStored(entry.contact))
  throw bookFull(config)
}
