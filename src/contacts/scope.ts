import { and, eq, inArray, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { contacts } from './table.ts'

/** The contacts of one owner. Every query of contacts has this condition: no other file compares `owner_id`. */
export const ownedBy = (ownerId: number | Placeholder | SQL) => eq(contacts.owner_id, ownerId)

/**
 * The same condition, for a query that finds contacts by id: it keeps SQLite from reading all of the owner's contacts.
 */
export const ownedByUnindexed = (ownerId: number) => sql`+${contacts.owner_id} = ${ownerId}`

/** The contacts of the owners that a query selects. */
export const ownedByThose = (ownerIds: SQLWrapper) => inArray(contacts.owner_id, ownerIds)

/** Contacts in a book other than the first. Repeats the condition of the partial index, so that SQLite uses it. */
export const isInBook = (bookId: SQL) => sql`contacts.book_id = ${bookId} AND contacts.book_id <> 0`

/** Contacts that are not groups: lists show only these. */
export const isNoGroup = eq(contacts.is_group, sql`0`)

/** One contact of one owner. */
export const ownContact = (ownerId: number | Placeholder, id: number | Placeholder) =>
  and(ownedBy(ownerId), eq(contacts.id, id))
