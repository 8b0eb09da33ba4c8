import { and, asc, eq, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { type AuditEvent, insertAuditEvent } from '../audit/store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'
import { syncRevision, userAtRevision } from '../users/store.ts'
import { users } from '../users/table.ts'
import type { Credential, Scope } from './credential.ts'
import { letterStatement } from './email-token-store.ts'
import { isSessionAlive } from './session-store.ts'
import { appPasswords } from './table.ts'

/** The maximum number of app passwords of a user. */
export const maxAppPasswords = 25

/** The columns that are read: never the hash. */
const columns = {
  id: appPasswords.id,
  name: appPasswords.name,
  scope: appPasswords.scope,
  last_used_on: appPasswords.last_used_on,
  created_at: appPasswords.created_at,
} as const

export type AppPasswordRow = Omit<typeof appPasswords.$inferSelect, 'user_id' | 'token_hash'>

/** Lists a user's app passwords, oldest first. */
export function listAppPasswords(db: Database, userId: number): Promise<AppPasswordRow[]> {
  return db.select(columns).from(appPasswords).where(eq(appPasswords.user_id, userId)).orderBy(asc(appPasswords.id))
}

/** An app password to be created. */
interface NewAppPassword {
  readonly userId: number
  /** The session of the request. */
  readonly sessionId: number
  readonly hash: string
  readonly name: string
  readonly scope: Scope
  readonly notice: OutboxLetter
  readonly event: AuditEvent
}

/**
 * Inserts an app password at a revision that the user's gate has issued, if at that moment the session is active and
 * there is room. Otherwise inserts nothing and returns undefined.
 */
export async function insertAppPassword(
  db: Database,
  { userId, sessionId, hash, name, scope, notice, event }: NewAppPassword,
  revision: number,
): Promise<{ row: AppPasswordRow; letterId: number | undefined } | undefined> {
  const changed = userAtRevision(userId, revision)
  const hasRoom = sql`(
    SELECT count(*) FROM app_passwords WHERE app_passwords.user_id = users.id
  ) < ${maxAppPasswords}`
  const values = { user_id: sql`${users.id}`, token_hash: hash, name, scope, created_at: timestamp() }
  const [, [row], [letter]] = await db.batch([
    db
      .update(users)
      .set({ revision })
      .where(and(eq(users.id, userId), eq(users.disabled, false), isSessionAlive(sessionId), hasRoom)),
    db
      .insert(appPasswords)
      .select(db.select(selectAsRow(appPasswords, values)).from(users).where(changed))
      .returning(columns),
    letterStatement(db, notice, changed),
    insertAuditEvent(db, event, changed),
    syncRevision(db, userId, revision),
  ])
  return row && { row, letterId: letter?.id }
}

/** Deletes an app password at a revision that the user's gate has issued. Returns whether it existed. */
export async function deleteAppPassword(
  db: Database,
  { userId, id }: { readonly userId: number; readonly id: number },
  revision: number,
  event: AuditEvent,
): Promise<boolean> {
  const chosen = and(eq(appPasswords.user_id, userId), eq(appPasswords.id, id))
  const owner = and(
    eq(users.id, userId),
    inArray(users.id, db.select({ id: appPasswords.user_id }).from(appPasswords).where(chosen)),
  )
  const [, , ended] = await db.batch([
    db.update(users).set({ revision }).where(eq(users.id, userId)),
    insertAuditEvent(db, event, owner),
    db.delete(appPasswords).where(chosen).returning({ id: appPasswords.id }),
  ])
  return ended.length > 0
}

/** Stores the day on which an app password was used. */
export async function setLastUsedDay(db: Database, userId: number, id: number, day: string): Promise<void> {
  const isEarlier = or(isNull(appPasswords.last_used_on), lt(appPasswords.last_used_on, day))
  await db
    .update(appPasswords)
    .set({ last_used_on: day })
    .where(and(eq(appPasswords.id, id), eq(appPasswords.user_id, userId), isEarlier))
}

/**
 * A condition for writes that happen some time after the guard: the session or app password of the request is still
 * active.
 */
export const isCredentialAlive = ({ kind, id }: Credential): SQL =>
  kind === 'session' ? isSessionAlive(id) : isAppPasswordAlive(id)

const isAppPasswordAlive = (id: number): SQL => sql`EXISTS (SELECT 1 FROM app_passwords WHERE app_passwords.id = ${id})`

/** Whether an app password is active. */
export async function isAppPasswordActive(db: Database, id: number): Promise<boolean> {
  const rows = await db.select({ id: appPasswords.id }).from(appPasswords).where(eq(appPasswords.id, id))
  return rows.length > 0
}
