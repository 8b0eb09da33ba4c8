import { and, asc, eq, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { rowOf } from '../db/rows.ts'
import { told } from '../told.ts'
import { discardedPictures } from './table.ts'

/** How long a picture that was put somewhere may wait to be shown before it counts as forgotten. Longer than any request. */
const adoptionSeconds = 15 * 60
/** How long a removal may take before another may try. */
const leaseSeconds = 60
/** Tries before a removal is given up, in the log: seven in the first two hours, then one every two, so seven days in all. */
const maxAttempts = 90
const sweepSize = 40
/** Removals side by side: a Worker may hold six connections open. */
const abreast = 4

/** A table whose rows show pictures. */
type Showing = SQLiteTable & { readonly avatar: AnySQLiteColumn }

/**
 * Writes down a picture that is about to be put somewhere: unless a row shows it within a quarter of an hour, it is removed.
 * Returns what {@link adopted} asks for.
 */
export async function reserve(db: Database, picture: string): Promise<number> {
  const [row] = await db
    .insert(discardedPictures)
    .values({ picture, due_at: timestamp(Date.now() + adoptionSeconds * 1000), created_at: timestamp() })
    .returning({ id: discardedPictures.id })
  if (!row) throw new Error('An inserted picture came back without a row.')
  return row.id
}

/** For the batch of a change, after it: the picture stays, if a row that fits shows it now. */
export function adopted(db: Database, reservation: number, table: Showing, where: SQL | undefined) {
  const shown = db.select({ picture: sql<string>`avatar` }).from(table).where(where)
  return db
    .delete(discardedPictures)
    .where(and(eq(discardedPictures.id, reservation), inArray(discardedPictures.picture, shown)))
}

/** For the batch of a change, before it: what the rows that fit show will be removed. */
export function discarding(db: Database, table: Showing, where: SQL | undefined) {
  const now = timestamp()
  const row = rowOf(discardedPictures, { picture: sql`${table.avatar}`, due_at: now, created_at: now })
  return db.insert(discardedPictures).select(
    db
      .select(row)
      .from(table)
      .where(and(isNotNull(table.avatar), where)),
  )
}

/** Removes one picture from where it is kept. Throws where that may go better another time. */
export type Remover = (picture: string) => Promise<void>

/** Seconds until the next try: one minute, doubling, two hours at most. */
const backOffSeconds = (attempts: number): number => Math.min(60 * 2 ** (attempts - 1), 7200)

/** Removes what nobody shows any more, the longest waiting first; cron calls it every minute. */
export async function sweepPictures(db: Database, remove: Remover): Promise<void> {
  const due = await db
    .select({ id: discardedPictures.id })
    .from(discardedPictures)
    .where(lte(discardedPictures.due_at, timestamp()))
    .orderBy(asc(discardedPictures.due_at))
    .limit(sweepSize)
  const ended: PromiseSettledResult<void>[] = []
  for (let at = 0; at < due.length; at += abreast) {
    ended.push(...(await Promise.allSettled(due.slice(at, at + abreast).map(({ id }) => removeOne(db, id, remove)))))
  }
  // One picture whose outcome cannot be written keeps no other from being removed.
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason
}

async function removeOne(db: Database, id: number, remove: Remover): Promise<void> {
  const now = Date.now()
  const [row] = await db
    .update(discardedPictures)
    .set({ attempts: sql`${discardedPictures.attempts} + 1`, due_at: timestamp(now + leaseSeconds * 1000) })
    .where(and(eq(discardedPictures.id, id), lte(discardedPictures.due_at, timestamp(now))))
    .returning()
  if (!row) return
  const { picture, attempts } = row
  try {
    await remove(picture)
  } catch (error) {
    const hopeless = attempts >= maxAttempts
    const level = hopeless ? 'error' : 'warn'
    // What is given up is named, so that it can be removed by hand.
    const named = hopeless ? { picture } : {}
    console.warn(JSON.stringify({ level, discarded: id, attempts, hopeless, ...named, error: told(error) }))
    if (!hopeless) {
      await db
        .update(discardedPictures)
        .set({ due_at: timestamp(Date.now() + backOffSeconds(attempts) * 1000) })
        .where(and(eq(discardedPictures.id, id), eq(discardedPictures.attempts, attempts)))
      return
    }
  }
  await db.delete(discardedPictures).where(eq(discardedPictures.id, id))
}
