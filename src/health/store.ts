import { sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { users } from '../users/table.ts'

/** Reads whether a row exists: fails if the database does not answer or has not been migrated. */
export async function pingDatabase(db: Database): Promise<void> {
  await db.select({ one: sql`1` }).from(users).limit(1)
}
