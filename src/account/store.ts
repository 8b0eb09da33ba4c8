import { and, asc, eq, gt, inArray, type SQL } from 'drizzle-orm'
import { type Happening, recorded } from '../auth/events.ts'
import { letterStatement } from '../auth/links.ts'
import { events, links, sessions } from '../auth/table.ts'
import { contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import type { Posted } from '../platform/mail/outbox.ts'
import { outbox } from '../platform/mail/table.ts'
import { catchUp, changedAt, isNotLastAdmin } from '../users/store.ts'
import { users } from '../users/table.ts'

/**
 * Deletes an account with all that belongs to it, in one batch, at a revision that its gate has issued; where `still` does not
 * hold at that very moment, or the account is the last admin's, nothing. What is left is a line that says when: an id and a
 * time. Returns whether it was deleted.
 */
export async function deleteAccount(
  db: Database,
  userId: number,
  revision: number,
  still: SQL | undefined,
  actorId?: number,
): Promise<boolean> {
  const whose = db.select({ id: users.id }).from(users).where(changedAt(userId, revision))
  // Foreign keys cascade on D1 and may be off on libSQL: every table by itself.
  const [rows] = await db.batch([
    db
      .update(users)
      .set({ revision })
      .where(and(eq(users.id, userId), still, isNotLastAdmin))
      .returning({ id: users.id }),
    db.delete(contacts).where(inArray(contacts.owner_id, whose)),
    db.delete(sessions).where(inArray(sessions.user_id, whose)),
    db.delete(links).where(inArray(links.user_id, whose)),
    db.delete(outbox).where(inArray(outbox.user_id, whose)),
    db.delete(events).where(inArray(events.user_id, whose)),
    recorded(
      db,
      { kind: 'deleted', address: null, device: null, ...(actorId === undefined ? {} : { actorId }) },
      changedAt(userId, revision),
    ),
    db.delete(users).where(changedAt(userId, revision)),
    catchUp(db, userId, revision),
  ])
  return rows.length > 0
}

/** The condition that a password is still the one that was verified. */
export const stillHas = (verifiedHash: string): SQL => eq(users.password_hash, verifiedHash)

/** Tells the owner of an address that somebody wants it for another account, and that one's owner the usual. Letters to deliver. */
export async function tellInUse(
  db: Database,
  ownerId: number,
  toOwner: Posted,
  userId: number,
  notice: Posted,
  happening: Happening,
): Promise<number[]> {
  const [[first], [second]] = await db.batch([
    letterStatement(db, toOwner, eq(users.id, ownerId)),
    letterStatement(db, notice, eq(users.id, userId)),
    recorded(db, happening, eq(users.id, userId)),
  ])
  return [first, second].flatMap((row) => row?.id ?? [])
}

/** Rows read at once: a book of 50,000 takes 25 queries, and a page of the longest notes fits an isolate's memory. */
const pageSize = 2000

/** The rows of one of an account's tables in the order of their ids, a page at a time. */
async function* pages<Row extends { id: number }>(
  read: (after: number, limit: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let after = 0
  while (true) {
    const rows = await read(after, pageSize)
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (!last || rows.length < pageSize) return
    after = last.id
  }
}

/** Everything that is held about an account, table by table, a page at a time. */
export const held = {
  contacts: (db: Database, userId: number) =>
    pages((after, limit) =>
      db
        .select()
        .from(contacts)
        .where(and(eq(contacts.owner_id, userId), gt(contacts.id, after)))
        .orderBy(asc(contacts.id))
        .limit(limit),
    ),
  sessions: (db: Database, userId: number) =>
    pages((after, limit) =>
      db
        .select()
        .from(sessions)
        .where(and(eq(sessions.user_id, userId), gt(sessions.id, after)))
        .orderBy(asc(sessions.id))
        .limit(limit),
    ),
  links: (db: Database, userId: number) =>
    pages((after, limit) =>
      db
        .select()
        .from(links)
        .where(and(eq(links.user_id, userId), gt(links.id, after)))
        .orderBy(asc(links.id))
        .limit(limit),
    ),
  letters: (db: Database, userId: number) =>
    pages((after, limit) =>
      db
        .select()
        .from(outbox)
        .where(and(eq(outbox.user_id, userId), gt(outbox.id, after)))
        .orderBy(asc(outbox.id))
        .limit(limit),
    ),
  events: (db: Database, userId: number) =>
    pages((after, limit) =>
      db
        .select()
        .from(events)
        .where(and(eq(events.user_id, userId), gt(events.id, after)))
        .orderBy(asc(events.id))
        .limit(limit),
    ),
}
