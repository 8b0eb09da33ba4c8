import { and, eq, gt, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm'
import { type AuditEvent, insertAuditEvent } from '../audit/store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { isUniqueViolation } from '../platform/db/errors.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { type OutboxLetter, outboxRow } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'
import { syncRevision, userAtRevision } from '../users/store.ts'
import { emailKey, users } from '../users/table.ts'
import { appPasswords, emailTokens, sessions } from './table.ts'

/** What a link in a letter does. */
type Purpose = (typeof emailTokens.$inferSelect)['purpose']

/** A link in a letter: its stored hash, and the letter. */
export interface LinkLetter {
  readonly tokenHash: string
  readonly expiresAt: string
  readonly letter: OutboxLetter
}

/**
 * Inserts a letter to `letter.to` for the account that `whose` selects, whatever the account's address is. Inserts
 * nothing if `whose` selects no account.
 */
export function letterStatement(db: Database, letter: OutboxLetter, userCondition: SQL | undefined) {
  const row = selectAsRow(outbox, { ...outboxRow(letter, null), user_id: sql`${users.id}` })
  return db.insert(outbox).select(db.select(row).from(users).where(userCondition)).returning({ id: outbox.id })
}

/** Insert a link and its letter for the account that `whose` selects, or neither if it selects none. */
export function linkStatements(
  db: Database,
  purpose: Purpose,
  { tokenHash, expiresAt, letter }: LinkLetter,
  userCondition: SQL | undefined,
  newEmail: string | null = null,
) {
  const row = selectAsRow(emailTokens, {
    user_id: sql`${users.id}`,
    purpose,
    token_hash: tokenHash,
    email: newEmail,
    expires_at: expiresAt,
    created_at: timestamp(),
  })
  return [
    db.insert(emailTokens).select(db.select(row).from(users).where(userCondition)),
    letterStatement(db, letter, userCondition),
  ] as const
}

/**
 * Inserts another confirmation link and its letter, if the account is not confirmed yet. Returns the letter to deliver,
 * if any.
 */
export async function renewConfirmation(db: Database, userId: number, link: LinkLetter): Promise<number | undefined> {
  const userCondition = and(eq(users.id, userId), eq(users.email, link.letter.to), isNull(users.confirmed_at))
  const [, [letter]] = await db.batch(linkStatements(db, 'confirm-email', link, userCondition))
  return letter?.id
}

/**
 * Inserts a link to choose a new password, and its letter, if the account still has the letter's address: a link sent
 * to an old address must not work. Returns the letter to deliver, if any.
 */
export async function startReset(
  db: Database,
  userId: number,
  link: LinkLetter,
  locksPassword: boolean,
  event: AuditEvent,
): Promise<number | undefined> {
  const userCondition = and(eq(users.id, userId), eq(users.email, link.letter.to))
  const [made, letter] = linkStatements(db, 'reset-password', link, userCondition)
  const [, [posted]] = await db.batch([
    made,
    letter,
    insertAuditEvent(db, event, userCondition),
    ...(locksPassword ? [db.update(users).set({ password_barred: true }).where(userCondition)] : []),
  ])
  return posted?.id
}

/** The account of a valid link. */
export interface EmailToken {
  readonly linkId: number
  readonly userId: number
  readonly username: string
  /** The account's address. */
  readonly email: string
  /** The new address, if the link changes it. */
  readonly newEmail: string | null
  readonly locale: 'en' | 'uk'
  readonly confirmed: boolean
  readonly revision: number
  readonly expiresAt: string
}

function findLink(db: Database, which: SQL | undefined): Promise<EmailToken[]> {
  return db
    .select({
      linkId: sql<number>`${emailTokens.id}`.as('link_id'),
      userId: sql<number>`${users.id}`.as('account_id'),
      username: users.username,
      email: sql<string>`${users.email}`.as('account_email'),
      newEmail: sql<string | null>`${emailTokens.email}`.as('new_email'),
      locale: users.locale,
      confirmed: sql<boolean>`${users.confirmed_at} IS NOT NULL`.mapWith(Boolean).as('confirmed'),
      revision: users.revision,
      expiresAt: emailTokens.expires_at,
    })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.user_id))
    .where(and(which, gt(emailTokens.expires_at, timestamp())))
}

/** Finds the account of a valid confirmation link, whether it confirms the account's address or a new one. */
export async function findConfirmation(db: Database, tokenHash: string): Promise<EmailToken | undefined> {
  const purposes = inArray(emailTokens.purpose, ['confirm-email', 'change-email'])
  const [found] = await findLink(db, and(eq(emailTokens.token_hash, tokenHash), purposes))
  return found
}

/** Finds the account of a valid reset link, by the link's hash. */
export async function findReset(db: Database, tokenHash: string): Promise<EmailToken | undefined> {
  const [found] = await findLink(
    db,
    and(eq(emailTokens.token_hash, tokenHash), eq(emailTokens.purpose, 'reset-password')),
  )
  return found
}

/** Confirms an account's address at a revision that its gate has issued. A second time changes nothing. */
export async function confirmUser(
  db: Database,
  user: { userId: number; email: string },
  revision: number,
  event: AuditEvent,
): Promise<void> {
  await db.batch([
    db
      .update(users)
      .set({ confirmed_at: timestamp(), revision })
      .where(and(eq(users.id, user.userId), eq(users.email, user.email), isNull(users.confirmed_at))),
    insertAuditEvent(db, event, userAtRevision(user.userId, revision)),
    syncRevision(db, user.userId, revision),
  ])
}

const usersAtRevision = (db: Database, userId: number, revision: number) =>
  db.select({ id: users.id }).from(users).where(userAtRevision(userId, revision))

/**
 * Gives an account the new address that its link confirms, at a revision that its gate has issued. Deletes every other
 * link of the account, so that the old address can do nothing any more, and inserts `notice` to it. Returns that
 * letter, to be delivered; null if the link no longer exists, or another confirmation came first.
 */
export async function finishEmailChange(
  db: Database,
  { userId, linkId, newEmail }: { userId: number; linkId: number; newEmail: string },
  notice: OutboxLetter,
  revision: number,
  event: AuditEvent,
): Promise<number | null | 'email-taken'> {
  const lives = inArray(
    users.id,
    db
      .select({ id: emailTokens.user_id })
      .from(emailTokens)
      .where(and(eq(emailTokens.id, linkId), gt(emailTokens.expires_at, timestamp()))),
  )
  try {
    const changed = userAtRevision(userId, revision)
    const [rows, [letter]] = await db.batch([
      db
        .update(users)
        .set({
          email: newEmail,
          email_key: emailKey(newEmail),
          confirmed_at: timestamp(),
          revision,
        })
        // If several confirm at once, one succeeds.
        .where(and(eq(users.id, userId), ne(users.email, newEmail), lives))
        .returning({ id: users.id }),
      letterStatement(db, notice, changed),
      db
        .delete(emailTokens)
        .where(and(inArray(emailTokens.user_id, usersAtRevision(db, userId, revision)), ne(emailTokens.id, linkId))),
      insertAuditEvent(db, event, changed),
      syncRevision(db, userId, revision),
    ])
    return rows.length > 0 ? (letter?.id ?? null) : null
  } catch (error) {
    if (!isUniqueViolation(error, 'users.email_key')) throw error
    await syncRevision(db, userId, revision)
    return 'email-taken'
  }
}

/** A new password, and what changes with it. */
export interface NewPassword {
  readonly userId: number
  readonly passwordHash: string
  /** The notice that goes to the account's address. */
  readonly notice: OutboxLetter
  readonly event: AuditEvent
  /** Whether every app password is deleted, too. */
  readonly endsAppPasswords: boolean
}

/**
 * Sets an account's password at a revision that its gate has issued, if `still` is true at that moment: of two at once,
 * one succeeds. Deletes every session but `keptSession`, and every link that could change the account. Returns the
 * notice to deliver; null if `still` was false.
 */
async function setPassword(
  db: Database,
  { userId, passwordHash, notice, event, endsAppPasswords }: NewPassword,
  revision: number,
  condition: SQL | undefined,
  set: { confirmed_at?: SQL },
  keptSession?: number,
): Promise<number | null> {
  const changed = userAtRevision(userId, revision)
  const userCondition = usersAtRevision(db, userId, revision)
  const [rows, [letter]] = await db.batch([
    db
      .update(users)
      .set({ password_hash: passwordHash, password_barred: false, ...set, revision })
      .where(and(eq(users.id, userId), condition))
      .returning({ id: users.id }),
    letterStatement(db, notice, changed),
    insertAuditEvent(db, event, changed),
    db
      .delete(sessions)
      .where(
        and(
          inArray(sessions.user_id, userCondition),
          keptSession === undefined ? undefined : ne(sessions.id, keptSession),
        ),
      ),
    db.delete(emailTokens).where(inArray(emailTokens.user_id, userCondition)),
    ...(endsAppPasswords ? [db.delete(appPasswords).where(inArray(appPasswords.user_id, userCondition))] : []),
    syncRevision(db, userId, revision),
  ])
  return rows.length > 0 ? (letter?.id ?? null) : null
}

/**
 * Completes a reset: sets the password, confirms the address, ends every session. A link works once: the second request
 * finds no link and gets null.
 */
export function finishReset(
  db: Database,
  linkId: number,
  password: NewPassword,
  revision: number,
): Promise<number | null> {
  const lives = inArray(
    users.id,
    db
      .select({ id: emailTokens.user_id })
      .from(emailTokens)
      .where(and(eq(emailTokens.id, linkId), gt(emailTokens.expires_at, timestamp()))),
  )
  const confirmed_at = sql`coalesce(${users.confirmed_at}, ${timestamp()})`
  return setPassword(db, password, revision, lives, { confirmed_at })
}

/**
 * Changes the password of a user who knows the old one, and ends every other session. Null if the old password has
 * changed meanwhile.
 */
export function changePassword(
  db: Database,
  verifiedHash: string,
  keptSession: number,
  password: NewPassword,
  revision: number,
): Promise<number | null> {
  return setPassword(db, password, revision, eq(users.password_hash, verifiedHash), {}, keptSession)
}
