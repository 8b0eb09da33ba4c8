import { and, count, desc, eq, gt, inArray, isNotNull, isNull, lt, ne, notInArray, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { isUniqueViolation } from '../platform/db/errors.ts'
import { rowOf } from '../platform/db/rows.ts'
import { fold } from '../platform/fold.ts'
import { outbox } from '../platform/mail/table.ts'
import { catchUp, changedAt } from '../users/store.ts'
import { type Account, emailKey, type UserRow, users } from '../users/table.ts'
import { type Client, forgetEvents, type Happening, recorded } from './events.ts'
import { type LinkLetter, linkStatements } from './links.ts'
import { events, links, sessions } from './table.ts'

/** How long an account may wait to be confirmed before its address is free again. */
export const unconfirmedSeconds = 7 * 86_400

/** How many devices one person may be signed in on; the one unused for longest ends. */
const maxSessions = 50

/**
 * Makes an account, its confirmation link and the letter that carries it, all or nothing. Of two at once with one address (in
 * any spelling) one wins: the other gets `email-taken`.
 */
export async function createAccount(
  db: Database,
  account: { username: string; email: string; passwordHash: string; locale: UserRow['locale'] },
  link: LinkLetter,
  client: Client,
): Promise<{ user: UserRow; letterId: number | undefined } | 'email-taken'> {
  const email_key = emailKey(account.email)
  try {
    const [[user], , [letter]] = await db.batch([
      db
        .insert(users)
        .values({
          username: account.username,
          username_key: fold(account.username),
          email: account.email,
          email_key,
          password_hash: account.passwordHash,
          locale: account.locale,
          created_at: timestamp(),
        })
        .returning(),
      ...linkStatements(db, 'confirm-email', link, eq(users.email_key, email_key)),
      recorded(db, { kind: 'signed-up', ...client }, eq(users.email_key, email_key)),
    ])
    if (!user) throw new Error('An inserted user came back without a row.')
    return { user, letterId: letter?.id }
  } catch (error) {
    if (isUniqueViolation(error, 'users.email_key')) return 'email-taken'
    throw error
  }
}

/** Writes a revision that a person's gate has issued, and nothing else: so that row and gate agree again. */
export async function touchUser(db: Database, userId: number, revision: number): Promise<void> {
  await catchUp(db, userId, revision)
}

/** Makes an account an admin, at a revision that its gate has issued, if it is confirmed with this address and is none yet. */
export async function promote(
  db: Database,
  userId: number,
  email: string,
  revision: number,
  client: Client,
): Promise<void> {
  const named = and(eq(users.id, userId), eq(users.email_key, emailKey(email)), isNotNull(users.confirmed_at))
  await db.batch([
    db
      .update(users)
      .set({ role: 'admin', revision })
      .where(and(named, ne(users.role, 'admin'))),
    recorded(db, { kind: 'role-changed', detail: 'admin', ...client }, changedAt(userId, revision)),
    catchUp(db, userId, revision),
  ])
}

/** Replaces a hash by a costlier one of the same password, unless the password has changed meanwhile. */
export async function replaceHash(db: Database, userId: number, verified: string, fresh: string): Promise<boolean> {
  const rows = await db
    .update(users)
    .set({ password_hash: fresh })
    .where(and(eq(users.id, userId), eq(users.password_hash, verified), eq(users.disabled, false)))
    .returning({ id: users.id })
  return rows.length > 0
}

/**
 * Begins a session, only while the account still has the hash that was verified, is not disabled and, where that is heeded, its
 * password not barred: a login that overlaps a reset loses. `crowded`: there are more than fifty now, so {@link endOldestSessions}.
 */
export async function startSession(
  db: Database,
  userId: number,
  verifiedHash: string,
  client: Client,
  heedBar = false,
): Promise<{ id: number; generation: number; crowded: boolean } | undefined> {
  const now = timestamp()
  const whose = and(
    eq(users.id, userId),
    eq(users.password_hash, verifiedHash),
    eq(users.disabled, false),
    heedBar ? eq(users.password_barred, false) : undefined,
  )
  const row = rowOf(sessions, { ...client, user_id: userId, created_at: now, rotated_at: now })
  const [[session], [counted]] = await db.batch([
    db
      .insert(sessions)
      .select(db.select(row).from(users).where(whose))
      .returning({ id: sessions.id, generation: sessions.generation }),
    db.select({ all: count() }).from(sessions).where(eq(sessions.user_id, userId)),
    recorded(db, { kind: 'logged-in', ...client }, whose),
  ])
  return session && { ...session, crowded: (counted?.all ?? 0) > maxSessions }
}

/** Ends whatever sessions of a person are past the fifty used last, at a revision that the person's gate has issued. */
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

/** A session that has been idle or alive for too long is no session. Both bounds are moments. */
export interface Alive {
  readonly usedSince: string
  readonly startedSince: string
}

const alive = ({ usedSince, startedSince }: Alive) =>
  and(gt(sessions.rotated_at, usedSince), gt(sessions.created_at, startedSince))

// An account that has been disabled refreshes nothing. Asked of this one account: `IN (SELECT …)` would list everybody's.
const ofEnabledUser = sql`EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND NOT users.disabled)`

/** Takes a session one generation further: of two at once, one. Undefined when `generation` is not the current one. */
export async function rotateSession(
  db: Database,
  sessionId: number,
  generation: number,
  bounds: Alive,
  address: string | null,
): Promise<{ userId: number; generation: number } | undefined> {
  const [row] = await db
    .update(sessions)
    .set({ generation: sql`${sessions.generation} + 1`, rotated_at: timestamp(), address })
    .where(and(eq(sessions.id, sessionId), eq(sessions.generation, generation), alive(bounds), ofEnabledUser))
    .returning({ userId: sessions.user_id, generation: sessions.generation })
  return row
}

/** A session that is still good, as it is now. */
export async function findSession(db: Database, sessionId: number, bounds: Alive) {
  const [row] = await db
    .select({
      userId: sessions.user_id,
      generation: sessions.generation,
      rotatedAt: sessions.rotated_at,
      revision: users.revision,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.user_id))
    .where(and(eq(sessions.id, sessionId), alive(bounds), eq(users.disabled, false)))
  return row
}

/** A person's sessions that live, the one used last first. */
export function listSessions(db: Database, userId: number, bounds: Alive) {
  return db
    .select()
    .from(sessions)
    .where(and(eq(sessions.user_id, userId), alive(bounds)))
    .orderBy(desc(sessions.rotated_at), desc(sessions.id))
}

/**
 * Ends one session of a person, or all others, at a revision that the person's gate has issued, and records why. Returns how
 * many ended.
 */
export async function endSessions(
  db: Database,
  userId: number,
  which: { only: number } | { allBut: number },
  revision: number,
  happening: Happening,
): Promise<number> {
  const chosen = 'only' in which ? eq(sessions.id, which.only) : ne(sessions.id, which.allBut)
  const [, , ended] = await db.batch([
    db.update(users).set({ revision }).where(eq(users.id, userId)),
    recorded(
      db,
      happening,
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
    db
      .delete(sessions)
      .where(and(eq(sessions.user_id, userId), chosen))
      .returning({ id: sessions.id }),
  ])
  return ended.length
}

/** What the edge may remember of a user: the account, but no password, and the sessions that live. */
export interface Copy {
  readonly account: Account
  readonly sessions: readonly number[]
}

/** A user's row and sessions, as they are in the database at one moment; undefined when there is no such user. */
export async function findCopy(db: Database, userId: number): Promise<Copy | undefined> {
  const [row] = await db
    .select({
      id: users.id,
      username: users.username,
      email: users.email,
      role: users.role,
      disabled: users.disabled,
      locale: users.locale,
      avatar: users.avatar,
      confirmed_at: users.confirmed_at,
      revision: users.revision,
      created_at: users.created_at,
      // One statement, so that row and sessions are of one moment. Names written out: Drizzle leaves the table out of a
      // column's name where a query has only one.
      sessions: sql<string>`(SELECT json_group_array(sessions.id) FROM sessions WHERE sessions.user_id = users.id)`.as(
        'session_ids',
      ),
    })
    .from(users)
    .where(eq(users.id, userId))
  if (!row) return undefined
  const { sessions: ids, ...account } = row
  return { account, sessions: sessionIds.parse(JSON.parse(ids)) }
}

const sessionIds = z.array(z.int())

/**
 * Forgets what time has made useless: links that expired, sessions that died, events long past, and accounts that nobody
 * confirmed, so that nobody blocks another's address.
 */
export async function forgetExpired(db: Database, unconfirmedBefore: string, { usedSince, startedSince }: Alive) {
  const abandoned = db
    .select({ id: users.id })
    .from(users)
    .where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore)))
  await db.batch([
    db.delete(links).where(or(lt(links.expires_at, timestamp()), inArray(links.user_id, abandoned))),
    forgetEvents(db),
    db.delete(events).where(inArray(events.user_id, abandoned)),
    // Two statements: each goes by an index of its own.
    db.delete(sessions).where(lt(sessions.rotated_at, usedSince)),
    db.delete(sessions).where(lt(sessions.created_at, startedSince)),
    db.delete(outbox).where(inArray(outbox.user_id, abandoned)),
    // Last: the statements above ask who is abandoned. Foreign keys cascade on D1 and may be off on libSQL.
    db.delete(users).where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore))),
  ])
}
