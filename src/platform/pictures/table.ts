import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../db/columns.ts'

/**
 * Pictures that nobody shows any more, until they are removed from where they are kept; and those on their way to be
 * shown.
 */
export const pictureDeletions = sqliteTable(
  'discarded_pictures',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** Which picture: see reference.ts. */
    picture: text('picture').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** Not removed before this moment. Whoever removes it moves it ahead, as a lease. */
    due_at: timestampColumn('due_at').notNull(),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [index('discarded_pictures_due').on(table.due_at)],
)
