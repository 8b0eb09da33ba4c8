import { and, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { timestamp } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { selectAsRow } from '../db/rows.ts'
import { attemptDue, isLastAttempt, isStillTaken, nextAttemptAt, takeItem } from '../queue/queue-store.ts'
import { describeError } from '../safe-errors.ts'
import { pictureDeletions } from './table.ts'

/** How long a stored picture may wait until a row shows it. Longer than any request. */
const reservationSeconds = 15 * 60
/** The maximum number of pictures that one cron run deletes. */
const sweepSize = 40

/** A table with rows that show pictures. */
type Showing = SQLiteTable & { readonly avatar: AnySQLiteColumn }

/**
 * Records a picture that is about to be stored: unless a row shows it within 15 minutes, it is deleted. Returns the
 * reservation for {@link keepReservedStatement}.
 */
export async function reservePicture(db: Database, picture: string): Promise<number> {
  const [row] = await db
    .insert(pictureDeletions)
    .values({ picture, due_at: timestamp(Date.now() + reservationSeconds * 1000), created_at: timestamp() })
    .returning({ id: pictureDeletions.id })
  if (!row) throw new Error('An inserted picture came back without a row.')
  return row.id
}

/** Records several pictures as {@link reservePicture} does. Returns the reservation of each. */
export async function reservePictures(db: Database, pictures: readonly string[]): Promise<Map<string, number>> {
  if (pictures.length === 0) return new Map()
  const due = timestamp(Date.now() + reservationSeconds * 1000)
  const row = selectAsRow(pictureDeletions, { picture: sql`value`, due_at: due, created_at: timestamp() })
  const rows = await db
    .insert(pictureDeletions)
    .select(db.select(row).from(sql`json_each(${JSON.stringify(pictures)})`))
    .returning({ id: pictureDeletions.id, picture: pictureDeletions.picture })
  return new Map(rows.map(({ id, picture }) => [picture, id]))
}

/** For a change's batch: keeps reserved pictures, which the same batch makes rows show. */
export const keepPicturesStatement = (db: Database, reservations: readonly number[]) =>
  db
    .delete(pictureDeletions)
    .where(sql`${pictureDeletions.id} IN (SELECT value FROM json_each(${JSON.stringify(reservations)}))`)

/** For the end of a change's batch: keeps a reserved picture, if a row that matches shows it now. */
export function keepReservedStatement(db: Database, reservation: number, table: Showing, where: SQL | undefined) {
  const visible = db.select({ picture: sql<string>`avatar` }).from(table).where(where)
  return db
    .delete(pictureDeletions)
    .where(and(eq(pictureDeletions.id, reservation), inArray(pictureDeletions.picture, visible)))
}

/** For the beginning of a change's batch: marks for deletion the pictures that the matching rows show. */
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

/** Deletes one picture from its store. Throws if it should be tried again later. */
export type DeletePicture = (picture: string) => Promise<void>

/** Whether anything shows a picture. */
export type IsShown = (picture: string) => Promise<boolean>

/** Deletes pictures that nothing shows any more, the longest waiting first; cron calls it every minute. */
export async function deleteDuePictures(db: Database, remove: DeletePicture, isShown: IsShown): Promise<void> {
  await attemptDue(db, pictureDeletions, sweepSize, (id) => deleteOne(db, id, remove, isShown))
}

async function deleteOne(db: Database, id: number, remove: DeletePicture, isShown: IsShown): Promise<void> {
  const row = await takeItem(db, pictureDeletions, id)
  if (!row) return
  const { picture, attempts } = row
  try {
    // Whatever still shows it marks it again when it stops showing it.
    if (!(await isShown(picture))) await remove(picture)
  } catch (error) {
    const isPermanentFailure = isLastAttempt(attempts)
    const level = isPermanentFailure ? 'error' : 'warn'
    // A picture that could not be deleted is named, so that it can be deleted by hand.
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
