import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { Author } from '../books/author.ts'
import { isRefused, lastNumber, nextNumber, requireStatement, unchangedStatement } from '../books/numbers-store.ts'
import { bookIdOrFirst, removed } from '../books/table.ts'
import { inTrash } from '../books/trash-store.ts'
import type { ContactContent } from '../contacts/content.ts'
import { hasRoom } from '../contacts/creation-store.ts'
import { type GroupCard, groupCardStatements, leaveStatements } from '../contacts/group-cards-store.ts'
import { groupColumns, hasRoomForGroup, memberStatements } from '../contacts/groups-store.ts'
import { ownContact } from '../contacts/scope.ts'
import { createRegroupedChange, createRow, rowsOfIds } from '../contacts/store.ts'
import { contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { isUidFree } from '../contacts/uid-store.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import { contentOfStored } from './stored-contact.ts'
import type { Merged, TrashRow } from './trash-store.ts'

interface RestoreOptions {
  readonly locale: string
  readonly maxContacts: number
}

/** The statement that adds a contact from the trash again, if it is there, has room, and no other has its UID. */
function insertStatement(db: Database, ownerId: number, entry: TrashRow, { locale, maxContacts }: RestoreOptions) {
  const { contact } = entry
  const content = contentOfStored(contact)
  const uid = uidOf(contact)
  const row = createRow(ownerId, content, locale)
  const { avatar, uri, created_at } = contact
  const book_id = bookIdOrFirst(ownerId, contact.book_id)
  return db
    .insert(contacts)
    .select(
      db
        .select(
          selectAsRow(contacts, {
            ...{ ...row, id: contact.id, revision: contact.revision + 1, seq: nextNumber(ownerId) },
            ...{ avatar, uri, book_id, created_at, ...groupColumns(db, ownerId, uid, row) },
          }),
        )
        .from(removed)
        .where(
          and(
            ...[isEntry(ownerId, entry), hasRoom(ownerId, maxContacts)],
            isUidFree(db, ownerId, uid, { bookId: book_id }),
            content.members ? hasRoomForGroup(ownerId, { members: content.members }) : undefined,
          ),
        ),
    )
    .returning(storedColumns)
}

const isEntry = (ownerId: number, entry: TrashRow) => and(inTrash(ownerId), eq(removed.seq, entry.id))
const isThere = (id: number): SQL => sql`EXISTS (SELECT 1 FROM contacts WHERE contacts.id = ${id})`

const emptyStatement = (db: Database, ownerId: number, entry: TrashRow) =>
  db
    .update(removed)
    .set({ content: null, avatar: null })
    .where(and(isEntry(ownerId, entry), isThere(entry.contact.id)))

/** The entries of an owner's trash that were merged into a contact, when that left it at a revision. */
const mergedInto = (ownerId: number, into: number, revision: number) =>
  and(inTrash(ownerId), sql`+owner_id = ${ownerId}`, sql`merged_into = ${into}`, sql`merged_revision = ${revision}`)

/**
 * For a batch in which a contact became again what it was at a revision: what was merged into it, and left it at that
 * revision, is merged into what it is now, so that this can be undone, too.
 */
const shiftStatement = (db: Database, ownerId: number, into: number, revision: number) =>
  db
    .update(removed)
    .set({ merged_revision: sql`(SELECT contacts.revision FROM contacts WHERE contacts.id = ${into})` })
    .where(and(mergedInto(ownerId, into, revision), isThere(into)))

/**
 * Restores a contact from the trash into its book, or into the first book if its own is gone: with the same id, UID,
 * vCard and picture, and the next revision. Undefined if it is no longer in the trash, the owner has the maximum number
 * of contacts or groups, or another contact has its UID.
 */
export async function restoreRow(
  db: Database,
  ownerId: number,
  entry: TrashRow,
  options: RestoreOptions,
): Promise<StoredRow | undefined> {
  const { contact } = entry
  const content = contentOfStored(contact)
  const [[restored]] = await db.batch([
    insertStatement(db, ownerId, entry, options),
    emptyStatement(db, ownerId, entry),
    shiftStatement(db, ownerId, contact.id, contact.revision),
    ...(content.members ? memberStatements(db, ownerId, contact.id, content) : []),
  ])
  return restored
}

/** What undoing a merge depends on. */
export interface UndoState {
  /** The owner's newest change number. While it is the newest, the rest is current. */
  readonly number: number
  /** The contact that the others were merged into; undefined if it is gone. */
  readonly into: StoredRow | undefined
  /** The groups that it joined by the merge. */
  readonly groups: readonly StoredRow[]
  /** The ids of the other contacts of the merge that are in the trash. */
  readonly others: readonly number[]
}

/** Reads what undoing a merge depends on, for one contact of it. */
export async function readUndo(
  db: Database,
  ownerId: number,
  { into, revision, undo }: Merged,
  id: number,
): Promise<UndoState> {
  const [[owner], [row], groups, others] = await db.batch([
    db
      .select({ number: lastNumber(ownerId).as('number') })
      .from(users)
      .where(eq(users.id, ownerId)),
    db.select(storedColumns).from(contacts).where(ownContact(ownerId, into)),
    rowsOfIds(db, ownerId, undo.groups),
    db
      .select({ id: sql<number>`contact_id`.as('merged_id') })
      .from(removed)
      .where(and(mergedInto(ownerId, into, revision), ne(removed.contact_id, id)))
      .orderBy(sql`contact_id`),
  ])
  return { number: owner?.number ?? -1, into: row, groups, others: others.map((other) => other.id) }
}

/** What undoing a merge writes. */
export interface UndoWrite {
  readonly number: number
  readonly merged: Merged
  /** The contact that the others were merged into, and what it was before. */
  readonly into: StoredRow
  readonly content: ContactContent
  readonly avatar: string | null
  /** The vCards of the groups that it leaves, and the forms of its UID that they named. */
  readonly groups: readonly GroupCard[]
  readonly uids: readonly string[]
  readonly author: Author
}

/**
 * Restores a contact from the trash, and undoes the merge by which it came there, all or nothing. The other contacts of
 * the merge stay in the trash, as if they had been deleted. Undefined, with nothing written, if any of the owner's
 * contacts changed since the state was read, or the contact cannot be restored.
 */
export async function restoreAndUndo(
  db: Database,
  ownerId: number,
  entry: TrashRow,
  { number, merged, into, content, avatar, groups, uids, author }: UndoWrite,
  options: RestoreOptions,
): Promise<StoredRow | undefined> {
  const { id } = entry.contact
  const change = createRegroupedChange(db, ownerId, uidOf(into), content, { locale: options.locale, author })
  const ids = groups.map((group) => group.id)
  try {
    const results = await db.batch([
      unchangedStatement(db, ownerId, number),
      insertStatement(db, ownerId, entry, options),
      requireStatement(db, isThere(id)),
      emptyStatement(db, ownerId, entry),
      db
        .update(contacts)
        .set({ ...change, avatar })
        .where(ownContact(ownerId, into.id)),
      ...groupCardStatements(db, ownerId, groups, author),
      ...leaveStatements(db, ownerId, ids, uids),
      db
        .update(removed)
        .set({ merged_into: null, merged_revision: null, merge_undo: null })
        .where(mergedInto(ownerId, into.id, merged.revision)),
      shiftStatement(db, ownerId, into.id, merged.undo.revision),
      shiftStatement(db, ownerId, id, entry.contact.revision),
      db.select(storedColumns).from(contacts).where(ownContact(ownerId, id)),
    ])
    const [restored] = (results.at(-1) ?? []) as StoredRow[]
    return restored
  } catch (error) {
    if (isRefused(error)) return undefined
    throw error
  }
}

/** The newest change number of an owner. */
export async function readNumber(db: Database, ownerId: number): Promise<number> {
  const [row] = await db.select({ number: lastNumber(ownerId).as('number') }).from(sql`(SELECT 1) AS one`)
  return row?.number ?? 0
}
