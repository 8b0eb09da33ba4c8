import { and, count, desc, eq, gt, inArray, isNull, lt, notInArray, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { isUniqueViolation } from '../platform/db/errors.ts'
import { type Posted, posted } from '../platform/mail/outbox.ts'
import { outbox } from '../platform/mail/table.ts'
import { emailKey, type UserRow, users } from '../users/table.ts'
import { links, sessions } from './table.ts'

/** How long an account may wait to be confirmed before its address is free again. */
export const unconfirmedSeconds = 7 * 86_400

/** How many devices one person may be signed in on; the one unused for longest ends. */
const maxSessions = 50

/** A link that goes out in a letter: its stored hash and the letter that carries it. */
export interface LinkLetter {
  readonly tokenHash: string
  readonly expiresAt: string
  readonly letter: Posted
}

// A link and its letter, for the account that `whose` picks: both rows, or, where it picks nobody, neither.
function linkStatements(db: Database, { tokenHash, expiresAt, letter }: LinkLetter, whose: ReturnType<typeof and>) {
  const row = posted(letter, null)
  return [
    db.insert(links).select(
      db
        .select({
          id: sql<number>`NULL`.as('id'),
          user_id: users.id,
          purpose: sql<'confirm-email'>`'confirm-email'`.as('purpose'),
          token_hash: sql<string>`${tokenHash}`.as('token_hash'),
          expires_at: sql<string>`${expiresAt}`.as('expires_at'),
          created_at: sql<string>`${row.created_at}`.as('created_at'),
        })
        .from(users)
        .where(whose),
    ),
    db
      .insert(outbox)
      .select(
        db
          .select({
            id: sql<number>`NULL`.as('id'),
            user_id: sql<number>`${users.id}`.as('user_id'),
            kind: sql<string>`${row.kind}`.as('kind'),
            recipient: sql<string>`${users.email}`.as('recipient'),
            subject: sql<string>`${row.subject}`.as('subject'),
            text: sql<string>`${row.text}`.as('text'),
            html: sql<string>`${row.html}`.as('html'),
            attempts: sql<number>`0`.as('attempts'),
            due_at: sql<string>`${row.due_at}`.as('due_at'),
            sent_at: sql<null>`NULL`.as('sent_at'),
            failed_at: sql<null>`NULL`.as('failed_at'),
            last_error: sql<null>`NULL`.as('last_error'),
            created_at: sql<string>`${row.created_at}`.as('created_at'),
          })
          .from(users)
          .where(whose),
      )
      .returning({ id: outbox.id }),
  ] as const
}

/**
 * Makes an account, its confirmation link and the letter that carries it, all or nothing. Of two at once with one address (in
 * any spelling) one wins: the other gets `email-taken`.
 */
export async function createAccount(
  db: Database,
  account: { username: string; email: string; passwordHash: string; locale: UserRow['locale'] },
  link: LinkLetter,
): Promise<{ user: UserRow; letterId: number | undefined } | 'email-taken'> {
  const email_key = emailKey(account.email)
  try {
    const [[user], , [letter]] = await db.batch([
      db
        .insert(users)
        .values({
          username: account.username,
          email: account.email,
          email_key,
          password_hash: account.passwordHash,
          locale: account.locale,
          created_at: timestamp(),
        })
        .returning(),
      ...linkStatements(db, link, eq(users.email_key, email_key)),
    ])
    if (!user) throw new Error('An inserted user came back without a row.')
    return { user, letterId: letter?.id }
  } catch (error) {
    if (isUniqueViolation(error, 'users.email_key')) return 'email-taken'
    throw error
  }
}

/**
 * Makes one more link and the letter that carries it, if the account still exists and needs one.
 * Returns the letter to deliver, if there is one.
 */
export async function renewConfirmation(db: Database, userId: number, link: LinkLetter): Promise<number | undefined> {
  const [, [letter]] = await db.batch(linkStatements(db, link, and(eq(users.id, userId), isNull(users.confirmed_at))))
  return letter?.id
}

/** The account that a confirmation link belongs to, while the link lives. */
export async function findConfirmation(
  db: Database,
  tokenHash: string,
): Promise<{ userId: number; confirmed: boolean; revision: number } | undefined> {
  const [row] = await db
    .select({ userId: users.id, confirmedAt: users.confirmed_at, revision: users.revision })
    .from(links)
    .innerJoin(users, eq(users.id, links.user_id))
    .where(and(eq(links.token_hash, tokenHash), eq(links.purpose, 'confirm-email'), gt(links.expires_at, timestamp())))
  return row && { userId: row.userId, confirmed: row.confirmedAt !== null, revision: row.revision }
}

/**
 * Confirms an account's address, at a revision that its gate has issued. A second time changes nothing but the revision, which
 * is always written: a gate ahead of its row would keep the user out of every cache.
 */
export async function confirmUser(db: Database, userId: number, revision: number): Promise<void> {
  await db
    .update(users)
    .set({ confirmed_at: sql`coalesce(${users.confirmed_at}, ${timestamp()})`, revision })
    .where(eq(users.id, userId))
}

/** Writes a revision that a person's gate has issued, and nothing else: so that row and gate agree again. */
export async function touchUser(db: Database, userId: number, revision: number): Promise<void> {
  await db.update(users).set({ revision }).where(eq(users.id, userId))
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
 * Begins a session, only while the account still has the hash that was verified and is not disabled: a login that overlaps a
 * reset loses. `crowded`: there are more than fifty now, so {@link endOldestSessions}.
 */
export async function startSession(
  db: Database,
  userId: number,
  verifiedHash: string,
  client: { device: string | null; address: string | null },
): Promise<{ id: number; generation: number; crowded: boolean } | undefined> {
  const now = timestamp()
  const [[session], [counted]] = await db.batch([
    db
      .insert(sessions)
      .select(
        db
          .select({
            id: sql<number>`NULL`.as('id'),
            user_id: users.id,
            generation: sql<number>`1`.as('generation'),
            device: sql<string | null>`${client.device}`.as('device'),
            address: sql<string | null>`${client.address}`.as('address'),
            created_at: sql<string>`${now}`.as('created_at'),
            rotated_at: sql<string>`${now}`.as('rotated_at'),
          })
          .from(users)
          .where(and(eq(users.id, userId), eq(users.password_hash, verifiedHash), eq(users.disabled, false))),
      )
      .returning({ id: sessions.id, generation: sessions.generation }),
    db.select({ all: count() }).from(sessions).where(eq(sessions.user_id, userId)),
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

// An account that has been disabled refreshes nothing.
const ofEnabledUser = (db: Database) =>
  inArray(sessions.user_id, db.select({ id: users.id }).from(users).where(eq(users.disabled, false)))

/** Takes a session one generation further: of two at once, one. Undefined when `generation` is not the current one. */
export async function rotateSession(
  db: Database,
  sessionId: number,
  generation: number,
  bounds: Alive,
): Promise<{ userId: number; generation: number } | undefined> {
  const [row] = await db
    .update(sessions)
    .set({ generation: sql`${sessions.generation} + 1`, rotated_at: timestamp() })
    .where(and(eq(sessions.id, sessionId), eq(sessions.generation, generation), alive(bounds), ofEnabledUser(db)))
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

/** Ends one session of a person, at a revision that the person's gate has issued. */
export async function endSession(db: Database, userId: number, sessionId: number, revision: number): Promise<void> {
  await db.batch([
    db.update(users).set({ revision }).where(eq(users.id, userId)),
    db.delete(sessions).where(and(eq(sessions.id, sessionId), eq(sessions.user_id, userId))),
  ])
}

/** What the edge may remember of a user: the account, but no password, and the sessions that live. */
export interface Copy {
  readonly account: Account
  readonly sessions: readonly number[]
}

/** The account of one who is signed in: everything but the password. */
export type Account = Omit<UserRow, 'password_hash' | 'email_key'>

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
 * Forgets what time has made useless: links that expired, sessions that died, and accounts that nobody confirmed, so that nobody
 * blocks another's address.
 */
export async function forgetExpired(db: Database, unconfirmedBefore: string, { usedSince, startedSince }: Alive) {
  const abandoned = db
    .select({ id: users.id })
    .from(users)
    .where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore)))
  await db.batch([
    db.delete(links).where(or(lt(links.expires_at, timestamp()), inArray(links.user_id, abandoned))),
    db.delete(sessions).where(or(lt(sessions.rotated_at, usedSince), lt(sessions.created_at, startedSince))),
    db.delete(outbox).where(inArray(outbox.user_id, abandoned)),
    // Last: the statements above ask who is abandoned. Foreign keys cascade on D1 and may be off on libSQL.
    db.delete(users).where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore))),
  ])
}
