import { and, eq, inArray, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { contacts } from './table.ts'

/** The contacts of one owner. Every query of contacts has this condition: no other file compares `owner_id`. */
export const ownedBy = (ownerId: number | Placeholder) => eq(contacts.owner_id, ownerId)

/** The same, if a query finds contacts by their ids: it must not read all of the owner's contacts to find them. */
export const ownedByUnindexed = (ownerId: number) => sql`+${contacts.owner_id} = ${ownerId}`

/** The contacts of the owners that a query selects. */
export const ownedByThose = (ownerIds: SQLWrapper) => inArray(contacts.owner_id, ownerIds)

/** Contacts that are in a book other than the first, in the words of the index that has these alone. */
export const isInBook = (bookId: SQL) => sql`contacts.book_id = ${bookId} AND contacts.book_id <> 0`

/** Contacts that are no groups: what lists show. */
export const isNoGroup = eq(contacts.is_group, sql`0`)

/** One contact of one owner. */
export const ownContact = (ownerId: number | Placeholder, id: number | Placeholder) =>
  and(ownedBy(ownerId), eq(contacts.id, id))
