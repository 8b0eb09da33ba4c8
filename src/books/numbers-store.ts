import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
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
      .select({
        owner_id: sql<number>`${ownerId}`.as('owner_id'),
        seq: nextNumber(ownerId).as('seq'),
        contact_id: sql<number>`NULL`.as('contact_id'),
        content: sql<string>`NULL`.as('content'),
        avatar: sql<string>`NULL`.as('avatar'),
        removed_by: sql<string>`NULL`.as('removed_by'),
        removed_at: sql<string>`${timestamp()}`.as('removed_at'),
      })
      .from(from)
      .where(condition),
  )
