import { and, eq, type SQL, sql } from 'drizzle-orm'
import { books, firstBook } from '../books/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { columnValues } from '../platform/db/rows.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import type { ContactContent } from './content.ts'
import { type ContactFields, fieldNames, pickFields } from './fields.ts'
import { labelsKey } from './labels-key.ts'
import type { CardPart } from './parts.ts'
import { deleteUnusedParts, partStatements } from './parts-store.ts'
import { ownContact } from './scope.ts'
import { keyColumns, searchKeys } from './search/keys.ts'
import { type ContactRow, contacts, type StoredRow, storedColumns } from './table.ts'
import { isUidFree } from './uid-store.ts'
import type { VcardRow } from './vcard.ts'

/** The columns that every write of a contact sets. */
export const writtenColumns = [
  ...fieldNames,
  ...keyColumns,
  'card',
  'uid',
  'full_name',
  'labels_key',
  'updated_at',
] as const

type Row = ContactFields &
  Pick<ContactContent, 'card' | 'uid' | 'full_name'> &
  Record<(typeof keyColumns)[number] | 'labels_key' | 'created_at' | 'updated_at', string>

/** Makes the row of a new contact, with its search keys. */
export const createRow = (
  ownerId: number,
  { fields, card, uid, full_name, search, labels }: ContactContent,
  locale: string,
  now = timestamp(),
): Row & { readonly owner_id: number } => ({
  ...pickFields(fields),
  ...searchKeys(fields, locale, search),
  ...{ card, uid, full_name, labels_key: labelsKey(labels) },
  owner_id: ownerId,
  created_at: now,
  updated_at: now,
})

const findOwnQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db.select(storedColumns).from(contacts).where(ownContact(params.owner, params.id)),
)

/** Finds a contact of an owner; undefined where there is none, also where it is another's. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<StoredRow | undefined> {
  const [row] = await findOwnQuery(db, { owner: ownerId, id })
  return row
}

const findForVcardQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db
    .select({ ...storedColumns, book_uid: books.uid })
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
    .returning(storedColumns),
)

/** Replaces the content of a contact. Undefined where it has been changed or deleted since it was read. */
export async function replaceRow(
  db: Database,
  ownerId: number,
  row: ReadRow,
  content: ContactContent,
  locale: string,
): Promise<StoredRow | undefined> {
  const values = { ...createRow(ownerId, content, locale), owner: ownerId, id: row.id, read: row.revision }
  const [replaced] = await replaceOwnQuery(db, values)
  return replaced
}

/** The same, as a statement of a batch: it returns a row if it replaced one. */
export function replaceStatement(db: Database, ownerId: number, row: ReadRow, content: ContactContent, locale: string) {
  const { owner_id: _, created_at: __, ...values } = createRow(ownerId, content, locale)
  return db
    .update(contacts)
    .set({ ...values, revision: sql`${contacts.revision} + 1` })
    .where(isUnchanged(ownerId, row))
    .returning({ id: contacts.id })
}

/** A vCard in place of what a contact is: its content, its larger files, and its picture. */
export interface CardReplacement {
  readonly content: ContactContent
  readonly parts: readonly CardPart[]
  /** A picture that was stored for it; null: it has none. Undefined: it keeps the one that it has. */
  readonly picture: StoredPicture | null | undefined
}

/**
 * Replaces a contact by a vCard; the next sweep deletes a picture that it no longer has. Undefined where the contact
 * has been changed or deleted since it was read, or where another has taken the vCard's UID.
 */
export async function replaceByCard(
  db: Database,
  ownerId: number,
  row: ReadRow,
  { content, parts, picture }: CardReplacement,
  locale: string,
): Promise<StoredRow | undefined> {
  const where = and(
    isUnchanged(ownerId, row),
    content.uid === null ? undefined : isUidFree(db, ownerId, content.uid, row.id),
  )
  const { owner_id: _, created_at: __, ...values } = createRow(ownerId, content, locale)
  const avatar = picture === undefined ? {} : { avatar: picture?.picture ?? null }
  const [, [changed]] = await db.batch([
    markForDeletionStatement(db, contacts, picture === undefined ? sql`0` : where),
    db
      .update(contacts)
      .set({ ...values, ...avatar, revision: sql`${contacts.revision} + 1` })
      .where(where)
      .returning(storedColumns),
    ...partStatements(db, ownerId, row.id, parts),
    ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, row.id))] : []),
  ])
  return changed
}

interface AvatarChange {
  readonly picture: StoredPicture | null
  /** The vCard without the pictures that it came with; undefined where it has none. */
  readonly card: string | undefined
  readonly condition: SQL
}

/**
 * Gives a contact a picture, or with null removes its picture; the next sweep deletes the one before. Undefined where
 * the contact has been changed or deleted since it was read, or `condition` is not true.
 */
export async function setAvatarColumn(
  db: Database,
  ownerId: number,
  row: ReadRow,
  { picture, card, condition }: AvatarChange,
): Promise<StoredRow | undefined> {
  const where = and(isUnchanged(ownerId, row), condition)
  const [, [changed]] = await db.batch([
    markForDeletionStatement(db, contacts, where),
    db
      .update(contacts)
      .set({
        ...{ avatar: picture?.picture ?? null, updated_at: timestamp(), revision: sql`${contacts.revision} + 1` },
        ...(card === undefined ? {} : { card }),
      })
      .where(where)
      .returning(storedColumns),
    ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, row.id))] : []),
    ...(card === undefined ? [] : [deleteUnusedParts(db, row.id)]),
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
