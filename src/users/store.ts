import { and, eq } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import type { User } from './schema.ts'
import { emailKey, type UserRow, users } from './table.ts'

/** The account that uses an address, in any spelling of it. */
export async function findUserByEmail(db: Database, email: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(eq(users.email_key, emailKey(email)))
  return row
}

/**
 * Changes one's own account, at a revision that its gate has issued, and returns it as it is now; undefined when it is gone, or no longer at
 * the `expected` revision.
 */
export async function changeUser(
  db: Database,
  userId: number,
  changes: { username?: string | undefined; locale?: UserRow['locale'] | undefined },
  revision: number,
  expected?: number | undefined,
): Promise<UserRow | undefined> {
  const [row] = await db
    .update(users)
    .set({ ...changes, revision })
    .where(and(eq(users.id, userId), expected === undefined ? undefined : eq(users.revision, expected)))
    .returning()
  return row
}

/** An account as its owner sees it. */
export function toUser(row: Omit<UserRow, 'password_hash' | 'email_key'>): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    role: row.role,
    avatar: null,
    confirmed: row.confirmed_at !== null,
    created_at: row.created_at,
  }
}
