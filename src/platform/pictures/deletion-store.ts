import { and, asc, eq, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { selectAsRow } from '../db/rows.ts'
import { describeError } from '../safe-errors.ts'
import { pictureDeletions } from './table.ts'

/**
 * How long a picture that was put somewhere may wait to be shown before it counts as forgotten. Longer than any
 * request.
 */
const adoptionSeconds = 15 * 60
/** How long a removal may take before another may try. */
const leaseSeconds = 60
/**
 * Tries before a removal is given up, in the log: seven in the first two hours, then one every two, so seven days in
 * all.
 */
const maxAttempts = 90
const sweepSize = 40
/** Removals side by side: a Worker may hold six connections open. */
const concurrency = 4

/** A table whose rows show pictures. */
type Showing = SQLiteTable & { readonly avatar: AnySQLiteColumn }

/**
 * Writes down a picture that is about to be put somewhere: unless a row shows it within a quarter of an hour, it is
 * removed. Returns what {@link keepReservedStatement} asks for.
 */
export async function reservePicture(db: Database, picture: string): Promise<number> {
  const [row] = await db
    .insert(pictureDeletions)
    .values({ picture, due_at: timestamp(Date.now() + adoptionSeconds * 1000), created_at: timestamp() })
    .returning({ id: pictureDeletions.id })
  if (!row) throw new Error('An inserted picture came back without a row.')
  return row.id
}

/** For the batch of a change, after it: the picture stays, if a row that fits shows it now. */
export function keepReservedStatement(db: Database, reservation: number, table: Showing, where: SQL | undefined) {
  const visible = db.select({ picture: sql<string>`avatar` }).from(table).where(where)
  return db
    .delete(pictureDeletions)
    .where(and(eq(pictureDeletions.id, reservation), inArray(pictureDeletions.picture, visible)))
}

/** For the batch of a change, before it: what the rows that fit show will be removed. */
export function markForDeletionStatement(db: Database, table: Showing, where: SQL | undefined) {
  const now = timestamp()
  const row = selectAsRow(pictureDeletions, { picture: sql`${table.avatar}`, due_at: now, created_at: now })
  return db.insert(pictureDeletions).select(
    db
      .select(row)
      .from(table)
      .where(and(isNotNull(table.avatar), where)),
  )
}

/** Removes one picture from where it is kept. Throws where that may go better another time. */
export type DeletePicture = (picture: string) => Promise<void>

/** Seconds until the next try: one minute, doubling, two hours at most. */
const backOffSeconds = (attempts: number): number => Math.min(60 * 2 ** (attempts - 1), 7200)

/** Removes what nobody shows any more, the longest waiting first; cron calls it every minute. */
export async function deleteDuePictures(db: Database, remove: DeletePicture): Promise<void> {
  const due = await db
    .select({ id: pictureDeletions.id })
    .from(pictureDeletions)
    .where(lte(pictureDeletions.due_at, timestamp()))
    .orderBy(asc(pictureDeletions.due_at))
    .limit(sweepSize)
  const ended: PromiseSettledResult<void>[] = []
  for (let at = 0; at < due.length; at += concurrency) {
    ended.push(
      ...(await Promise.allSettled(due.slice(at, at + concurrency).map(({ id }) => removeOne(db, id, remove)))),
    )
  }
  // One picture whose outcome cannot be written keeps no other from being removed.
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason
}

async function removeOne(db: Database, id: number, remove: DeletePicture): Promise<void> {
  const now = Date.now()
  const [row] = await db
    .update(pictureDeletions)
    .set({ attempts: sql`${pictureDeletions.attempts} + 1`, due_at: timestamp(now + leaseSeconds * 1000) })
    .where(and(eq(pictureDeletions.id, id), lte(pictureDeletions.due_at, timestamp(now))))
    .returning()
  if (!row) return
  const { picture, attempts } = row
  try {
    await remove(picture)
  } catch (error) {
    const isPermanentFailure = attempts >= maxAttempts
    const level = isPermanentFailure ? 'error' : 'warn'
    // What is given up is named, so that it can be removed by hand.
    const named = isPermanentFailure ? { picture } : {}
    console.warn(
      JSON.stringify({
        level,
        discarded: id,
        attempts,
        isPermanentFailure: isPermanentFailure,
        ...named,
        error: describeError(error),
      }),
    )
    if (!isPermanentFailure) {
      await db
        .update(pictureDeletions)
        .set({ due_at: timestamp(Date.now() + backOffSeconds(attempts) * 1000) })
        .where(and(eq(pictureDeletions.id, id), eq(pictureDeletions.attempts, attempts)))
      return
    }
  }
  await db.delete(pictureDeletions).where(eq(pictureDeletions.id, id))
}
