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
import { ownContact, ownedBy } from './scope.ts'
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

/** Makes the row of a contact, with its search keys. `groups` are the names of the groups that it is in. */
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

/** The author of a write, and the locale by whose alphabet names are sorted. */
export interface Writer {
  readonly locale: string
  readonly author: Author
}

/** The columns that are set when a contact is replaced. */
function createChange(ownerId: number, content: ContactContent, { locale, author }: Writer, groups: readonly string[]) {
  const { owner_id: _, created_at: __, ...values } = createRow(ownerId, content, locale, timestamp(), groups)
  const book = content.moveTo === undefined ? {} : { book_id: bookIdOf(ownerId, content.moveTo) }
  return { ...values, ...book, ...numbered(ownerId), changed_by: serializeAuthor(author) }
}

/** The same, with the labels of the groups that name a UID at the time of the write. */
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

/** The columns that every change of a contact also sets: the next revision, and the change number. */
export const numbered = (ownerId: number | Placeholder) => ({
  revision: sql`${contacts.revision} + 1`,
  seq: nextNumber(ownerId),
})

const findOwnQuery = preparedQuery(['owner', 'id'], (db, params) =>
  db.select(storedColumns).from(contacts).where(ownContact(params.owner, params.id)),
)

/** Finds a contact of an owner; undefined if there is none, or it belongs to another owner. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<StoredRow | undefined> {
  const [row] = await findOwnQuery(db, { owner: ownerId, id })
  return row
}

/** Finds contacts of an owner by id. Looks up each id instead of reading all of the owner's contacts. */
export const rowsOfIds = (db: Database, ownerId: number, ids: readonly number[]) =>
  db
    .select(storedColumns)
    .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
    .crossJoin(contacts)
    .where(and(ownedBy(ownerId), sql`${contacts.id} = wanted.value`))

/**
 * For an UPDATE of several contacts by JSON: selects those of an owner that the JSON names, each by id, as `changed`
 * with the columns `found` (the id), `value` (the object in the JSON) and `key` (its position).
 */
export const contactsInJson = (db: Database, ownerId: number, json: string) =>
  db
    .select({
      found: sql<number>`contacts.id`.as('found'),
      value: sql`wanted.value`.as('value'),
      key: sql`wanted.key`.as('key'),
    })
    .from(sql`json_each(${json}) AS wanted`)
    .crossJoin(contacts)
    .where(and(ownedBy(ownerId), sql`${contacts.id} = wanted.value ->> 'id'`))
    .as('changed')

/**
 * Finds a contact of an owner with the files of its vCard, both at one moment. If they were read separately, a write in
 * between could remove a file that the vCard names.
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

/** A row that was read: a write with it succeeds only if the row still has that revision. */
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
 * Replaces the content of a contact, and moves it to another book if the content says so. A move also records at the
 * preceding change number that the contact left its book. Undefined if the contact was changed or deleted since it was
 * read, or the new book is gone or has a contact with its UID.
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

/** The statement that replaces a contact, for a batch. It does not write the members of a group. */
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

/** A vCard that replaces a contact: its content, its larger files, and its picture. */
export interface CardReplacement {
  readonly content: ContactContent
  readonly parts: readonly CardPart[]
  /**
   * A picture that was stored for this write, or one that the contact had before; null for no picture; undefined to
   * keep the present one.
   */
  readonly picture: StoredPicture | { readonly picture: string } | null | undefined
}

/**
 * Replaces a contact with a vCard. The next sweep deletes a picture that is no longer used. Undefined if the contact
 * was changed or deleted since it was read, or another contact has the vCard's UID.
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
  // With another UID, the contact is in the groups that name that UID.
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
  /** The vCard without its embedded pictures; undefined if the contact has no vCard. */
  readonly card: string | undefined
  readonly condition: SQL
  readonly author: Author
}

/**
 * Sets the picture of a contact, or removes it if null. The next sweep deletes the previous one. Undefined if the
 * contact was changed or deleted since it was read, or `condition` is false.
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
