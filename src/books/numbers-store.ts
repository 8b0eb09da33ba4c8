import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { rootCause } from '../platform/db/errors.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { removed } from './table.ts'

/**
 * The newest change number of an owner's books, 0 before the first change. There is no counter row: it is the higher of
 * the newest numbers in `contacts` and `removed`, each read at the end of an index.
 */
export const lastNumber = (ownerId: number | Placeholder | SQL): SQL<number> => sql<number>`max(
  coalesce((SELECT seq FROM contacts WHERE owner_id = ${ownerId} ORDER BY seq DESC LIMIT 1), 0),
  coalesce((SELECT seq FROM removed WHERE owner_id = ${ownerId} ORDER BY seq DESC LIMIT 1), 0)
)`

/**
 * The number of a new change, for use in the statement that writes it. The databases run one writing statement at a
 * time, so two changes cannot get the same number. Only for a statement that writes one row; in a statement that writes
 * several, triggers number each row (migration 0010).
 */
export const nextNumber = (ownerId: number | Placeholder | SQL): SQL<number> =>
  sql<number>`(1 + ${lastNumber(ownerId)})`

/** The change number of a row of a statement that writes several from JSON: the newest, plus the row's position. */
export const numberIn = (ownerId: number, row: string): SQL<number> =>
  sql<number>`${lastNumber(ownerId)} + 1 + ${sql.raw(row)}.key`

/**
 * For a batch: inserts a row that records a change which no contact shows, at the next number, if a condition on
 * `removed` is true. With `from`, inserts a row for each owner that it selects.
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

/**
 * For a batch: makes the whole batch fail if a condition is not true ({@link isRefused}). Uses invalid JSON for that,
 * because SQLite can raise an error only inside a trigger.
 */
export const requireStatement = (db: Database, condition: SQL) =>
  db.select({ required: sql`json(iif(${condition}, '1', 'refused'))`.as('required') }).from(sql`(SELECT 1) AS one`)

/** Whether a batch failed because a condition of {@link requireStatement} was not true. */
export const isRefused = (error: unknown): boolean => rootCause(error).message.includes('malformed JSON')

/**
 * For a batch, first: makes the whole batch fail if the owner's newest change number is not `number`, or the owner is
 * gone. Every change of a contact raises the number, so everything that was read since is current.
 */
export const unchangedStatement = (db: Database, ownerId: number, number: number) =>
  requireStatement(
    db,
    sql`${lastNumber(ownerId)} = ${number} AND EXISTS (SELECT 1 FROM users WHERE users.id = ${ownerId})`,
  )
