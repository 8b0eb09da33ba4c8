import { and, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { nextNumber } from '../books/numbers-store.ts'
import { bookIdOf } from '../books/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { columnValues } from '../platform/db/rows.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import type { ContactContent } from './content.ts'
import { type ContactFields, fieldNames, pickFields } from './fields.ts'
import { groupColumns, hasRoomForGroup, memberStatements } from './groups-store.ts'
import { labelsKey, labelsOfKey } from './labels-key.ts'
import { isPlaceFree, moveStatement } from './move-store.ts'
import { type CardPart, hasParts } from './parts.ts'
import { deleteUnusedParts, findParts, partStatements } from './parts-store.ts'
import { ownContact } from './scope.ts'
import { hiddenKeys, keyColumns, searchKeys } from './search/keys.ts'
import { type ContactRow, contacts, type StoredRow, storedColumns } from './table.ts'
import { uidOf } from './uid.ts'
import { isUidFree, placeOf } from './uid-store.ts'

/** The columns that every write of a contact sets. */
export const writtenColumns = [
  ...fieldNames,
  ...keyColumns,
  'card',
  'uid',
  'full_name',
  'labels_key',
  'is_group',
  'updated_at',
] as const

type Row = ContactFields &
  Pick<ContactContent, 'card' | 'uid' | 'full_name'> &
  Record<(typeof keyColumns)[number] | 'labels_key' | 'created_at' | 'updated_at', string> & {
    readonly is_group: boolean
  }

/** Makes the row of a new contact, with its search keys. `groups` are the names of the groups that have it. */
export const createRow = (
  ownerId: number,
  { fields, card, uid, full_name, search, labels, members }: ContactContent,
  locale: string,
  now = timestamp(),
  groups: readonly string[] = [],
): Row & { readonly owner_id: number } => ({
  ...pickFields(fields),
  ...searchKeys(fields, locale, search, groups),
  ...{ card, uid, full_name, labels_key: labelsKey(labels) },
  ...(members === null ? { is_group: false } : { is_group: true, labels_key: '', ...hiddenKeys }),
  owner_id: ownerId,
  created_at: now,
  updated_at: now,
})

/** Who writes a contact, and the language whose alphabet names are sorted by. */
export interface Writer {
  readonly locale: string
  readonly author: Author
}

/** The columns that a write of a contact sets to replace it. */
function createChange(ownerId: number, content: ContactContent, { locale, author }: Writer, groups: readonly string[]) {
  const { owner_id: _, created_at: __, ...values } = createRow(ownerId, content, locale, timestamp(), groups)
  const book = content.moveTo === undefined ? {} : { book_id: bookIdOf(ownerId, content.moveTo) }
  return { ...values, ...book, ...numbered(ownerId), changed_by: serializeAuthor(author) }
}

/** The same, with the labels of the groups that name a UID, as they are when it is written. */
export function createRegroupedChange(
  db: Database,
  ownerId: number,
  uid: string,
  content: ContactContent,
  writer: Writer,
) {
  const change = createChange(ownerId, content, writer, [])
  return { ...change, ...groupColumns(db, ownerId, uid, change) }
}

/** What every change of a contact sets besides: the next revision, and the change number. */
export const numbered = (ownerId: number | Placeholder) => ({
  revision: sql`${contacts.revision} + 1`,
  seq: nextNumber(ownerId),
})

const findOwnQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db.select(storedColumns).from(contacts).where(ownContact(params.owner, params.id)),
)

/** Finds a contact of an owner; undefined where there is none, also where it is another's. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<StoredRow | undefined> {
  const [row] = await findOwnQuery(db, { owner: ownerId, id })
  return row
}

/**
 * Finds a contact of an owner with the files of its vCard, as both are at one moment: a write between two reads would
 * leave the vCard without a file that it names.
 */
export async function findWithParts(
  db: Database,
  ownerId: number,
  id: number,
): Promise<{ readonly row: StoredRow | undefined; readonly parts: readonly CardPart[] }> {
  const row = await findContact(db, ownerId, id)
  if (!row?.card || !hasParts(row.card)) return { row, parts: [] }
  const own = db.select(storedColumns).from(contacts).where(ownContact(ownerId, id))
  const [[now], parts] = await db.batch([own, findParts(db, ownerId, id)])
  return { row: now, parts }
}

/** A row as it was read: a write that gives it succeeds only while the row is at that revision. */
export type ReadRow = Pick<ContactRow, 'id' | 'revision'>

export const isUnchanged = (ownerId: number, { id, revision }: ReadRow) =>
  and(ownContact(ownerId, id), eq(contacts.revision, revision))

const replacedColumns = [...writtenColumns, 'changed_by'] as const

const replaceOwnQuery = preparedQuery(['owner', 'id', 'read', ...replacedColumns], (db, params) =>
  db
    .update(contacts)
    .set({ ...columnValues(contacts, replacedColumns, params), ...numbered(params.owner) })
    .where(and(ownContact(params.owner, params.id), eq(contacts.revision, params.read)))
    .returning(storedColumns),
)

/**
 * Replaces the content of a contact, and moves it to another book if the content says so: what it leaves in the one
 * before has the number before its own. Undefined where it has been changed or deleted since it was read, or where the
 * book has no place for it any more.
 */
export async function replaceRow(
  db: Database,
  ownerId: number,
  row: StoredRow,
  content: ContactContent,
  writer: Writer,
): Promise<StoredRow | undefined> {
  if (row.is_group || content.members || content.moveTo !== undefined) {
    const where = and(isUnchanged(ownerId, row), isPlaceFree(db, ownerId, row, content))
    const change = changeStatement(db, ownerId, row, content, writer, where).returning(storedColumns)
    const after = row.is_group || content.members ? memberStatements(db, ownerId, row.id, content) : []
    if (content.moveTo === undefined) return (await db.batch([change, ...after]))[0][0]
    const [, [moved]] = await db.batch([moveStatement(db, ownerId, where), change, ...after])
    return moved
  }
  const groups = labelsOfKey(row.group_labels)
  const values = createRow(ownerId, content, writer.locale, timestamp(), groups)
  const changed_by = serializeAuthor(writer.author)
  const read = { owner: ownerId, id: row.id, read: row.revision }
  const [replaced] = await replaceOwnQuery(db, { ...values, changed_by, ...read })
  return replaced
}

/** The same, as a statement of a batch. It writes no members of a group. */
export const changeStatement = (
  db: Database,
  ownerId: number,
  row: StoredRow,
  content: ContactContent,
  writer: Writer,
  where: SQL | undefined = isUnchanged(ownerId, row),
) =>
  db
    .update(contacts)
    .set(createChange(ownerId, content, writer, labelsOfKey(row.group_labels)))
    .where(where)

/** A vCard in place of what a contact is: its content, its larger files, and its picture. */
export interface CardReplacement {
  readonly content: ContactContent
  readonly parts: readonly CardPart[]
  /**
   * A picture that was stored for it, or one that it had before; null: it has none. Undefined: it keeps the one that it
   * has.
   */
  readonly picture: StoredPicture | { readonly picture: string } | null | undefined
}

/**
 * Replaces a contact by a vCard; the next sweep deletes a picture that it no longer has. Undefined where the contact
 * has been changed or deleted since it was read, or where another has taken the vCard's UID.
 */
export async function replaceByCard(
  db: Database,
  ownerId: number,
  row: StoredRow,
  { content, parts, picture }: CardReplacement,
  writer: Writer,
): Promise<StoredRow | undefined> {
  const uid = uidOf({ ...row, uid: content.uid })
  const hasOtherUid = uid !== uidOf(row)
  const where = and(
    isUnchanged(ownerId, row),
    hasOtherUid ? isUidFree(db, ownerId, uid, placeOf(row)) : undefined,
    content.members ? hasRoomForGroup(ownerId, { members: content.members, row }) : undefined,
  )
  // Under another UID it is in the groups that name that one.
  const change = hasOtherUid
    ? createRegroupedChange(db, ownerId, uid, content, writer)
    : createChange(ownerId, content, writer, labelsOfKey(row.group_labels))
  const avatar = picture === undefined ? {} : { avatar: picture?.picture ?? null }
  const statement = db
    .update(contacts)
    .set({ ...change, ...avatar })
    .where(where)
    .returning(storedColumns)
  const after = [
    ...partStatements(db, ownerId, row.id, parts),
    ...(row.is_group || content.members ? memberStatements(db, ownerId, row.id, content) : []),
    ...(picture && 'reservation' in picture
      ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, row.id))]
      : []),
  ]
  if (picture === undefined) return (await db.batch([statement, ...after]))[0][0]
  const [, [changed]] = await db.batch([markForDeletionStatement(db, contacts, where), statement, ...after])
  return changed
}

interface AvatarChange {
  readonly picture: StoredPicture | null
  /** The vCard without the pictures that it came with; undefined where it has none. */
  readonly card: string | undefined
  readonly condition: SQL
  readonly author: Author
}

/**
 * Gives a contact a picture, or with null removes its picture; the next sweep deletes the one before. Undefined where
 * the contact has been changed or deleted since it was read, or `condition` is not true.
 */
export async function setAvatarColumn(
  db: Database,
  ownerId: number,
  row: ReadRow,
  { picture, card, condition, author }: AvatarChange,
): Promise<StoredRow | undefined> {
  const where = and(isUnchanged(ownerId, row), condition)
  const [, [changed]] = await db.batch([
    markForDeletionStatement(db, contacts, where),
    db
      .update(contacts)
      .set({
        ...{ avatar: picture?.picture ?? null, updated_at: timestamp(), ...numbered(ownerId) },
        changed_by: serializeAuthor(author),
        ...(card === undefined ? {} : { card }),
      })
      .where(where)
      .returning(storedColumns),
    ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, ownContact(ownerId, row.id))] : []),
    ...(card === undefined ? [] : [deleteUnusedParts(db, row.id)]),
  ])
  return changed
}
