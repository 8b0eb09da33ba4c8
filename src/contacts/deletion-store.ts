import { type SQL, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { nextNumber } from '../books/numbers-store.ts'
import { removed } from '../books/table.ts'
import { trimStatements } from '../books/trash-store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { fieldNames } from './fields.ts'
import { isUnchanged, type ReadRow } from './store.ts'
import { contacts } from './table.ts'

/** The columns of a contact in the trash. Search and sort keys are computed again when it is restored. */
export const trashColumns = [
  ...[...fieldNames, 'full_name', 'avatar', 'card', 'uid', 'uri', 'book_id', 'is_group', 'group_labels', 'labels_key'],
  ...['revision', 'created_at', 'updated_at'],
] as const satisfies readonly (keyof typeof contacts.$inferSelect)[]

/** A contact as JSON. Merges two objects, because D1 allows 32 arguments for a function. */
export const trashContent = (() => {
  const objectOf = (names: readonly (typeof trashColumns)[number][]) =>
    sql`json_object(${sql.join(
      names.map((name) => sql`${sql.raw(`'${name}'`)}, ${contacts[name]}`),
      sql`, `,
    )})`
  const [first, second] = [trashColumns.filter((_, at) => at < 12), trashColumns.filter((_, at) => at >= 12)]
  return sql<string>`json_patch(${objectOf(first)}, ${objectOf(second)})`
})()

/**
 * For a batch, before the contacts are deleted: copies contacts of an owner into the trash. If there are several, `seq`
 * must give each its own change number.
 */
export const trashStatement = (
  db: Database,
  ownerId: number,
  author: Author,
  where: SQL | undefined,
  seq: SQL<number> = nextNumber(ownerId),
) => {
  const row = selectAsRow(removed, {
    ...{ owner_id: ownerId, seq, contact_id: sql`${contacts.id}`, book_id: sql`${contacts.book_id}` },
    ...{ content: trashContent, avatar: sql`${contacts.avatar}` },
    ...{ removed_by: serializeAuthor(author), removed_at: timestamp() },
  })
  return db.insert(removed).select(db.select(row).from(contacts).where(where))
}

/**
 * Moves a contact to the trash. With `maxTrash`, also permanently deletes the oldest contacts in the trash beyond that
 * number. Returns the change number; undefined if the contact was changed or deleted since it was read.
 */
export async function deleteRow(
  db: Database,
  ownerId: number,
  row: ReadRow,
  author: Author,
  maxTrash?: number,
): Promise<number | undefined> {
  const where = isUnchanged(ownerId, row)
  const [[moved]] = await db.batch([
    trashStatement(db, ownerId, author, where).returning({ seq: removed.seq }),
    db.delete(contacts).where(where),
    ...(maxTrash === undefined ? [] : trimStatements(db, ownerId, maxTrash)),
  ])
  return moved?.seq
}
