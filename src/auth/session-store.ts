import { and, count, desc, eq, gt, inArray, ne, notInArray, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { type AuditEvent, insertAuditEvent, type Origin } from '../audit/store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { columnValues, selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import { sessions } from './table.ts'

/** The maximum number of sessions of a user. Beyond it, the session that has been unused for longest ends. */
const maxSessions = 50

/**
 * Starts a session, if the account still has the hash that was verified, is not disabled and, with
 * `RESET_LOCKS_PASSWORD`, its password is not locked. So a login that overlaps a reset fails. `overSessionLimit`: there
 * are more than fifty sessions now, so call {@link endOldestSessions}.
 */
export async function startSession(
  db: Database,
  userId: number,
  verifiedHash: string,
  client: Origin,
  rejectLockedPassword = false,
): Promise<{ id: number; generation: number; overSessionLimit: boolean } | undefined> {
  const now = timestamp()
  const userCondition = and(
    eq(users.id, userId),
    eq(users.password_hash, verifiedHash),
    eq(users.disabled, false),
    rejectLockedPassword ? eq(users.password_barred, false) : undefined,
  )
  const row = selectAsRow(sessions, { ...client, user_id: userId, created_at: now, rotated_at: now })
  const [[session], [counted]] = await db.batch([
    db
      .insert(sessions)
      .select(db.select(row).from(users).where(userCondition))
      .returning({ id: sessions.id, generation: sessions.generation }),
    db.select({ all: count() }).from(sessions).where(eq(sessions.user_id, userId)),
    insertAuditEvent(db, { kind: 'logged-in', ...client }, userCondition),
  ])
  return session && { ...session, overSessionLimit: (counted?.all ?? 0) > maxSessions }
}

/** Ends all but the fifty most recently used sessions of a user, at a revision that the user's gate has issued. */
export async function endOldestSessions(db: Database, userId: number, revision: number): Promise<void> {
  const newest = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.user_id, userId))
    .orderBy(desc(sessions.rotated_at), desc(sessions.id))
    .limit(maxSessions)
  await db.batch([
    db.update(users).set({ revision }).where(eq(users.id, userId)),
    db.delete(sessions).where(and(eq(sessions.user_id, userId), notInArray(sessions.id, newest))),
  ])
}

/** A session expires when it has been unused or has existed for too long. Both bounds are timestamps. */
export interface SessionCutoffs {
  readonly usedSince: string
  readonly startedSince: string
}

const alive = ({ usedSince, startedSince }: Record<keyof SessionCutoffs, string | Placeholder>) =>
  and(gt(sessions.rotated_at, usedSince), gt(sessions.created_at, startedSince))

// A disabled account cannot refresh. Correlated with this one account: `IN (SELECT …)` would list all users.
const ofEnabledUser = sql`EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND NOT users.disabled)`

const rotate = preparedQuery(['id', 'at', 'rotated_at', 'address', 'usedSince', 'startedSince'], (db, params) =>
  db
    .update(sessions)
    .set({ ...columnValues(sessions, ['rotated_at', 'address'], params), generation: sql`${sessions.generation} + 1` })
    .where(and(eq(sessions.id, params.id), eq(sessions.generation, params.at), alive(params), ofEnabledUser))
    .returning({ userId: sessions.user_id, generation: sessions.generation }),
)

/**
 * Raises a session's generation; of two requests at once, one succeeds. Undefined if `generation` is not the current
 * one.
 */
export async function rotateSession(
  db: Database,
  sessionId: number,
  generation: number,
  bounds: SessionCutoffs,
  address: string | null,
): Promise<{ userId: number; generation: number } | undefined> {
  const [row] = await rotate(db, { id: sessionId, at: generation, rotated_at: timestamp(), address, ...bounds })
  return row
}

const findGood = preparedQuery(['id', 'usedSince', 'startedSince'], (db, params) =>
  db
    .select({
      userId: sessions.user_id,
      generation: sessions.generation,
      rotatedAt: sessions.rotated_at,
      revision: users.revision,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.user_id))
    .where(and(eq(sessions.id, params.id), alive(params), eq(users.disabled, false))),
)

/** Finds a session that has not expired, as it is now. */
export async function findSession(db: Database, sessionId: number, bounds: SessionCutoffs) {
  const [row] = await findGood(db, { id: sessionId, ...bounds })
  return row
}

/** A condition for writes that happen some time after the guard: the request's session is still active. */
export const isSessionAlive = (sessionId: number): SQL =>
  sql`EXISTS (SELECT 1 FROM sessions WHERE sessions.id = ${sessionId})`

/** Lists a user's active sessions, most recently used first. */
export function listSessions(db: Database, userId: number, bounds: SessionCutoffs) {
  return db
    .select()
    .from(sessions)
    .where(and(eq(sessions.user_id, userId), alive(bounds)))
    .orderBy(desc(sessions.rotated_at), desc(sessions.id))
}

/**
 * Ends one session of a user, or all but one, at a revision that the user's gate has issued, and records `event`;
 * nothing if it is null. Returns how many ended.
 */
export async function endSessions(
  db: Database,
  userId: number,
  which: { only: number } | { allBut: number },
  revision: number,
  event: AuditEvent | null,
): Promise<number> {
  const chosen = 'only' in which ? eq(sessions.id, which.only) : ne(sessions.id, which.allBut)
  const raising = db.update(users).set({ revision }).where(eq(users.id, userId))
  const ending = db
    .delete(sessions)
    .where(and(eq(sessions.user_id, userId), chosen))
    .returning({ id: sessions.id })
  if (!event) {
    const [, ended] = await db.batch([raising, ending])
    return ended.length
  }
  const [, , ended] = await db.batch([
    raising,
    insertAuditEvent(
      db,
      event,
      and(
        eq(users.id, userId),
        inArray(
          users.id,
          db
            .select({ id: sessions.user_id })
            .from(sessions)
            .where(and(eq(sessions.user_id, userId), chosen)),
        ),
      ),
    ),
    ending,
  ])
  return ended.length
}
