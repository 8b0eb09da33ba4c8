import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import type { CardPart } from './parts.ts'
import { ownContact, ownedBy } from './scope.ts'
import { cardParts, contacts } from './table.ts'

/** Finds the parts of a contact's vCard. */
export const findParts = (db: Database, ownerId: number, id: number) =>
  db
    .select({ hash: cardParts.hash, text: cardParts.text })
    .from(cardParts)
    .innerJoin(contacts, eq(contacts.id, cardParts.contact_id))
    .where(ownContact(ownerId, id))
    .orderBy(asc(cardParts.id))

/** Finds the parts of the vCards of some contacts, by their ids, in one query. A part may have a megabyte. */
export async function findPartsOf(
  db: Database,
  ownerId: number,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly CardPart[]>> {
  const parts = new Map<number, CardPart[]>()
  if (ids.length === 0) return parts
  const rows = await db
    .select({ id: cardParts.contact_id, hash: cardParts.hash, text: cardParts.text })
    .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
    .crossJoin(cardParts)
    .where(and(eq(cardParts.owner_id, ownerId), sql`${cardParts.contact_id} = wanted.value`))
    .orderBy(asc(cardParts.id))
  for (const { id, hash, text } of rows) parts.set(id, [...(parts.get(id) ?? []), { hash, text }])
  return parts
}

/** The contact that was added last: after an insertion, in its batch, the one that was inserted. */
export const newestContact = sql`(SELECT max(contacts.id) FROM contacts)`

/** Which contact a statement is about: one by its id, or the newest. */
export type Which = number | typeof newestContact

/** The condition that a contact is that one, and an owner's. */
export const isContact = (ownerId: number, which: Which) => and(ownedBy(ownerId), sql`${contacts.id} = ${which}`)

/**
 * For the batch of a write, after it: stores the parts that the contact's vCard names now, and deletes those that it
 * does not. Where the write did nothing, neither does this.
 */
export const partStatements = (db: Database, ownerId: number, which: Which, parts: readonly CardPart[]) => [
  ...parts.map(({ hash, text }) =>
    db
      .insert(cardParts)
      .select(
        db
          .select({
            id: sql<number>`NULL`.as('id'),
            owner_id: sql<number>`${ownerId}`.as('owner_id'),
            contact_id: contacts.id,
            hash: sql<string>`${hash}`.as('hash'),
            text: sql<string>`${text}`.as('text'),
          })
          .from(contacts)
          .where(and(isContact(ownerId, which), sql`instr(${contacts.card}, ${hash}) > 0`)),
      )
      .onConflictDoNothing(),
  ),
  deleteUnusedParts(db, which),
]

/**
 * Deletes the parts that neither a contact's vCard names nor one of its versions. `which` may select several contacts.
 */
export const deleteUnusedParts = (db: Database, which: Which | SQL) =>
  db.delete(cardParts).where(
    sql`contact_id IN (${which}) AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.id = card_parts.contact_id AND instr(contacts.card, card_parts.hash) > 0)
        AND NOT EXISTS (SELECT 1 FROM versions WHERE versions.owner_id = card_parts.owner_id AND versions.contact_id = card_parts.contact_id AND instr(versions.content, card_parts.hash) > 0)`,
  )

/**
 * Selects the parts of the contact that a column names, as a JSON object by their hashes. The column is written with
 * its table: Drizzle would leave that out, and the parts have a column of that name.
 */
export const partsOf = (column: 'contacts.id' | 'removed.contact_id' | 'versions.contact_id'): SQL<string> =>
  sql<string>`(SELECT json_group_object(hash, text) FROM card_parts WHERE card_parts.contact_id = ${sql.raw(column)})`
