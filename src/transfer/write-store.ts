import { and, type SQL, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { groupColumns, namesForMembers } from '../contacts/groups-store.ts'
import type { CardPart } from '../contacts/parts.ts'
import { deleteUnusedParts } from '../contacts/parts-store.ts'
import { ownedBy } from '../contacts/scope.ts'
import { contactsInJson, type createRow, writtenColumns } from '../contacts/store.ts'
import { cardParts, contacts, effectiveUid, groupMembers } from '../contacts/table.ts'
import type { Database } from '../platform/db/database.ts'
import { columnsIn, jsonOf, selectAsRow, selectValues } from '../platform/db/rows.ts'
import { keepPicturesStatement, markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'

type Values = ReturnType<typeof createRow>

/** A contact to add or to replace, with the change number that the write gives it. */
export interface ContactWrite {
  /** The contact that is replaced; null to add one. */
  readonly id: number | null
  readonly seq: number
  readonly values: Values
  /** `contacts.book_id` of a contact that is added. */
  readonly bookId: number
  /** The reference to its picture after the write; null for none. */
  readonly avatar: string | null
  /** Whether the contact had another picture before. */
  readonly hasNewAvatar: boolean
  /** The reservation of a picture that was stored for this write. */
  readonly stored?: StoredPicture | undefined
  readonly parts: readonly CardPart[]
  /** The UIDs that it names, if it is a group; null if it is not. */
  readonly members: readonly string[] | null
  /** Whether the contact that is replaced is a group. */
  readonly wasGroup: boolean
}

/**
 * For a batch whose guard has compared the newest change number: adds and replaces contacts, with their files, pictures
 * and members of groups. A fixed number of statements, however many contacts there are.
 */
export function contactStatements(db: Database, ownerId: number, writes: readonly ContactWrite[], author: Author) {
  const added = writes.filter(({ id }) => id === null)
  const replaced = writes.filter(({ id }) => id !== null)
  const places = placesOf(writes)
  const parts = writes.flatMap(({ parts }, at) => parts.map((part) => ({ ...places[at], ...part })))
  const dropped = replaced.filter(({ hasNewAvatar }) => hasNewAvatar).map(({ id }) => id)
  const reservations = writes.flatMap(({ stored }) => stored?.reservation ?? [])
  const groups = writes.flatMap((write, at) => {
    const place = places[at]
    return place && (write.members !== null || write.wasGroup) ? [toGroup(write, place)] : []
  })
  const replacedIds = replaced.map(({ id }) => id)
  return [
    ...(dropped.length > 0
      ? [
          markForDeletionStatement(
            db,
            contacts,
            and(ownedBy(ownerId), sql`${contacts.id} IN (${selectValues(dropped)})`),
          ),
        ]
      : []),
    ...jsonOf(added.map(toAddedRow)).map((json) => insertStatement(db, ownerId, json, author)),
    ...jsonOf(replaced.map(toReplacedRow)).map((json) => replaceStatement(db, ownerId, json, author)),
    ...jsonOf(parts).map((json) => partStatement(db, ownerId, json)),
    ...(replacedIds.length > 0 ? [deleteUnusedParts(db, selectValues(replacedIds))] : []),
    ...(reservations.length > 0 ? [keepPicturesStatement(db, reservations)] : []),
    ...jsonOf(groups).flatMap((json) => groupStatements(db, ownerId, json)),
  ]
}

const toAddedRow = ({ seq, values, bookId, avatar }: ContactWrite) => ({ ...values, seq, avatar, book_id: bookId })

const toReplacedRow = ({ id, seq, values, avatar }: ContactWrite) => ({ ...values, id, seq, avatar })

/**
 * The place of a written contact in the JSON of later statements of the batch: its id, or how many contacts are added
 * after it. The ids of added contacts are consecutive, and the last one is the highest of all.
 */
export type Place = { readonly id: number } | { readonly after: number }

/** Computes the place of each contact of a write. */
export function placesOf(writes: readonly ContactWrite[]): Place[] {
  let after = writes.filter(({ id }) => id === null).length
  return writes.map(({ id }) => (id === null ? { after: --after } : { id }))
}

/** Selects the id of the contact whose {@link Place} is in a row of JSON: `row` is the alias of `json_each`. */
export const idAt = (row: string): SQL<number> => sql<number>`coalesce(
  ${sql.raw(row)}.value ->> 'id', (SELECT max(contacts.id) FROM contacts) - (${sql.raw(row)}.value ->> 'after')
)`

const toGroup = ({ members, values }: ContactWrite, place: Place) => ({
  ...{ ...place, members: members ?? [] },
  ...namesForMembers(values),
})

/** Inserts contacts from JSON. A contact whose UID is named by groups gets their labels. */
const insertStatement = (db: Database, ownerId: number, json: string, author: Author) =>
  db.insert(contacts).select(
    db
      .select(
        selectAsRow(contacts, {
          ...columnsIn([...writtenColumns, 'book_id', 'avatar', 'seq', 'created_at'], 'added'),
          ...{ owner_id: ownerId, changed_by: serializeAuthor(author) },
          ...groupColumns(db, ownerId, sql`added.value ->> 'uid'`, { search_key: sql`added.value ->> 'search_key'` }),
        }),
      )
      .from(sql`json_each(${json}) AS added`)
      .orderBy(sql`added.key`),
  )

/** Replaces contacts from JSON. */
const replaceStatement = (db: Database, ownerId: number, json: string, author: Author) =>
  db
    .update(contacts)
    .set({
      ...columnsIn([...writtenColumns, 'avatar', 'seq'], 'changed'),
      ...{ revision: sql`contacts.revision + 1`, changed_by: serializeAuthor(author) },
    })
    .from(contactsInJson(db, ownerId, json))
    .where(sql`contacts.id = changed.found`)

/** Stores the files of contacts that this batch writes. */
const partStatement = (db: Database, ownerId: number, json: string) =>
  db
    .insert(cardParts)
    .select(
      db
        .select(
          selectAsRow(cardParts, {
            ...{ id: sql`NULL` as SQL, owner_id: ownerId, contact_id: idAt('part') },
            ...columnsIn(['hash', 'text'], 'part'),
          }),
        )
        .from(sql`json_each(${json}) AS part`)
        // SQLite needs it between SELECT and ON CONFLICT.
        .where(sql`true`),
    )
    .onConflictDoNothing()

/** Stores the members and the names of groups that this batch writes. Triggers change the labels of members. */
const groupStatements = (db: Database, ownerId: number, json: string) => {
  const id = idAt('written')
  const written = sql`json_each(${json}) AS written`
  return [
    db.delete(groupMembers).where(
      sql`group_id IN (SELECT ${id} FROM ${written}) AND uid NOT IN (SELECT member.value
        FROM ${written}, json_each(written.value, '$.members') AS member WHERE ${id} = group_members.group_id)`,
    ),
    db
      .update(groupMembers)
      .set({ label: sql`named.label`, search: sql`named.search` })
      .from(
        sql`(SELECT ${id} AS id, written.value ->> 'label' AS label, written.value ->> 'search' AS search
          FROM ${written}) AS named`,
      )
      .where(
        sql`group_members.group_id = named.id
          AND (group_members.label, group_members.search) IS NOT (named.label, named.search)`,
      ),
    db
      .insert(groupMembers)
      .select(
        db
          .select(
            selectAsRow(groupMembers, {
              ...{ group_id: id, uid: sql`member.value`, owner_id: ownerId },
              ...columnsIn(['label', 'search'], 'written'),
            }),
          )
          .from(sql`${written} CROSS JOIN json_each(written.value, '$.members') AS member`)
          // A group is not a member of itself, even if it names itself.
          .where(sql`member.value <> (SELECT ${effectiveUid} FROM contacts WHERE contacts.id = ${id})`),
      )
      .onConflictDoNothing(),
  ]
}
