import { and, eq, type Placeholder } from 'drizzle-orm'
import { contacts } from './table.ts'

/** The contacts of one owner. Every query of contacts has it: no other file compares `owner_id`. */
export const ownedBy = (ownerId: number | Placeholder) => eq(contacts.owner_id, ownerId)

/** One contact of one owner. */
export const ownContact = (ownerId: number | Placeholder, id: number | Placeholder) =>
  and(ownedBy(ownerId), eq(contacts.id, id))
