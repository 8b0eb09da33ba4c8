import { integer, primaryKey, sqliteTable } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'

/** Pairs of contacts that look like the same person and are not, as their owner said. */
export const distinctPairs = sqliteTable(
  'distinct_pairs',
  {
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** The contact with the lower id. */
    first_id: integer('first_id').notNull(),
    second_id: integer('second_id').notNull(),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner_id, table.first_id, table.second_id] })],
)
