import { and, between, eq } from 'drizzle-orm'
import { type ContactRow, contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { rangesOf } from './upcoming.ts'

/**
 * One's own contacts whose birthday is on one of the given days of the year, each `MM-DD`, by name within each stretch of them. One
 * round trip; it reads nobody whose birthday is on another day.
 */
export async function findBirthdays(
  db: Database,
  ownerId: number,
  monthDays: readonly string[],
): Promise<(ContactRow & { birthday: string })[]> {
  // A query for each: with OR between them SQLite would read the whole book.
  const [first, ...rest] = rangesOf(monthDays).map(([from, to]) =>
    db
      .select()
      .from(contacts)
      .where(and(eq(contacts.owner_id, ownerId), between(contacts.birthday_key, from, to)))
      .orderBy(contacts.name_key, contacts.id),
  )
  if (!first) return []
  const rows = rest.length === 0 ? await first : (await db.batch([first, ...rest])).flat()
  return rows.flatMap((row) => (row.birthday === null ? [] : { ...row, birthday: row.birthday }))
}
