import { and, eq, lt, not, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import { fold } from '../platform/text/fold.ts'
import { emailKey, type UserRow, users } from './table.ts'

/** Finds the account with an address, in any spelling. */
export async function findUserByEmail(db: Database, email: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(eq(users.email_key, emailKey(email)))
  return row
}

/** Finds an account by its id. */
export async function findUser(db: Database, userId: number): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.id, userId))
  return row
}

/**
 * Selects the account if a change of it was made at this revision, which its gate issued to that change alone. The
 * other statements of the change's batch use it, so that all of them take effect, or none.
 */
export const userAtRevision = (userId: number, revision: number) =>
  and(eq(users.id, userId), eq(users.revision, revision))

/**
 * Writes a revision even if the change of the batch was not made, so that the gate, which has issued it, is not ahead
 * of the row. The last statement of such a batch.
 */
export const syncRevision = (db: Database, userId: number, revision: number) =>
  db
    .update(users)
    .set({ revision })
    .where(and(eq(users.id, userId), lt(users.revision, revision)))

/** What an owner can change of an account; undefined leaves it. */
export type UserChanges = {
  readonly [K in 'username' | 'locale' | 'birthday_digest' | 'tz' | 'leap_day' | 'next_digest_at']?:
    | UserRow[K]
    | undefined
}

/**
 * Changes one's own account at a revision that its gate has issued, and returns it; undefined if it is gone or not at
 * the `expected` revision.
 */
export async function updateUser(
  db: Database,
  userId: number,
  changes: UserChanges,
  revision: number,
  expected?: number | undefined,
): Promise<UserRow | undefined> {
  const [[row]] = await db.batch([
    db
      .update(users)
      .set({
        // Named one by one, because a body may contain read-only members.
        locale: changes.locale,
        username: changes.username,
        username_key: changes.username === undefined ? undefined : fold(changes.username),
        birthday_digest: changes.birthday_digest,
        tz: changes.tz,
        leap_day: changes.leap_day,
        next_digest_at: changes.next_digest_at,
        revision,
      })
      .where(and(eq(users.id, userId), expected === undefined ? undefined : eq(users.revision, expected)))
      .returning(),
    syncRevision(db, userId, revision),
  ])
  return row
}

/**
 * Sets the picture of one's own account, or removes it if null, at a revision that its gate has issued; the next cron
 * run deletes the previous one. Returns the account; undefined if it is gone, not at the `expected` revision, or
 * `condition` is false (storing a picture takes a while).
 */
export async function updateUserAvatar(
  db: Database,
  userId: number,
  picture: StoredPicture | null,
  revision: number,
  { expected, condition }: { readonly expected: number | undefined; readonly condition: SQL },
): Promise<UserRow | undefined> {
  const user = and(eq(users.id, userId), condition, expected === undefined ? undefined : eq(users.revision, expected))
  const [, [row]] = await db.batch([
    markForDeletionStatement(db, users, user),
    db
      .update(users)
      .set({ avatar: picture?.picture ?? null, revision })
      .where(user)
      .returning(),
    ...(picture ? [keepReservedStatement(db, picture.reservation, users, eq(users.id, userId))] : []),
    syncRevision(db, userId, revision),
  ])
  return row
}

/**
 * The condition that another enabled admin remains. It is part of the statement that changes or deletes a user, so that
 * of two at once, one is refused.
 */
export const isNotLastAdmin = sql`(users.role <> 'admin' OR users.disabled OR EXISTS (
  SELECT 1 FROM users AS other
  WHERE other.role = 'admin' AND NOT other.disabled AND other.confirmed_at IS NOT NULL AND other.id <> users.id
))`

/** Whether no enabled admin would be left without this account. */
export async function isLastAdmin(db: Database, userId: number): Promise<boolean> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), not(isNotLastAdmin)))
  return rows.length > 0
}
