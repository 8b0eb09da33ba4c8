import { and, eq, sql } from 'drizzle-orm'
import { type ContactRow, contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'

/** One's own contacts whose birthday is on one of the given days of the year, each `MM-DD`. */
export async function findBirthdays(
  db: Database,
  ownerId: number,
  monthDays: readonly string[],
): Promise<(ContactRow & { birthday: string })[]> {
  const rows = await db
    .select()
    .from(contacts)
    .where(
      and(
        eq(contacts.owner_id, ownerId),
        // One parameter for up to 366 days: D1 takes 100 a statement.
        sql`${contacts.birthday_key} IN (SELECT value FROM json_each(${JSON.stringify(monthDays)}))`,
      ),
    )
    .orderBy(contacts.name_key, contacts.id)
  return rows.flatMap((row) => (row.birthday === null ? [] : { ...row, birthday: row.birthday }))
}
