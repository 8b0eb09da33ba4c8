import { and, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { selectAsRow } from '../db/rows.ts'
import { attemptDue, isLastAttempt, isStillTaken, nextAttemptAt, takeItem } from '../queue/queue-store.ts'
import { describeError } from '../safe-errors.ts'
import { pictureDeletions } from './table.ts'

/**
 * How long a picture that was put somewhere may wait to be shown before it counts as forgotten. Longer than any
 * request.
 */
const adoptionSeconds = 15 * 60
/** Pictures that one run of the cron deletes at most. */
const sweepSize = 40

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

/** Whether anything shows a picture. */
export type IsShown = (picture: string) => Promise<boolean>

/** Removes what nobody shows any more, the longest waiting first; cron calls it every minute. */
export async function deleteDuePictures(db: Database, remove: DeletePicture, isShown: IsShown): Promise<void> {
  await attemptDue(db, pictureDeletions, sweepSize, (id) => deleteOne(db, id, remove, isShown))
}

async function deleteOne(db: Database, id: number, remove: DeletePicture, isShown: IsShown): Promise<void> {
  const row = await takeItem(db, pictureDeletions, id)
  if (!row) return
  const { picture, attempts } = row
  try {
    // What still shows it marks it anew when it no longer does.
    if (!(await isShown(picture))) await remove(picture)
  } catch (error) {
    const isPermanentFailure = isLastAttempt(attempts)
    const level = isPermanentFailure ? 'error' : 'warn'
    // What is given up is named, so that it can be removed by hand.
    const named = isPermanentFailure ? { picture } : {}
    console.warn(
      JSON.stringify({
        level,
        discarded: id,
        attempts,
        hopeless: isPermanentFailure,
        ...named,
        error: describeError(error),
      }),
    )
    if (!isPermanentFailure) {
      await db
        .update(pictureDeletions)
        .set({ due_at: nextAttemptAt(attempts) })
        .where(isStillTaken(pictureDeletions, row))
      return
    }
  }
  await db.delete(pictureDeletions).where(eq(pictureDeletions.id, id))
}
