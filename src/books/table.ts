import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'

/**
 * The slug of everybody's first book. A trigger on `users` makes it with the account, and another deletes it (migration
 * 0007).
 */
export const firstBook = 'contacts'

/** Books of contacts. For now everybody has one. */
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
    revision: integer('revision').notNull().default(1),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [uniqueIndex('books_by_slug').on(table.owner_id, table.slug)],
)

/** Selects the uid of an owner's first book. */
export const bookUid = (ownerId: number) =>
  sql<string>`(SELECT books.uid FROM books WHERE books.owner_id = ${ownerId} AND books.slug = ${firstBook})`

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
    index('removed_trash').on(table.owner_id, table.seq, table.contact_id).where(sql`content IS NOT NULL`),
    index('removed_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    index('removed_due').on(table.removed_at).where(sql`content IS NOT NULL`),
  ],
)
