import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { removed } from './table.ts'

/**
 * The change number of a person's books: that of their newest change, 0 before the first. There is no row that counts:
 * it is the newest number of a contact, or of what was removed, each the end of an index.
 */
export const lastNumber = (ownerId: number | Placeholder | SQL): SQL<number> => sql<number>`max(
  coalesce((SELECT seq FROM contacts WHERE owner_id = ${ownerId} ORDER BY seq DESC LIMIT 1), 0),
  coalesce((SELECT seq FROM removed WHERE owner_id = ${ownerId} ORDER BY seq DESC LIMIT 1), 0)
)`

/**
 * The number of a change, inside the statement that writes it: databases write one statement at a time, so that no two
 * changes have the same. For one row of a statement; of several, triggers number each (migration 0010).
 */
export const nextNumber = (ownerId: number | Placeholder | SQL): SQL<number> =>
  sql<number>`(1 + ${lastNumber(ownerId)})`

/**
 * For a batch: gives a number to a change that no contact shows, if a condition on `removed` is true. With `from`, one
 * to each owner that it selects.
 */
export const markStatement = (
  db: Database,
  ownerId: number | SQL,
  condition: SQL = sql`1`,
  from: SQL = sql`(SELECT 1) AS one`,
) =>
  db.insert(removed).select(
    db
      .select(selectAsRow(removed, { owner_id: ownerId, seq: nextNumber(ownerId), removed_at: timestamp() }))
      .from(from)
      .where(condition),
  )
