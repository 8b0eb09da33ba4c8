import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
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
