import { and, eq, sql } from 'drizzle-orm'
import type { Author } from '../books/author.ts'
import { serializeUndo } from '../books/merge-undo.ts'
import { isRefused, lastNumber, unchangedStatement } from '../books/numbers-store.ts'
import { removed } from '../books/table.ts'
import { trimStatements } from '../books/trash-store.ts'
import { trashStatement } from '../contacts/deletion-store.ts'
import {
  findGroupsNaming,
  type GroupCard,
  groupCardStatements,
  type Joining,
  joinStatements,
} from '../contacts/group-cards-store.ts'
import type { CardPart } from '../contacts/parts.ts'
import { ownContact, ownedByUnindexed } from '../contacts/scope.ts'
import { createRegroupedChange, rowsOfIds } from '../contacts/store.ts'
import { cardParts, contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import type { Database } from '../platform/db/database.ts'
import { jsonOf, selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import type { MergedContact, UnitedContact } from './unite-contacts.ts'

/** What a merge depends on. */
export interface MergeState {
  /** The owner's newest change number. While it is the newest, the rest is current. */
  readonly number: number
  readonly contacts: readonly MergedContact[]
  /** Which groups name which of the contacts, by UID. */
  readonly memberships: readonly { readonly group: number; readonly uid: string }[]
}

/** Reads contacts of an owner with the files of their vCards, and which groups they are in. */
export async function readMerge(db: Database, ownerId: number, ids: readonly number[]): Promise<MergeState> {
  const [[owner], rows, parts, memberships] = await db.batch([
    db
      .select({ number: lastNumber(ownerId).as('number') })
      .from(users)
      .where(eq(users.id, ownerId)),
    rowsOfIds(db, ownerId, ids),
    db
      .select({ contact: cardParts.contact_id, hash: cardParts.hash, text: cardParts.text })
      .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
      .crossJoin(cardParts)
      .crossJoin(contacts)
      .where(
        and(
          sql`${cardParts.contact_id} = wanted.value`,
          eq(cardParts.owner_id, ownerId),
          sql`${contacts.id} = wanted.value`,
          // Not those that only versions name: a contact has up to 21 pictures of a megabyte.
          sql`instr(${contacts.card}, ${cardParts.hash}) > 0`,
        ),
      ),
    findGroupsNaming(db, ownerId, ids),
  ])
  return {
    number: owner?.number ?? -1,
    contacts: rows.map((row) => ({ row, parts: parts.filter(({ contact }) => contact === row.id) })),
    memberships,
  }
}

/** What a merge writes. */
interface MergeWrite {
  /** The contact that the others are merged into, as it was read. */
  readonly row: StoredRow
  readonly from: readonly number[]
  readonly united: UnitedContact
  /** The vCards of the groups that it joins. */
  readonly cards: readonly GroupCard[]
  readonly joinings: readonly Joining[]
  readonly author: Author
  readonly locale: string
  /** How many contacts the trash may hold; undefined to skip the check. */
  readonly maxTrash: number | undefined
}

/**
 * Writes a merge, all or nothing. Returns the contact that the others were merged into. Undefined, with nothing
 * written, if any of the owner's contacts changed since the state was read.
 */
export async function writeMerge(
  db: Database,
  ownerId: number,
  { number }: Pick<MergeState, 'number'>,
  { row, from, united, cards, joinings, author, locale, maxTrash }: MergeWrite,
): Promise<StoredRow | undefined> {
  const { content, parts, avatar } = united
  const ids = JSON.stringify(from)
  const gone = and(ownedByUnindexed(ownerId), sql`${contacts.id} IN (SELECT value FROM json_each(${ids}))`)
  const { revision, favorite } = row
  const undo = serializeUndo({ revision, favorite, groups: cards.map(({ id }) => id) })
  const isVersion = sql`EXISTS (SELECT 1 FROM versions
    WHERE versions.owner_id = ${ownerId} AND versions.contact_id = ${row.id} AND versions.revision = ${revision})`
  const place = sql<number>`${lastNumber(ownerId)} + row_number() OVER (ORDER BY ${contacts.id})`
  try {
    const results = await db.batch([
      unchangedStatement(db, ownerId, number),
      db
        .update(contacts)
        .set({ ...createRegroupedChange(db, ownerId, uidOf(row), content, { locale, author }), avatar })
        .where(ownContact(ownerId, row.id)),
      ...insertPartsStatements(db, ownerId, row.id, parts),
      ...groupCardStatements(db, ownerId, cards, author),
      ...joinStatements(db, ownerId, joinings),
      trashStatement(db, ownerId, author, gone, place),
      db.delete(contacts).where(gone),
      db
        .update(removed)
        .set({
          merged_into: row.id,
          merged_revision: sql`(SELECT contacts.revision FROM contacts WHERE contacts.id = ${row.id})`,
          merge_undo: sql`json_set(${undo}, '$.version', json(iif(${isVersion}, 'true', 'false')))`,
        })
        .where(
          sql`+owner_id = ${ownerId} AND contact_id IN (SELECT value FROM json_each(${ids})) AND content IS NOT NULL`,
        ),
      ...(maxTrash === undefined ? [] : trimStatements(db, ownerId, maxTrash)),
      db.select(storedColumns).from(contacts).where(ownContact(ownerId, row.id)),
    ])
    const [merged] = (results.at(-1) ?? []) as StoredRow[]
    return merged
  } catch (error) {
    if (isRefused(error)) return undefined
    throw error
  }
}

/** Stores files of a contact's vCard. */
const insertPartsStatements = (db: Database, ownerId: number, contactId: number, parts: readonly CardPart[]) =>
  jsonOf(parts).map((json) =>
    db
      .insert(cardParts)
      .select(
        db
          .select(
            selectAsRow(cardParts, {
              ...{ owner_id: ownerId, contact_id: contactId },
              ...{ hash: sql`part.value ->> 'hash'`, text: sql`part.value ->> 'text'` },
            }),
          )
          .from(sql`json_each(${json}) AS part`)
          // Without WHERE, SQLite would read ON CONFLICT as the condition of a join.
          .where(sql`true`),
      )
      .onConflictDoNothing(),
  )
