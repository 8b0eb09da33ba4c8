import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import { markStatement } from './numbers-store.ts'
import { removed } from './table.ts'

/** How long a contact stays in the trash. */
const trashDays = 30

/** The most entries that one batch of the cron deletes, and the most batches of one run. */
const sweepSize = 1000
const sweepRounds = 10

/** The condition that a row of `removed` is in an owner's trash. */
export const inTrash = (ownerId: number) => and(eq(removed.owner_id, ownerId), sql`content IS NOT NULL`)

/**
 * For a batch: permanently deletes the entries of the trash that meet a condition, with their pictures and files. The
 * rows of `removed` stay, without content.
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

/** For a batch: permanently deletes entries of an owner's trash, and records a change if there are any. */
function numberedEmptyStatements(db: Database, ownerId: number, where?: SQL) {
  const all = and(inTrash(ownerId), where)
  const any = exists(db.select({ seq: removed.seq }).from(removed).where(all))
  return [markStatement(db, ownerId, any), ...emptyStatements(db, all)] as const
}

/** Permanently deletes entries of an owner's trash, as one change. Returns how many there were. */
export async function emptyTrash(db: Database, ownerId: number, where?: SQL): Promise<number> {
  const [, , emptied] = await db.batch(numberedEmptyStatements(db, ownerId, where))
  return emptied.length
}

/** For a batch: permanently deletes the oldest entries of an owner's trash, so that at most `max` are left. */
export function trimStatements(db: Database, ownerId: number, max: number) {
  const beyond = db
    .select({ seq: removed.seq })
    .from(removed)
    .where(inTrash(ownerId))
    .orderBy(sql`seq DESC`)
    .limit(1)
    .offset(max)
  return numberedEmptyStatements(db, ownerId, sql`${removed.seq} <= ${beyond}`)
}

/** Permanently deletes what has been in the trash for 30 days, in batches. Runs every hour (cron). */
export async function sweepTrash(db: Database): Promise<void> {
  const before = timestamp(Date.now() - trashDays * 86_400_000)
  const due = sql`(owner_id, seq) IN (
    SELECT owner_id, seq FROM removed WHERE content IS NOT NULL AND removed_at < ${before}
    ORDER BY removed_at, owner_id, seq LIMIT ${sweepSize}
  )`
  const owners = sql`(SELECT DISTINCT owner_id FROM removed WHERE ${due}) AS due`
  for (let round = 0; round < sweepRounds; round++) {
    const [, , emptied] = await db.batch([
      markStatement(db, sql`due.owner_id`, sql`1`, owners),
      ...emptyStatements(db, due),
    ])
    if (emptied.length < sweepSize) return
  }
}
