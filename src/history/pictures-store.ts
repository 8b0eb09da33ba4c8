import { eq, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/sqlite-core'
import { removed } from '../books/table.ts'
import { contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { users } from '../users/table.ts'
import { versions } from './table.ts'

/** Returns whether an account, a contact, a contact in the trash, or a version of a contact uses a picture. */
export async function isPictureShown(db: Database, picture: string): Promise<boolean> {
  const showing = (table: typeof users | typeof contacts | typeof removed | typeof versions) =>
    db
      .select({ one: sql<number>`1`.as('one') })
      .from(table)
      .where(eq(table.avatar, picture))
  const rows = await unionAll(showing(users), showing(contacts), showing(removed), showing(versions)).limit(1)
  return rows.length > 0
}
