import { and, between, eq } from 'drizzle-orm'
import { type ContactRow, contactColumns, contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { rangesOf } from './upcoming.ts'

/**
 * One's own contacts whose birthday is on one of the given days of the year, each `MM-DD`, by name; with `limit`, enough of them to
 * hold the soonest so many. One round trip; it reads nobody whose birthday is on another day.
 */
export async function findBirthdays(
  db: Database,
  ownerId: number,
  monthDays: readonly string[],
  limit?: number,
): Promise<(ContactRow & { birthday: string })[]> {
  // A query for each: with OR between them SQLite would read the whole book.
  const [first, ...rest] = rangesOf(monthDays).map(([from, to]) => {
    const stretch = db
      .select({ ...contactColumns, name_key: contacts.name_key })
      .from(contacts)
      .where(and(eq(contacts.owner_id, ownerId), between(contacts.birthday_key, from, to)))
      // The index's own order: it is read to the limit and no further.
      .orderBy(contacts.birthday_key, contacts.id)
    return limit === undefined ? stretch : stretch.limit(limit)
  })
  if (!first) return []
  const rows = rest.length === 0 ? await first : (await db.batch([first, ...rest])).flat()
  return rows
    .sort((one, other) => (one.name_key < other.name_key ? -1 : one.name_key > other.name_key ? 1 : one.id - other.id))
    .flatMap((row) => (row.birthday === null ? [] : { ...row, birthday: row.birthday }))
}
