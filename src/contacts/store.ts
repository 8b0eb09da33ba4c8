import { and, eq, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { columnValues } from '../platform/db/rows.ts'
import { preparedQuery } from '../platform/db/statement.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import { type ContactFields, fieldNames, pickFields } from './fields.ts'
import { ownContact } from './scope.ts'
import { keyColumns, searchKeys } from './search/keys.ts'
import { type ContactRow, contactColumns, contacts } from './table.ts'

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

const replaceOwnQuery = preparedQuery(['owner', 'id', 'read', ...writtenColumns], (db, params) =>
  db
    .update(contacts)
    .set({ ...columnValues(contacts, writtenColumns, params), revision: sql`${contacts.revision} + 1` })
    .where(and(ownContact(params.owner, params.id), eq(contacts.revision, params.read)))
    .returning(contactColumns),
)

/**
 * Replaces a contact, if it is still at the revision that was read, with keys by the locale's alphabet; undefined when
 * it has changed or gone meanwhile.
 */
export async function replaceRow(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  fields: ContactFields,
  locale: string,
): Promise<ContactRow | undefined> {
  const [row] = await replaceOwnQuery(db, {
    ...createRow(ownerId, fields, locale),
    owner: ownerId,
    id,
    read: readRevision,
  })
  return row
}

/**
 * Gives a contact a picture, or with null takes it away, if it is still at the revision that was read; what it showed
 * before is removed by the next sweep. Undefined when it has changed or gone meanwhile, or `condition` is not true:
 * storing a picture takes a while.
 */
export async function setAvatarColumn(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  { picture, condition }: { readonly picture: StoredPicture | null; readonly condition: SQL },
): Promise<ContactRow | undefined> {
  const read = and(ownContact(ownerId, id), eq(contacts.revision, readRevision), condition)
  const [, [row]] = await db.batch([
    markForDeletionStatement(db, contacts, read),
    db
      .update(contacts)
      .set({ avatar: picture?.picture ?? null, updated_at: timestamp(), revision: sql`${contacts.revision} + 1` })
      .where(read)
      .returning(contactColumns),
    ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, id))] : []),
  ])
  return row
}

/** Removes a contact, if it is still at the revision that was read, and its picture by the next sweep. */
export async function deleteRow(db: Database, ownerId: number, id: number, readRevision: number): Promise<boolean> {
  const read = and(ownContact(ownerId, id), eq(contacts.revision, readRevision))
  const [, rows] = await db.batch([
    markForDeletionStatement(db, contacts, read),
    db.delete(contacts).where(read).returning({ id: contacts.id }),
  ])
  return rows.length > 0
}
