import { and, between, type Placeholder } from 'drizzle-orm'
import { ownedBy } from '../contacts/scope.ts'
import { type ContactRow, contactColumns, contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/statement.ts'
import { rangesOf } from './upcoming.ts'

/** As a limit of SQLite's: none. */
const noLimit = -1

interface Stretch {
  readonly owner: number | Placeholder
  readonly from: string | Placeholder
  readonly to: string | Placeholder
  readonly limit: number | Placeholder
}

/** Those of a stretch of the year. */
const dateRange = (db: Database, { owner, from, to, limit }: Stretch) =>
  db
    .select({ ...contactColumns, name_key: contacts.name_key })
    .from(contacts)
    .where(and(ownedBy(owner), between(contacts.birthday_key, from, to)))
    // The index's own order: it is read to the limit and no further.
    .orderBy(contacts.birthday_key, contacts.id)
    .limit(limit)

const findStretch = preparedQuery(['owner', 'from', 'to', 'limit'], dateRange)

/**
 * One's own contacts whose birthday is on one of the given days of the year, each `MM-DD`, by name; with `limit`,
 * enough of them to hold the soonest so many. One round trip; it reads nobody whose birthday is on another day.
 */
export async function findBirthdays(
  db: Database,
  ownerId: number,
  monthDays: readonly string[],
  limit = noLimit,
): Promise<(ContactRow & { birthday: string })[]> {
  // A query for each: with OR between them SQLite would read the whole book.
  const [first, ...rest] = rangesOf(monthDays).map(([from, to]) => ({ owner: ownerId, from, to, limit }))
  if (!first) return []
  const rows =
    rest.length === 0
      ? await findStretch(db, first)
      : (await db.batch([dateRange(db, first), ...rest.map((one) => dateRange(db, one))])).flat()
  return rows
    .sort((one, other) => (one.name_key < other.name_key ? -1 : one.name_key > other.name_key ? 1 : one.id - other.id))
    .flatMap((row) => (row.birthday === null ? [] : { ...row, birthday: row.birthday }))
}
