import { and, eq, isNull, ne, notExists, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/sqlite-core'
import { books, firstBook } from '../books/table.ts'
import type { Database } from '../platform/db/database.ts'
import { ownContact, ownedBy } from './scope.ts'
import { contacts } from './table.ts'

/** A UID that this service gives: that of a book, and the id of the contact. */
const ownUid = /^([0-9a-f]{32})-([1-9]\d{0,14})$/

/** Selects the contact of an owner that has a UID: one that its vCard came with, or one that was given to it. */
function holders(db: Database, ownerId: number, uid: string, exceptId = 0) {
  const [, bookUid = '', id = '0'] = ownUid.exec(uid) ?? []
  return unionAll(
    db
      .select({ id: contacts.id })
      .from(contacts)
      .where(and(ownedBy(ownerId), eq(contacts.uid, uid), ne(contacts.id, exceptId))),
    db
      .select({ id: contacts.id })
      .from(contacts)
      .innerJoin(books, and(eq(books.owner_id, ownerId), eq(books.slug, firstBook), eq(books.uid, bookUid)))
      .where(and(ownContact(ownerId, Number(id)), isNull(contacts.uid), ne(contacts.id, exceptId))),
  )
}

/** The condition that no contact of an owner, but one, has a UID. */
export const isUidFree = (db: Database, ownerId: number, uid: string, exceptId?: number): SQL =>
  notExists(holders(db, ownerId, uid, exceptId))

/** Finds the id of the contact of an owner, but one, that has a UID. */
export async function findUidHolder(
  db: Database,
  ownerId: number,
  uid: string,
  exceptId?: number,
): Promise<number | undefined> {
  const [holder] = await holders(db, ownerId, uid, exceptId)
  return holder?.id
}

/**
 * Whether a UID is one that this service would give to a contact of an owner that does not exist yet: a vCard that came
 * with it would share it with that contact.
 */
export async function isFutureUid(db: Database, ownerId: number, uid: string): Promise<boolean> {
  const [, bookUid, id] = ownUid.exec(uid) ?? []
  if (bookUid === undefined) return false
  const rows = await db
    .select({ id: books.id })
    .from(books)
    .where(
      and(
        ...[eq(books.owner_id, ownerId), eq(books.slug, firstBook), eq(books.uid, bookUid)],
        sql`coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'contacts'), 0) < ${Number(id)}`,
      ),
    )
  return rows.length > 0
}
