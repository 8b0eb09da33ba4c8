import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../db/columns.ts'

/** Pictures to be deleted, because nothing shows them any more; and uploads that no row shows yet. */
export const pictureDeletions = sqliteTable(
  'discarded_pictures',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** The reference: see reference.ts. */
    picture: text('picture').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** Not deleted before this moment. Whoever takes it moves it ahead, as a lease. */
    due_at: timestampColumn('due_at').notNull(),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [index('discarded_pictures_due').on(table.due_at)],
)
