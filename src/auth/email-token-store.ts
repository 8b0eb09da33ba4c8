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

/** A link that goes out in a letter: its stored hash and the letter that carries it. */
export interface LinkLetter {
  readonly tokenHash: string
  readonly expiresAt: string
  readonly letter: OutboxLetter
}

/**
 * A letter for the account that `whose` picks; where it picks none, no letter. To `letter.to`, whatever the account's
 * address.
 */
export function letterStatement(db: Database, letter: OutboxLetter, userCondition: SQL | undefined) {
  const row = selectAsRow(outbox, { ...outboxRow(letter, null), user_id: sql`${users.id}` })
  return db.insert(outbox).select(db.select(row).from(users).where(userCondition)).returning({ id: outbox.id })
}

/** A link and its letter, for the account that `whose` picks: both rows, or, where it picks nobody, neither. */
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
 * Makes one more link and the letter that carries it, if the account still waits to be confirmed.
 * Returns the letter to deliver, if there is one.
 */
export async function renewConfirmation(db: Database, userId: number, link: LinkLetter): Promise<number | undefined> {
  const userCondition = and(eq(users.id, userId), eq(users.email, link.letter.to), isNull(users.confirmed_at))
  const [, [letter]] = await db.batch(linkStatements(db, 'confirm-email', link, userCondition))
  return letter?.id
}

/**
 * Makes a link by which a new password can be chosen, and the letter that carries it, if the account still has the
 * address that the letter goes to: an old one must open nothing. Returns the letter to deliver.
 */
export async function startReset(
  db: Database,
  userId: number,
  link: LinkLetter,
  bars: boolean,
  event: AuditEvent,
): Promise<number | undefined> {
  const userCondition = and(eq(users.id, userId), eq(users.email, link.letter.to))
  const [made, letter] = linkStatements(db, 'reset-password', link, userCondition)
  const [, [posted]] = await db.batch([
    made,
    letter,
    insertAuditEvent(db, event, userCondition),
    ...(bars ? [db.update(users).set({ password_barred: true }).where(userCondition)] : []),
  ])
  return posted?.id
}

/** What a link that lives belongs to. */
export interface EmailToken {
  readonly linkId: number
  readonly userId: number
  readonly username: string
  /** The account's address. */
  readonly email: string
  /** The address that it is to have, where the link changes it. */
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

/**
 * The account that a link of confirmation belongs to, while the link lives: its own address, or the one it is to have.
 */
export async function findConfirmation(db: Database, tokenHash: string): Promise<EmailToken | undefined> {
  const purposes = inArray(emailTokens.purpose, ['confirm-email', 'change-email'])
  const [found] = await findLink(db, and(eq(emailTokens.token_hash, tokenHash), purposes))
  return found
}

/** The account that a link to choose a new password belongs to, by the link's hash, while the link lives. */
export async function findReset(db: Database, tokenHash: string): Promise<EmailToken | undefined> {
  const [found] = await findLink(
    db,
    and(eq(emailTokens.token_hash, tokenHash), eq(emailTokens.purpose, 'reset-password')),
  )
  return found
}

/** Confirms an account's address, at a revision that its gate has issued. A second time changes nothing. */
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
 * Gives an account the address that it asked for and that its link confirms, at a revision that its gate has issued.
 * Every other link of the account dies: the old address can do nothing any more, and is told by `notice`. Returns that
 * letter, to be delivered; null when the link is gone meanwhile, or another confirmation came first.
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
        // Of several that confirm at once one does.
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

/** A password that has been chosen, and what goes with it. */
export interface NewPassword {
  readonly userId: number
  readonly passwordHash: string
  /** The notice that goes to the account's address. */
  readonly notice: OutboxLetter
  readonly event: AuditEvent
  /** Whether every app password ends, too. */
  readonly endsAppPasswords: boolean
}

/**
 * Gives an account a new password, at a revision that its gate has issued, and only if `still` holds at that very
 * moment: of two at once one wins. Every session but `keptSession` ends, and every link that could change the account
 * dies. Returns the notice to deliver; null when `still` did not hold.
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
 * Finishes a reset: the password is new, the address confirmed, every session ended. Single use: whoever comes second
 * finds the link gone, and null is returned.
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
 * Changes a password for one who knows the old one; every other session ends. Null when the old one is no longer that.
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
