import { and, type SQL, sql } from 'drizzle-orm'
import { nextNumber } from '../books/numbers-store.ts'
import { bookIdOf, removed } from '../books/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import type { ContactContent } from './content.ts'
import { contacts, type StoredRow } from './table.ts'
import { uidOf } from './uid.ts'
import { isUidFree } from './uid-store.ts'

/** The condition that an owner has a book. */
export const isBookThere = (ownerId: number, slug: string): SQL => sql`${bookIdOf(ownerId, slug)} IS NOT NULL`

/**
 * The condition that the book to which a contact moves exists and has no other contact with the same UID. Undefined if
 * the contact does not move.
 */
export const isPlaceFree = (
  db: Database,
  ownerId: number,
  row: StoredRow,
  { uid, moveTo }: Pick<ContactContent, 'uid' | 'moveTo'>,
): SQL | undefined => {
  if (moveTo === undefined) return undefined
  const place = { bookId: bookIdOf(ownerId, moveTo), exceptId: row.id }
  return and(isBookThere(ownerId, moveTo), isUidFree(db, ownerId, uidOf({ ...row, uid }), place))
}

/**
 * For the batch of a move, before the statement that writes the contact: records at the next change number that the
 * contact left its book. Lists of changes leave that out, because the contact itself follows.
 */
export const moveStatement = (db: Database, ownerId: number, where: SQL | undefined) => {
  const row = selectAsRow(removed, {
    ...{ owner_id: ownerId, seq: nextNumber(ownerId), contact_id: sql`${contacts.id}` },
    ...{ book_id: sql`${contacts.book_id}`, moved: true, removed_at: timestamp() },
  })
  return db.insert(removed).select(db.select(row).from(contacts).where(where))
}
