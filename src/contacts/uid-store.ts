import { and, eq, isNull, ne, notExists, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/sqlite-core'
import { books, firstBook } from '../books/table.ts'
import type { Database } from '../platform/db/database.ts'
import { ownContact, ownedBy } from './scope.ts'
import { contacts, type StoredRow } from './table.ts'

/** The form of a UID that this service generates: the uid of a book, and the id of the contact. */
const ownUid = /^([0-9a-f]{32})-([1-9]\d{0,14})$/

/** Reads a UID of the form that this service generates; undefined for any other. */
export function idInUid(uid: string): { readonly bookUid: string; readonly id: number } | undefined {
  const [, bookUid, id] = ownUid.exec(uid) ?? []
  return bookUid === undefined ? undefined : { bookUid, id: Number(id) }
}

/** The book in which a UID must be free, and a contact that may have it. */
export interface UidPlace {
  readonly bookId: number | SQL
  readonly exceptId?: number | undefined
}

/** Returns the book of a contact, and the contact itself as the one that may have the UID. */
export const placeOf = ({ book_id: bookId, id: exceptId }: Pick<StoredRow, 'book_id' | 'id'>): UidPlace => ({
  bookId,
  exceptId,
})

/** Selects the contact of an owner that has a UID: from its vCard, or generated. */
function holders(db: Database, ownerId: number, uid: string, { bookId, exceptId = 0 }: UidPlace) {
  const [, bookUid = '', id = '0'] = ownUid.exec(uid) ?? []
  const isOther = and(sql`${contacts.book_id} = ${bookId}`, ne(contacts.id, exceptId))
  return unionAll(
    db
      .select({ id: contacts.id })
      .from(contacts)
      .where(and(ownedBy(ownerId), eq(contacts.uid, uid), isOther)),
    db
      .select({ id: contacts.id })
      .from(contacts)
      .innerJoin(books, and(eq(books.owner_id, ownerId), eq(books.slug, firstBook), eq(books.uid, bookUid)))
      .where(and(ownContact(ownerId, Number(id)), isNull(contacts.uid), isOther)),
  )
}

/** The condition that a UID is free in a book. */
export const isUidFree = (db: Database, ownerId: number, uid: string, place: UidPlace): SQL =>
  notExists(holders(db, ownerId, uid, place))

/** Finds the id of the contact in a book that has a UID, other than the contact that may have it. */
export async function findUidHolder(
  db: Database,
  ownerId: number,
  uid: string,
  place: UidPlace,
): Promise<number | undefined> {
  const [holder] = await holders(db, ownerId, uid, place)
  return holder?.id
}

/**
 * Returns whether this service would generate a UID for a future contact of an owner. A vCard that came with it would
 * later share it with that contact.
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
