import { and, eq, inArray, isNotNull, isNull, lt, ne, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { deleteOldEventsStatement, insertAuditEvent, type Origin } from '../audit/store.ts'
import { events } from '../audit/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { isUniqueViolation } from '../platform/db/errors.ts'
import { outbox } from '../platform/mail/table.ts'
import { fold } from '../platform/text/fold.ts'
import { syncRevision, userAtRevision } from '../users/store.ts'
import { type Account, emailKey, type UserRow, users } from '../users/table.ts'
import type { Scope } from './credential.ts'
import { type LinkLetter, linkStatements } from './email-token-store.ts'
import { scopes } from './schema.ts'
import type { SessionCutoffs } from './session-store.ts'
import { emailTokens, sessions } from './table.ts'

/** How long an unconfirmed account exists before its address is free again. */
export const unconfirmedSeconds = 7 * 86_400

/**
 * Creates an account, its confirmation link and the letter, all or nothing. Of two at once with one address (in any
 * spelling), one succeeds; the other gets `email-taken`.
 */
export async function createAccount(
  db: Database,
  account: { username: string; email: string; passwordHash: string; locale: UserRow['locale'] },
  link: LinkLetter,
  client: Origin,
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
      insertAuditEvent(db, { kind: 'signed-up', ...client }, eq(users.email_key, email_key)),
    ])
    if (!user) throw new Error('An inserted user came back without a row.')
    return { user, letterId: letter?.id }
  } catch (error) {
    if (isUniqueViolation(error, 'users.email_key')) return 'email-taken'
    throw error
  }
}

/** Writes a revision that a user's gate has issued, and nothing else, so that row and gate agree again. */
export async function setUserRevision(db: Database, userId: number, revision: number): Promise<void> {
  await syncRevision(db, userId, revision)
}

/**
 * Makes an account an admin at a revision that its gate has issued, if this is its confirmed address and it is not one
 * yet.
 */
export async function promoteToAdmin(
  db: Database,
  userId: number,
  email: string,
  revision: number,
  client: Origin,
): Promise<void> {
  const named = and(eq(users.id, userId), eq(users.email_key, emailKey(email)), isNotNull(users.confirmed_at))
  await db.batch([
    db
      .update(users)
      .set({ role: 'admin', revision })
      .where(and(named, ne(users.role, 'admin'))),
    insertAuditEvent(db, { kind: 'role-changed', detail: 'admin', ...client }, userAtRevision(userId, revision)),
    syncRevision(db, userId, revision),
  ])
}

/** Replaces a hash by one of the same password with a higher cost, unless the password has changed meanwhile. */
export async function replacePasswordHash(
  db: Database,
  userId: number,
  verified: string,
  fresh: string,
): Promise<boolean> {
  const rows = await db
    .update(users)
    .set({ password_hash: fresh })
    .where(and(eq(users.id, userId), eq(users.password_hash, verified), eq(users.disabled, false)))
    .returning({ id: users.id })
  return rows.length > 0
}

/** An app password in a cached copy. */
export interface CachedAppPassword {
  readonly id: number
  readonly hash: string
  readonly name: string
  readonly scope: Scope
}

/** The cached copy of a user: the account without its password, and its active sessions and app passwords. */
export interface CachedUser {
  readonly account: Account
  readonly sessions: readonly number[]
  readonly appPasswords: readonly CachedAppPassword[]
}

/** Reads a user's row, sessions and app passwords at one moment; undefined if the user does not exist. */
export async function findCachedUser(db: Database, userId: number): Promise<CachedUser | undefined> {
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
      birthday_digest: users.birthday_digest,
      tz: users.tz,
      leap_day: users.leap_day,
      // One statement, so that all is from one moment. Column names are written with their table, because Drizzle
      // leaves the table out in a query of a single table.
      sessions: sql<string>`(SELECT json_group_array(sessions.id) FROM sessions WHERE sessions.user_id = users.id)`.as(
        'session_ids',
      ),
      appPasswords: sql<string>`(
        SELECT json_group_array(json_object(
          'id', app_passwords.id, 'hash', app_passwords.token_hash, 'name', app_passwords.name,
          'scope', app_passwords.scope
        )) FROM app_passwords WHERE app_passwords.user_id = users.id
      )`.as('app_passwords'),
    })
    .from(users)
    .where(eq(users.id, userId))
  if (!row) return undefined
  const { sessions: ids, appPasswords, ...account } = row
  return {
    account,
    sessions: sessionIds.parse(JSON.parse(ids)),
    appPasswords: cachedAppPasswords.parse(JSON.parse(appPasswords)),
  }
}

const sessionIds = z.array(z.int())

/** The schema of app passwords in a cached copy. */
export const cachedAppPasswords: z.ZodType<CachedAppPassword[]> = z.array(
  z.object({ id: z.int(), hash: z.string(), name: z.string(), scope: z.enum(scopes) }),
)

/**
 * Deletes expired links, sessions and events, and accounts that were never confirmed, so that nobody can block another
 * person's address.
 */
export async function deleteExpired(
  db: Database,
  unconfirmedBefore: string,
  { usedSince, startedSince }: SessionCutoffs,
) {
  const abandoned = db
    .select({ id: users.id })
    .from(users)
    .where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore)))
  await db.batch([
    db.delete(emailTokens).where(or(lt(emailTokens.expires_at, timestamp()), inArray(emailTokens.user_id, abandoned))),
    deleteOldEventsStatement(db),
    db.delete(events).where(inArray(events.user_id, abandoned)),
    // Two statements, because each uses its own index.
    db.delete(sessions).where(lt(sessions.rotated_at, usedSince)),
    db.delete(sessions).where(lt(sessions.created_at, startedSince)),
    db.delete(outbox).where(inArray(outbox.user_id, abandoned)),
    // Last, because the statements above select by unconfirmed accounts. Foreign keys cascade on D1 and may be off on
    // libSQL.
    db.delete(users).where(and(isNull(users.confirmed_at), lt(users.created_at, unconfirmedBefore))),
  ])
}
