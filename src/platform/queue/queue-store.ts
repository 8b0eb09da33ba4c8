import { and, asc, eq, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable, SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'

/**
 * A table whose rows are pending work. `due_at`: not before this moment, or null if nothing is left to do; whoever
 * takes a row moves it ahead, as a lease. `attempts`: how often it was taken. An index begins with `due_at`.
 */
type QueueTable = SQLiteTable & {
  readonly id: AnySQLiteColumn
  readonly attempts: AnySQLiteColumn
  readonly due_at: AnySQLiteColumn
}

/**
 * Attempts before an item has failed for good: seven in the first two hours, then one every two hours, seven days in
 * all.
 */
const maxAttempts = 90
/** How long an item is leased. Longer than any attempt may last. */
const leaseSeconds = 60
/** How many items run in parallel: a Worker may have six open connections. */
const concurrency = 4

/** Whether an attempt is the last one. */
export const isLastAttempt = (attempts: number): boolean => attempts >= maxAttempts

/** The time of the next attempt: in one minute, doubling, at most two hours. */
export const nextAttemptAt = (attempts: number): string =>
  timestamp(Date.now() + Math.min(60 * 2 ** (attempts - 1), 7200) * 1000)

/** Takes an item, if it is due and nobody else has taken it. */
export async function takeItem<T extends QueueTable>(
  db: Database,
  table: T,
  id: number,
): Promise<T['$inferSelect'] | undefined> {
  const now = Date.now()
  const lease = { attempts: sql`${table.attempts} + 1`, due_at: timestamp(now + leaseSeconds * 1000) }
  const [item] = await db
    .update(table as SQLiteTable)
    .set(lease as SQLiteUpdateSetSource<SQLiteTable>)
    .where(and(eq(table.id, id), isNotNull(table.due_at), lte(table.due_at, timestamp(now))))
    .returning()
  return item
}

/**
 * Whether an item is still leased by this attempt. If the lease ran out and another process took it, `attempts` is
 * higher, and that process decides.
 */
export const isStillTaken = (
  table: QueueTable,
  { id, attempts }: { readonly id: number; readonly attempts: number },
): SQL | undefined => and(eq(table.id, id), eq(table.attempts, attempts))

/**
 * Processes due items, the longest waiting first, at most `size`: `attempt` takes and processes each. If the result of
 * one cannot be written, the others are processed all the same.
 * @throws the first error, after all items
 */
export async function attemptDue(
  db: Database,
  table: QueueTable,
  size: number,
  attempt: (id: number) => Promise<void>,
): Promise<void> {
  const due = await db
    .select({ id: sql<number>`${table.id}` })
    .from(table)
    .where(and(isNotNull(table.due_at), lte(table.due_at, timestamp())))
    .orderBy(asc(table.due_at))
    .limit(size)
  const outcomes: PromiseSettledResult<void>[] = []
  for (let at = 0; at < due.length; at += concurrency) {
    outcomes.push(...(await Promise.allSettled(due.slice(at, at + concurrency).map(({ id }) => attempt(id)))))
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
