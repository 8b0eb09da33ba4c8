import { and, asc, type SQL, sql } from 'drizzle-orm'
import { bookIdOf } from '../books/table.ts'
import { keyOfLabel } from '../contacts/labels-key.ts'
import type { CardPart } from '../contacts/parts.ts'
import { partsOf } from '../contacts/parts-store.ts'
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

/** How many contacts are read at once: a vCard may have a megabyte of files. */
const pageSize = 20

/**
 * Reads the contacts of an owner one page at a time, in the order in which they were added. Reads each page from the
 * end of the last one, so that the last contacts take as long as the first.
 */
export const exportedContacts = (
  db: Database,
  ownerId: number,
  { label, book, withoutGroups }: ExportFilter,
): AsyncGenerator<readonly ExportedContact[]> => {
  const where: (SQL | undefined)[] = [
    ownedBy(ownerId),
    book === undefined ? undefined : sql`${contacts.book_id} = ${bookIdOf(ownerId, book)}`,
    label === undefined
      ? undefined
      : sql`instr(${contacts.labels_key} || ${contacts.group_labels}, ${keyOfLabel(label)}) > 0`,
    withoutGroups ? sql`${contacts.is_group} = 0` : undefined,
  ]
  return pages<ExportedContact>(async (last, limit) => {
    const rows = await db
      .select({ ...storedColumns, parts: partsOf('contacts.id').as('parts') })
      .from(contacts)
      .where(
        and(...where, last && sql`(${contacts.created_at}, ${contacts.id}) > (${last.row.created_at}, ${last.row.id})`),
      )
      .orderBy(asc(contacts.created_at), asc(contacts.id))
      .limit(limit)
    return rows.map(({ parts, ...row }) => ({ row, parts: parseParts(parts) }))
  }, pageSize)
}

/** Parses the parts of a vCard, an object by their hashes. */
const parseParts = (text: string | null): CardPart[] =>
  Object.entries(JSON.parse(text ?? '{}') as Record<string, string>).map(([hash, part]) => ({ hash, text: part }))
