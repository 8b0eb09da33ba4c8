import { and, between, type Placeholder, sql } from 'drizzle-orm'
import { ownedBy } from '../contacts/scope.ts'
import { type ContactRow, contactColumns, contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { rangesOf } from './upcoming.ts'

/** The most characters of a name in a letter or a calendar: an FN may have 64 KB. */
export const maxName = 200

/** The full name of a contact's vCard, cut to so many characters. */
export const shortName = sql<string | null>`substr(${contacts.full_name}, 1, ${maxName})`.as('short_name')

/** In SQLite, a negative LIMIT means no limit. */
const noLimit = -1

interface RangeParams {
  readonly owner: number | Placeholder
  readonly from: string | Placeholder
  readonly to: string | Placeholder
  readonly limit: number | Placeholder
}

/** Selects the contacts with a birthday in one range of the year. */
const selectRange = (db: Database, { owner, from, to, limit }: RangeParams) =>
  db
    .select({ ...contactColumns, name_key: contacts.name_key })
    .from(contacts)
    .where(and(ownedBy(owner), between(contacts.birthday_key, from, to)))
    // In index order, so that SQLite reads only up to the limit.
    .orderBy(contacts.birthday_key, contacts.id)
    .limit(limit)

const rangeQuery = preparedQuery(['owner', 'from', 'to', 'limit'], selectRange)

/**
 * Finds an owner's contacts by days of the year (`MM-DD`), sorted by name. With `limit`, it returns at least that many
 * of the soonest. One round trip; it reads no contact with a birthday on another day.
 */
export async function findBirthdays(
  db: Database,
  ownerId: number,
  monthDays: readonly string[],
  limit = noLimit,
): Promise<(ContactRow & { birthday: string })[]> {
  // One query for each range: with OR, SQLite would read the whole book.
  const [first, ...rest] = rangesOf(monthDays).map(([from, to]) => ({ owner: ownerId, from, to, limit }))
  if (!first) return []
  const rows =
    rest.length === 0
      ? await rangeQuery(db, first)
      : (await db.batch([selectRange(db, first), ...rest.map((range) => selectRange(db, range))])).flat()
  return rows
    .sort((one, other) => (one.name_key < other.name_key ? -1 : one.name_key > other.name_key ? 1 : one.id - other.id))
    .flatMap((row) => (row.birthday === null ? [] : { ...row, birthday: row.birthday }))
}
