import { and, asc, lt, sql } from 'drizzle-orm'
import { lastNumber } from '../books/numbers-store.ts'
import { bookUid } from '../books/table.ts'
import { isNoGroup, ownedBy } from '../contacts/scope.ts'
import { contacts } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { pages } from '../platform/db/pages.ts'
import { shortName } from './store.ts'

/** So many that a book of 50,000 takes 25 queries; a row has a name and two dates. */
const birthdaysPerPage = 2000
/** Fewer, because a vCard has up to 64 KB. */
const cardsPerPage = 200

/** The columns of a person in a calendar. */
const personColumns = {
  id: contacts.id,
  first_name: contacts.first_name,
  last_name: contacts.last_name,
  full_name: shortName,
  updated_at: contacts.updated_at,
} as const

/** A person in a calendar. */
export type PersonRow = Pick<typeof contacts.$inferSelect, keyof typeof personColumns>

/** The owner's newest change number, and the uid of their first book. One row of each of two indexes is read. */
export async function findFeedState(db: Database, ownerId: number): Promise<{ number: number; uid: string }> {
  const [state] = await db
    .select({ number: lastNumber(ownerId).as('number'), uid: bookUid(ownerId).as('uid') })
    .from(sql`(SELECT 1) AS one`)
  if (!state) throw new Error('A row of constants came back empty.')
  return state
}

/** Yields all contacts of an owner that have a birthday, page by page, by the days of the year. Groups are left out. */
export const birthdaysOf = (db: Database, ownerId: number) =>
  pages<PersonRow & { readonly birthday: string | null; readonly birthday_key: string }>(
    (last, limit) =>
      db
        .select({ ...personColumns, birthday: contacts.birthday, birthday_key: contacts.birthday_key })
        .from(contacts)
        .where(
          and(
            ownedBy(ownerId),
            isNoGroup,
            lt(contacts.birthday_key, '~'),
            last && sql`(${contacts.birthday_key}, ${contacts.id}) > (${last.birthday_key}, ${last.id})`,
          ),
        )
        .orderBy(asc(contacts.birthday_key), asc(contacts.id))
        .limit(limit),
    birthdaysPerPage,
  )

/**
 * Yields all contacts of an owner whose vCards name an anniversary, in whatever property, page by page. Looks through
 * every vCard of the owner (decision 070). Groups are left out.
 */
export const anniversariesOf = (db: Database, ownerId: number) =>
  pages<PersonRow & { readonly card: string | null; readonly created_at: string }>(
    (last, limit) =>
      db
        .select({ ...personColumns, card: contacts.card, created_at: contacts.created_at })
        .from(contacts)
        .where(
          and(
            ownedBy(ownerId),
            isNoGroup,
            // SQLite compares ASCII letters without case here, as names of properties are compared.
            sql`${contacts.card} LIKE '%anniversary%'`,
            last && sql`(${contacts.created_at}, ${contacts.id}) > (${last.created_at}, ${last.id})`,
          ),
        )
        .orderBy(asc(contacts.created_at), asc(contacts.id))
        .limit(limit),
    cardsPerPage,
  )
