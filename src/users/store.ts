import { and, eq, lt, not, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import { fold } from '../platform/text/fold.ts'
import { emailKey, type UserRow, users } from './table.ts'

/** The account that uses an address, in any spelling of it. */
export async function findUserByEmail(db: Database, email: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(eq(users.email_key, emailKey(email)))
  return row
}

/** An account by its id. */
export async function findUser(db: Database, userId: number): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.id, userId))
  return row
}

/**
 * Picks the account if a change of it was made at this revision, which its gate issued to that change alone: for the
 * statements that follow the change in its batch, so that all happen or none.
 */
export const userAtRevision = (userId: number, revision: number) =>
  and(eq(users.id, userId), eq(users.revision, revision))

/**
 * Ends the batch of a change that may not have been made: the revision is written all the same, so that the gate, which
 * has issued it, is not ahead of the row.
 */
export const syncRevision = (db: Database, userId: number, revision: number) =>
  db
    .update(users)
    .set({ revision })
    .where(and(eq(users.id, userId), lt(users.revision, revision)))

/**
 * Changes one's own account, at a revision that its gate has issued, and returns it as it is now; undefined when it is
 * gone, or no longer at the `expected` revision.
 */
export async function updateUser(
  db: Database,
  userId: number,
  changes: { username?: string | undefined; locale?: UserRow['locale'] | undefined },
  revision: number,
  expected?: number | undefined,
): Promise<UserRow | undefined> {
  const [[row]] = await db.batch([
    db
      .update(users)
      .set({
        // Named one by one: a body may carry what its sender can only read.
        locale: changes.locale,
        username: changes.username,
        username_key: changes.username === undefined ? undefined : fold(changes.username),
        revision,
      })
      .where(and(eq(users.id, userId), expected === undefined ? undefined : eq(users.revision, expected)))
      .returning(),
    syncRevision(db, userId, revision),
  ])
  return row
}

/**
 * Gives one's own account a picture, or with null takes it away, at a revision that its gate has issued; what it showed
 * before is removed by the next sweep. Returns the account as it is now; undefined when it is gone, no longer at the
 * `expected` revision, or `condition` is not true: storing a picture takes a while.
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
 * Where a user is changed or deleted: that somebody else stays who is an admin and can log in. Checked in the very
 * statement, so that of two who go at once one stays.
 */
export const isNotLastAdmin = sql`(users.role <> 'admin' OR users.disabled OR EXISTS (
  SELECT 1 FROM users AS other
  WHERE other.role = 'admin' AND NOT other.disabled AND other.confirmed_at IS NOT NULL AND other.id <> users.id
))`

/** Whether nobody would be left who is an admin and can log in, if this account were not. */
export async function isLastAdmin(db: Database, userId: number): Promise<boolean> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), not(isNotLastAdmin)))
  return rows.length > 0
}
