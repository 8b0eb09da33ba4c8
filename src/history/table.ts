import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'

/**
 * Earlier versions of contacts: a row for each change of a contact, except for the favourite flag. A trigger inserts
 * them, and deletes those beyond the limit (migration 0011).
 */
export const versions = sqliteTable(
  'versions',
  {
    owner_id: integer('owner_id').notNull(),
    contact_id: integer('contact_id').notNull(),
    /** The revision of this version. */
    revision: integer('revision').notNull(),
    /** The contact in JSON, as in the trash. */
    content: text('content').notNull(),
    avatar: text('avatar'),
    /** Who changed it, in JSON (books/author.ts). */
    changed_by: text('changed_by'),
    /** When the change replaced this version. */
    changed_at: timestampColumn('changed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner_id, table.contact_id, table.revision] }),
    index('versions_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
  ],
)
