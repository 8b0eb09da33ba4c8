import { and, asc, type SQL, sql } from 'drizzle-orm'
import { bookIdOf } from '../books/table.ts'
import { keyOfLabel } from '../contacts/labels-key.ts'
import { type CardPart, hasParts } from '../contacts/parts.ts'
import { findPartsOf } from '../contacts/parts-store.ts'
import { ownedBy } from '../contacts/scope.ts'
import { contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { pages } from '../platform/db/pages.ts'

/** Which contacts are exported. */
export interface ExportFilter {
  readonly label?: string | undefined
  /** The slug of a book. */
  readonly book?: string | undefined
  /** Whether groups are left out. */
  readonly withoutGroups: boolean
}

/** A contact with the larger files of its vCard. */
export interface ExportedContact {
  readonly row: StoredRow
  readonly parts: readonly CardPart[]
}

/**
 * Reads the contacts of an owner one page at a time, in the order in which they were added. Reads each page from the
 * end of the last one, so that the last contacts take as long as the first.
 */
export const exportedRows = (
  db: Database,
  ownerId: number,
  { label, book, withoutGroups }: ExportFilter,
  pageSize: number,
): AsyncGenerator<readonly StoredRow[]> => {
  const where: (SQL | undefined)[] = [
    ownedBy(ownerId),
    book === undefined ? undefined : sql`${contacts.book_id} = ${bookIdOf(ownerId, book)}`,
    label === undefined
      ? undefined
      : sql`instr(${contacts.labels_key} || ${contacts.group_labels}, ${keyOfLabel(label)}) > 0`,
    withoutGroups ? sql`${contacts.is_group} = 0` : undefined,
  ]
  return pages<StoredRow>(
    (last, limit) =>
      db
        .select(storedColumns)
        .from(contacts)
        .where(and(...where, last && sql`(${contacts.created_at}, ${contacts.id}) > (${last.created_at}, ${last.id})`))
        .orderBy(asc(contacts.created_at), asc(contacts.id))
        .limit(limit),
    pageSize,
  )
}

/** Of how many contacts with files these are in memory at once: a vCard may have a megabyte of them. */
const filesSize = 20

/** Adds to contacts the larger files of their vCards, of a few contacts at a time. */
export async function* withParts(
  db: Database,
  ownerId: number,
  rows: readonly StoredRow[],
): AsyncGenerator<readonly ExportedContact[]> {
  const groups: StoredRow[][] = []
  let files = filesSize
  for (const row of rows) {
    if (files === filesSize) groups.push([])
    if (files === filesSize) files = 0
    groups.at(-1)?.push(row)
    if (row.avatar !== null || (row.card !== null && hasParts(row.card))) files++
  }
  for (const group of groups) {
    const ids = group.flatMap(({ id, card }) => (card !== null && hasParts(card) ? [id] : []))
    const parts = await findPartsOf(db, ownerId, ids)
    yield group.map((row) => ({ row, parts: parts.get(row.id) ?? [] }))
  }
}
