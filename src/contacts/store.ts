import { and, eq, type SQL, sql } from 'drizzle-orm'
import { books, firstBook } from '../books/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { columnValues } from '../platform/db/rows.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import { type ContactFields, fieldNames, pickFields } from './fields.ts'
import { ownContact } from './scope.ts'
import { keyColumns, searchKeys } from './search/keys.ts'
import { type ContactRow, contactColumns, contacts } from './table.ts'
import type { VcardRow } from './vcard.ts'

/** The columns that every write of a contact sets. */
export const writtenColumns = [...fieldNames, ...keyColumns, 'updated_at'] as const

type Row = ContactFields & Record<(typeof keyColumns)[number] | 'created_at' | 'updated_at', string>

/** Makes the row of a new contact, with its search keys. */
export const createRow = (
  ownerId: number,
  fields: ContactFields,
  locale: string,
  now = timestamp(),
): Row & { readonly owner_id: number } => ({
  ...pickFields(fields),
  ...searchKeys(fields, locale),
  owner_id: ownerId,
  created_at: now,
  updated_at: now,
})

const findOwnQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db.select(contactColumns).from(contacts).where(ownContact(params.owner, params.id)),
)

/** Finds a contact of an owner; undefined where there is none, also where it is another's. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<ContactRow | undefined> {
  const [row] = await findOwnQuery(db, { owner: ownerId, id })
  return row
}

const findForVcardQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db
    .select({ ...contactColumns, book_uid: books.uid })
    .from(contacts)
    .innerJoin(books, and(eq(books.owner_id, params.owner), eq(books.slug, firstBook)))
    .where(ownContact(params.owner, params.id)),
)

/** Finds a contact of an owner, with what its vCard needs besides; undefined where there is none. */
export async function findForVcard(db: Database, ownerId: number, id: number): Promise<VcardRow | undefined> {
  const [row] = await findForVcardQuery(db, { owner: ownerId, id })
  return row
}

/** A row as it was read: a write that gives it succeeds only while the row is at that revision. */
type ReadRow = Pick<ContactRow, 'id' | 'revision'>

const isUnchanged = (ownerId: number, { id, revision }: ReadRow) =>
  and(ownContact(ownerId, id), eq(contacts.revision, revision))

const replaceOwnQuery = preparedQuery(['owner', 'id', 'read', ...writtenColumns], (db, params) =>
  db
    .update(contacts)
    .set({ ...columnValues(contacts, writtenColumns, params), revision: sql`${contacts.revision} + 1` })
    .where(and(ownContact(params.owner, params.id), eq(contacts.revision, params.read)))
    .returning(contactColumns),
)

/** Replaces the fields of a contact. Undefined where it has been changed or deleted since it was read. */
export async function replaceRow(
  db: Database,
  ownerId: number,
  row: ReadRow,
  fields: ContactFields,
  locale: string,
): Promise<ContactRow | undefined> {
  const values = { ...createRow(ownerId, fields, locale), owner: ownerId, id: row.id, read: row.revision }
  const [replaced] = await replaceOwnQuery(db, values)
  return replaced
}

/**
 * Gives a contact a picture, or with null removes its picture; the next sweep deletes the one before. Undefined where
 * the contact has been changed or deleted since it was read, or `condition` is not true.
 */
export async function setAvatarColumn(
  db: Database,
  ownerId: number,
  row: ReadRow,
  { picture, condition }: { readonly picture: StoredPicture | null; readonly condition: SQL },
): Promise<ContactRow | undefined> {
  const where = and(isUnchanged(ownerId, row), condition)
  const [, [changed]] = await db.batch([
    markForDeletionStatement(db, contacts, where),
    db
      .update(contacts)
      .set({ avatar: picture?.picture ?? null, updated_at: timestamp(), revision: sql`${contacts.revision} + 1` })
      .where(where)
      .returning(contactColumns),
    ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, row.id))] : []),
  ])
  return changed
}

/**
 * Deletes a contact; the next sweep deletes its picture. False where it has been changed or deleted since it was read.
 */
export async function deleteRow(db: Database, ownerId: number, row: ReadRow): Promise<boolean> {
  const where = isUnchanged(ownerId, row)
  const [, rows] = await db.batch([
    markForDeletionStatement(db, contacts, where),
    db.delete(contacts).where(where).returning({ id: contacts.id }),
  ])
  return rows.length > 0
}
