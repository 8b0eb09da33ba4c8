import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import { type Client, insertAuditEvent } from '../audit/store.ts'
import type { Author } from '../books/author.ts'
import { lastNumber, markStatement } from '../books/numbers-store.ts'
import { bookIdOf, books, firstBook } from '../books/table.ts'
import { trimStatements } from '../books/trash-store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import { trashStatement } from './deletion-store.ts'
import { isInBook, isNoGroup, ownedBy } from './scope.ts'
import { contacts } from './table.ts'

/** How many books an account may have, including the first. */
export const maxBooks = 20

export type BookRow = Pick<typeof books.$inferSelect, 'slug' | 'name' | 'description' | 'color' | 'created_at'> & {
  /** How many contacts are in the book. */
  readonly contacts: number
}

/** The fields of a book that may be changed. */
export type BookChange = { readonly [K in 'name' | 'description' | 'color']?: BookRow[K] | undefined }

const ofOwner = (ownerId: number, slug: string) => and(eq(books.owner_id, ownerId), eq(books.slug, slug))

/**
 * The columns of a book. Counts the contacts of the first book as the total minus those of other books, because the
 * index of books covers only the others.
 */
const columns = (ownerId: number) => {
  const others = sql`(SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)} AND book_id <> 0 AND is_group = 0)`
  const groups = sql`(SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)} AND is_group = 1)`
  return {
    ...{ slug: books.slug, name: books.name, description: books.description, color: books.color },
    created_at: books.created_at,
    contacts: sql<number>`iif(
      books.slug = ${firstBook},
      (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)}) - ${groups} - ${others},
      (SELECT count(*) FROM contacts WHERE ${and(ownedBy(ownerId), isInBook(sql`books.id`), isNoGroup)})
    )`.as('contacts'),
  }
}

const findOwn = (db: Database, ownerId: number, where?: SQL) =>
  db
    .select(columns(ownerId))
    .from(books)
    .where(and(eq(books.owner_id, ownerId), where))
    .orderBy(asc(books.id))

/** Lists an owner's books in the order in which they were created: at most 20. */
export const listBooks = (db: Database, ownerId: number): PromiseLike<BookRow[]> => findOwn(db, ownerId)

/** Finds the `contacts.book_id` of an owner's book: 0 for the first book, undefined if there is no such book. */
export async function findBookId(db: Database, ownerId: number, slug: string): Promise<number | undefined> {
  if (slug === firstBook) return 0
  const [row] = await db.select({ id: books.id }).from(books).where(ofOwner(ownerId, slug))
  return row?.id
}

/** A book to create. */
export type NewBook = Omit<typeof books.$inferInsert, 'id' | 'owner_id' | 'revision' | 'created_at'>

/**
 * Creates a book. Concurrent requests cannot exceed the limit of 20, because the statement that inserts counts.
 * Undefined if the owner has 20 or is gone, or the slug is taken.
 */
export async function insertBook(db: Database, ownerId: number, book: NewBook): Promise<BookRow | undefined> {
  const hasRoom = sql`(SELECT count(*) FROM books WHERE books.owner_id = ${ownerId}) < ${maxBooks}`
  const row = selectAsRow(books, { ...book, owner_id: sql`${users.id}`, created_at: timestamp() })
  const isMade = eq(books.uid, book.uid)
  const [, , [made]] = await db.batch([
    db
      .insert(books)
      .select(
        db
          .select(row)
          .from(users)
          .where(and(eq(users.id, ownerId), hasRoom)),
      )
      .onConflictDoNothing(),
    markStatement(db, ownerId, isThere(db, ownerId, isMade)),
    findOwn(db, ownerId, isMade),
  ])
  return made
}

/** The condition that an owner has a book. */
const isThere = (db: Database, ownerId: number, where: SQL | undefined) =>
  sql`EXISTS ${db
    .select({ id: books.id })
    .from(books)
    .where(and(eq(books.owner_id, ownerId), where))}`

/** Changes a book; undefined fields do not change. Returns undefined if there is no book with that slug. */
export async function updateBook(
  db: Database,
  ownerId: number,
  slug: string,
  change: BookChange,
): Promise<BookRow | undefined> {
  const [, , [changed]] = await db.batch([
    db
      .update(books)
      .set({ ...change, revision: sql`${books.revision} + 1` })
      .where(ofOwner(ownerId, slug)),
    markStatement(db, ownerId, isThere(db, ownerId, eq(books.slug, slug))),
    findOwn(db, ownerId, eq(books.slug, slug)),
  ])
  return changed
}

/** The book to delete, and who deletes it. */
export interface BookDeletion {
  /** Not that of the first book. */
  readonly slug: string
  readonly author: Author
  readonly client: Client
  /** How many contacts the trash may hold. If there are more, the oldest are deleted permanently. */
  readonly maxTrash: number
}

/**
 * Deletes a book and moves its contacts to the trash, each with its own change number. Uses one batch, so that nothing
 * is added to the book meanwhile. Returns whether there was such a book.
 */
export async function deleteBook(
  db: Database,
  ownerId: number,
  { slug, author, client, maxTrash }: BookDeletion,
): Promise<boolean> {
  const inBook = and(ownedBy(ownerId), isInBook(bookIdOf(ownerId, slug)))
  const isBook = isThere(db, ownerId, eq(books.slug, slug))
  const number = sql<number>`${lastNumber(ownerId)} + row_number() OVER (ORDER BY contacts.id)`
  // Not the slug, which reveals the name: admins read events.
  const detail = sql<string>`CAST((SELECT count(*) FROM contacts WHERE ${inBook}) AS TEXT)`
  const [, , , , , deleted] = await db.batch([
    trashStatement(db, ownerId, author, inBook, number),
    insertAuditEvent(db, { kind: 'book-deleted', detail, ...client }, and(eq(users.id, ownerId), isBook)),
    markStatement(db, ownerId, isBook),
    // Groups last: deleting a group changes its members by triggers.
    db.delete(contacts).where(and(inBook, isNoGroup)),
    db.delete(contacts).where(inBook),
    db.delete(books).where(ofOwner(ownerId, slug)).returning({ id: books.id }),
    ...trimStatements(db, ownerId, maxTrash),
  ])
  return deleted.length > 0
}
