import { type SQL, sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'

/**
 * The slug of everybody's first book. A trigger on `users` makes it with the account, and another deletes it (migration
 * 0007).
 */
export const firstBook = 'contacts'

/** Books of contacts: everybody has the first one, and as many more as they make. */
export const books = sqliteTable(
  'books',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Its name in addresses. */
    slug: text('slug').notNull(),
    /** 128 random bits in hexadecimal. The UIDs of its contacts' vCards begin with it: no two books share one. */
    uid: text('uid').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    /** `#rrggbb`, as it was sent. */
    color: text('color'),
    revision: integer('revision').notNull().default(1),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [uniqueIndex('books_by_slug').on(table.owner_id, table.slug)],
)

/** Selects the uid of an owner's first book. */
export const bookUid = (ownerId: number) =>
  sql<string>`(SELECT books.uid FROM books WHERE books.owner_id = ${ownerId} AND books.slug = ${firstBook})`

/**
 * Selects the id that an owner's book of a slug has in contacts: 0 is that of the first book, and null where there is
 * no such book.
 */
export const bookIdOf = (ownerId: number, slug: string): SQL<number> =>
  slug === firstBook
    ? sql`0`
    : sql`(SELECT books.id FROM books WHERE books.owner_id = ${ownerId} AND books.slug = ${slug})`

/** Selects a book's id, as contacts have it, or that of the first book where an owner's book is no longer there. */
export const bookIdOrFirst = (ownerId: number, bookId: number): SQL<number> =>
  sql`coalesce((SELECT books.id FROM books WHERE books.owner_id = ${ownerId} AND books.id = ${bookId}), 0)`

/**
 * Selects the slug of the book whose id, as contacts have it, an expression is: of the first book also where there is
 * no such book any more.
 */
export const bookSlug = (bookId: SQL): SQL<string> => {
  const first = sql.raw(`'${firstBook}'`)
  return sql`iif(${bookId} = 0, ${first}, coalesce((SELECT books.slug FROM books WHERE books.id = ${bookId}), ${first}))`
}

/**
 * What was removed from a person's books, by the change number of that (numbers-store.ts): contacts, in the trash or
 * gone; and marks without a contact, for changes that no contact shows. Rows stay for as long as the account, so that
 * no number is given twice and every client learns of each removal.
 */
export const removed = sqliteTable(
  'removed',
  {
    owner_id: integer('owner_id').notNull(),
    seq: integer('seq').notNull(),
    contact_id: integer('contact_id'),
    /** Which of its owner's books it was in, as contacts have it. */
    book_id: integer('book_id').notNull().default(0),
    /** Whether it only went to another book, where it is by the next number. */
    moved: integer('moved', { mode: 'boolean' }).notNull().default(false),
    /** The contact as it was, in JSON: it is in the trash. Null once it has been restored, or deleted for good. */
    content: text('content'),
    /** Its picture (src/platform/pictures/reference.ts), for as long as it is in the trash. */
    avatar: text('avatar'),
    /** Who removed it, in JSON (author.ts). */
    removed_by: text('removed_by'),
    removed_at: timestampColumn('removed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner_id, table.seq] }),
    // By it a trigger asks whether a contact that is deleted is in the trash (migration 0013). An id is one contact's.
    index('removed_by_contact').on(table.contact_id).where(sql`content IS NOT NULL`),
    index('removed_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    index('removed_due').on(table.removed_at).where(sql`content IS NOT NULL`),
  ],
)
