import { and, asc, eq, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable, SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'

/**
 * A table whose rows are work that is still to be done. `due_at`: not before this moment, or null where nothing is to
 * be done any more; whoever takes a row moves it ahead, as a lease. `attempts`: how often it was taken. An index begins
 * with `due_at`.
 */
type QueueTable = SQLiteTable & {
  readonly id: AnySQLiteColumn
  readonly attempts: AnySQLiteColumn
  readonly due_at: AnySQLiteColumn
}

/** Attempts before an item is given up: seven in the first two hours, then one every two, so seven days in all. */
const maxAttempts = 90
/** How long an item is leased to whoever takes it. Longer than any attempt may last. */
const leaseSeconds = 60
/** Items done side by side: a Worker may hold six connections open. */
const concurrency = 4

/** Whether an attempt is the last one. */
export const isLastAttempt = (attempts: number): boolean => attempts >= maxAttempts

/** When to try again after so many attempts: in one minute, doubling, two hours at most. */
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
 * Whether an item is still as it was taken: whoever took it later, because this attempt outlived its lease, has a
 * higher count, and decides.
 */
export const isStillTaken = (
  table: QueueTable,
  { id, attempts }: { readonly id: number; readonly attempts: number },
): SQL | undefined => and(eq(table.id, id), eq(table.attempts, attempts))

/**
 * Does what is due, the longest waiting first, at most `size` items: `attempt` takes and does each. One whose outcome
 * cannot be written keeps no other from being done.
 * @throws what the first of those threw, after all
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
