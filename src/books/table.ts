import { type SQL, sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'

/**
 * The slug of the first book of every account. A trigger on `users` creates the book with the account, and another
 * deletes it (migration 0007).
 */
export const firstBook = 'contacts'

/** Books of contacts. Every account has the first book, and may add others. */
export const books = sqliteTable(
  'books',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Its name in URLs. */
    slug: text('slug').notNull(),
    /**
     * 128 random bits in hexadecimal, unique for each book. Generated UIDs begin with that of the owner's first book.
     */
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
 * Selects the `contacts.book_id` of the owner's book with a slug: 0 for the first book, null if there is no such book.
 */
export const bookIdOf = (ownerId: number, slug: string): SQL<number> =>
  slug === firstBook
    ? sql`0`
    : sql`(SELECT books.id FROM books WHERE books.owner_id = ${ownerId} AND books.slug = ${slug})`

/** Selects the given `contacts.book_id` if the owner still has that book; otherwise 0, the first book. */
export const bookIdOrFirst = (ownerId: number, bookId: number): SQL<number> =>
  sql`coalesce((SELECT books.id FROM books WHERE books.owner_id = ${ownerId} AND books.id = ${bookId}), 0)`

/** Selects the slug of the book with a `contacts.book_id`; that of the first book if the book is gone. */
export const bookSlug = (bookId: SQL): SQL<string> => {
  const first = sql.raw(`'${firstBook}'`)
  const other = sql`(SELECT books.slug FROM books WHERE books.id = ${bookId})`
  return sql`iif(${bookId} = 0, ${first}, coalesce(${other}, ${first}))`
}

/**
 * Removals from an owner's books, by change number (numbers-store.ts): contacts in the trash, contacts that were
 * deleted permanently, and rows without a contact that only record a change. Rows stay as long as the account, so that
 * no number is used twice and every client learns of each removal.
 */
export const removed = sqliteTable(
  'removed',
  {
    owner_id: integer('owner_id').notNull(),
    seq: integer('seq').notNull(),
    contact_id: integer('contact_id'),
    /** The book that it was in, as in `contacts.book_id`. */
    book_id: integer('book_id').notNull().default(0),
    /** Whether it moved to another book; the contact itself then has the next change number. */
    moved: integer('moved', { mode: 'boolean' }).notNull().default(false),
    /** The contact as JSON while it is in the trash. Null after it was restored or permanently deleted. */
    content: text('content'),
    /** Its picture (src/platform/pictures/reference.ts), while it is in the trash. */
    avatar: text('avatar'),
    /** The contact that it was merged into, and the revision of that one after the merge; null if it was deleted. */
    merged_into: integer('merged_into'),
    merged_revision: integer('merged_revision'),
    /** What is needed to undo the merge, as JSON (merge-undo.ts). */
    merge_undo: text('merge_undo'),
    /** Who removed it, in JSON (author.ts). */
    removed_by: text('removed_by'),
    removed_at: timestampColumn('removed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner_id, table.seq] }),
    // For the trigger that checks whether a deleted contact is in the trash (migration 0013). Contact ids are unique
    // across owners.
    index('removed_by_contact').on(table.contact_id).where(sql`content IS NOT NULL`),
    index('removed_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    index('removed_by_merge').on(table.merged_into).where(sql`merged_into IS NOT NULL AND content IS NOT NULL`),
    index('removed_due').on(table.removed_at).where(sql`content IS NOT NULL`),
  ],
)
