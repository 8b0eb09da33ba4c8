import { and, eq, exists, lt, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import { markStatement } from './numbers-store.ts'
import { removed } from './table.ts'

/** How long a contact stays in the trash. */
const trashDays = 30

/** Entries of the trash that one run of the cron deletes at most. */
const sweepSize = 200

/** Where an owner's trash is. */
export const inTrash = (ownerId: number) => and(eq(removed.owner_id, ownerId), sql`content IS NOT NULL`)

/**
 * For a batch: deletes entries of the trash for good, with their pictures and files, in statements that the same
 * condition holds for. What was removed stays removed: only its content goes.
 */
export const emptyStatements = (db: Database, where: SQL | undefined) =>
  [
    markForDeletionStatement(db, removed, and(where, sql`content IS NOT NULL`)),
    db
      .update(removed)
      .set({ content: null, avatar: null })
      .where(and(where, sql`content IS NOT NULL`))
      .returning({ seq: removed.seq }),
  ] as const

/** The same of an owner's trash, after a mark that gives it a change number. The last returns what was emptied. */
function ownStatements(db: Database, ownerId: number, where?: SQL) {
  const all = and(inTrash(ownerId), where)
  const any = exists(db.select({ seq: removed.seq }).from(removed).where(all))
  return [markStatement(db, ownerId, any), ...emptyStatements(db, all)] as const
}

/** Deletes entries of an owner's trash for good, and gives that a change number. Returns how many there were. */
export async function emptyTrash(db: Database, ownerId: number, where?: SQL): Promise<number> {
  const [, , emptied] = await db.batch(ownStatements(db, ownerId, where))
  return emptied.length
}

/** For a batch: deletes the oldest entries of an owner's trash for good, so that it holds no more than `max`. */
export function trimStatements(db: Database, ownerId: number, max: number) {
  const beyond = db
    .select({ seq: removed.seq })
    .from(removed)
    .where(inTrash(ownerId))
    .orderBy(sql`seq DESC`)
    .limit(1)
    .offset(max)
  return ownStatements(db, ownerId, sql`${removed.seq} <= ${beyond}`)
}

/** The same, by itself. */
export async function trimTrash(db: Database, ownerId: number, max: number): Promise<void> {
  await db.batch(trimStatements(db, ownerId, max))
}

/** Deletes for good what has been in the trash for 30 days, some at a time; cron calls it every hour. */
export async function sweepTrash(db: Database): Promise<void> {
  const due = await db
    .select({ owner_id: removed.owner_id, seq: removed.seq })
    .from(removed)
    .where(and(sql`content IS NOT NULL`, lt(removed.removed_at, timestamp(Date.now() - trashDays * 86_400_000))))
    .orderBy(removed.removed_at)
    .limit(sweepSize)
  for (const [ownerId, rows] of Map.groupBy(due, ({ owner_id }) => owner_id)) {
    const numbers = JSON.stringify(rows.map(({ seq }) => seq))
    await emptyTrash(db, ownerId, sql`${removed.seq} IN (SELECT value FROM json_each(${numbers}))`)
  }
}
