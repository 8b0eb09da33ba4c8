import { and, asc, gt, isNotNull, sql } from 'drizzle-orm'
import { lastNumber } from '../books/numbers-store.ts'
import { removed } from '../books/table.ts'
import { ownedBy } from '../contacts/scope.ts'
import { type ContactRow, contactColumns, contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import type { Place } from './token.ts'

/** A contact that changed; null if it was deleted. */
export interface ChangeRow extends Place {
  readonly contact: ContactRow | StoredRow | null
}

/** A page of changes in the order of change numbers, and the owner's newest number when it was read. */
export interface ChangePage {
  readonly rows: ChangeRow[]
  readonly number: number
}

/** The columns of a change, with the vCard if the client wants the whole contact. */
const columns = (isWhole: boolean) => ({
  ...(isWhole ? (storedColumns as unknown as typeof contactColumns) : contactColumns),
  seq: contacts.seq,
  is_group: contacts.is_group,
})

const numberQuery = (db: Database, ownerId: number) =>
  db.select({ number: lastNumber(ownerId).as('number') }).from(sql`(SELECT 1) AS one`)

/**
 * Finds what changed in an owner's books after a change number: at most `limit` changes, in the order of their numbers.
 * Reports a contact that became a group as deleted, because groups are not listed. Leaves out the removal that a move
 * to another book records, because the contact itself follows. Takes one round trip, and reads only the newest row if
 * nothing changed.
 */
export async function findChanges(
  db: Database,
  ownerId: number,
  number: number,
  { limit, isWhole }: { readonly limit: number; readonly isWhole: boolean },
): Promise<ChangePage> {
  const [changed, gone, [last]] = await db.batch([
    db
      .select(columns(isWhole))
      .from(contacts)
      .where(and(ownedBy(ownerId), gt(contacts.seq, number)))
      .orderBy(asc(contacts.seq))
      .limit(limit),
    db
      .select({ seq: removed.seq, id: sql<number>`${removed.contact_id}`.as('id') })
      .from(removed)
      .where(
        and(
          sql`${removed.owner_id} = ${ownerId}`,
          gt(removed.seq, number),
          isNotNull(removed.contact_id),
          sql`moved = 0`,
        ),
      )
      .orderBy(asc(removed.seq))
      .limit(limit),
    numberQuery(db, ownerId),
  ])
  const rows = [
    ...changed.map(({ seq, is_group, ...contact }) => ({
      ...{ seq, updated_at: contact.updated_at, id: contact.id },
      contact: is_group ? null : contact,
    })),
    ...gone.map(({ seq, id }) => ({ seq, updated_at: '', id, contact: null })),
  ].toSorted((one, other) => one.seq - other.seq)
  return { rows: rows.filter((_, at) => at < limit), number: last?.number ?? 0 }
}

/**
 * Reads all contacts of an owner page by page, in the order of change numbers. A contact that changes meanwhile appears
 * on a later page, or as a change.
 */
export async function readBook(
  db: Database,
  ownerId: number,
  after: Place | null,
  { limit, isWhole }: { readonly limit: number; readonly isWhole: boolean },
): Promise<ChangePage> {
  const [rows, [last]] = await db.batch([
    db
      .select(columns(isWhole))
      .from(contacts)
      .where(
        and(
          ownedBy(ownerId),
          after === null
            ? undefined
            : sql`(${contacts.seq}, ${contacts.updated_at}, ${contacts.id}) > (${after.seq}, ${after.updated_at}, ${after.id})`,
        ),
      )
      .orderBy(asc(contacts.seq), asc(contacts.updated_at), asc(contacts.id))
      .limit(limit),
    numberQuery(db, ownerId),
  ])
  return {
    rows: rows.map(({ seq, is_group, ...contact }) => ({
      ...{ seq, updated_at: contact.updated_at, id: contact.id },
      contact: is_group ? null : contact,
    })),
    number: last?.number ?? 0,
  }
}
