import { and, asc, count, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { nextNumber } from '../books/numbers-store.ts'
import { bookIdOrFirst, bookSlug, bookUid, removed } from '../books/table.ts'
import { inTrash } from '../books/trash-store.ts'
import { hasRoom } from '../contacts/creation-store.ts'
import { groupColumns, hasRoomForGroup, memberStatements } from '../contacts/groups-store.ts'
import { partsOf } from '../contacts/parts-store.ts'
import { createRow } from '../contacts/store.ts'
import { contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { isUidFree } from '../contacts/uid-store.ts'
import { fetchCounted } from '../platform/db/counted.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { type Cursor, type Page, type PageQuery, pageById } from '../platform/http/page.ts'
import { contentOfStored, readStoredContact, type StoredContact } from './stored-contact.ts'

/** A contact in the trash. */
export interface TrashRow {
  /** Its change number, which orders the trash. */
  readonly id: number
  readonly contact: StoredContact
  readonly removed_at: string
  readonly removed_by: string | null
}

const columns = (ownerId: number) => ({
  id: removed.seq,
  contact_id: removed.contact_id,
  content: removed.content,
  removed_at: removed.removed_at,
  removed_by: removed.removed_by,
  book: bookSlug(sql`removed.book_id`).as('book'),
  book_uid: bookUid(ownerId).as('book_uid'),
})

interface StoredEntry {
  readonly id: number
  readonly contact_id: number | null
  readonly content: string | null
  readonly removed_at: string
  readonly removed_by: string | null
  readonly book: string
  readonly book_uid: string
}

const toTrashRow = ({ id, contact_id, content, book, book_uid, ...entry }: StoredEntry): TrashRow => ({
  ...{ id, ...entry },
  contact: readStoredContact({ id: contact_id ?? 0, book, book_uid }, content ?? ''),
})

/** Lists an owner's trash, newest first, one page at a time. One round trip. */
export async function listTrash(
  db: Database,
  ownerId: number,
  query: PageQuery,
  cursor: Cursor | null,
): Promise<Page<TrashRow>> {
  const page = db
    .select(columns(ownerId))
    .from(removed)
    .where(and(inTrash(ownerId), cursor ? lt(removed.seq, cursor.id) : undefined))
    .orderBy(desc(removed.seq))
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
  const counted = db.select({ total: count() }).from(removed).where(inTrash(ownerId))
  const { rows, total } = await fetchCounted(db, page, query.total ? counted : null)
  return pageById({ rows: rows.map(toTrashRow), total }, query, 'trash')
}

/** Reads entries of an owner's trash, with the files of their vCards, in the order of change numbers. */
export async function readTrash(
  db: Database,
  ownerId: number,
  after: number,
  limit: number,
): Promise<(TrashRow & { readonly parts: string })[]> {
  const rows = await db
    .select({ ...columns(ownerId), parts: partsOf('removed.contact_id').as('parts') })
    .from(removed)
    .where(and(inTrash(ownerId), gt(removed.seq, after)))
    .orderBy(asc(removed.seq))
    .limit(limit)
  return rows.map(({ parts, ...row }) => ({ ...toTrashRow(row), parts }))
}

/** The condition that an entry of the trash belongs to a contact. */
export const ofContact = (contactId: number) => eq(removed.contact_id, contactId)

/** Finds a contact in an owner's trash; undefined if it is not there. */
export async function findInTrash(db: Database, ownerId: number, contactId: number): Promise<TrashRow | undefined> {
  const [row] = await db
    .select(columns(ownerId))
    .from(removed)
    .where(and(inTrash(ownerId), ofContact(contactId)))
  return row && toTrashRow(row)
}

/**
 * Restores a contact from the trash into its book, or into the first book if its own is gone: with the same id, UID,
 * vCard and picture, and the next revision. Undefined if it is no longer in the trash, the owner has the maximum number
 * of contacts or groups, or another contact has its UID.
 */
export async function restoreRow(
  db: Database,
  ownerId: number,
  entry: TrashRow,
  { locale, maxContacts }: { readonly locale: string; readonly maxContacts: number },
): Promise<StoredRow | undefined> {
  const { contact } = entry
  const content = contentOfStored(contact)
  const uid = uidOf(contact)
  const row = createRow(ownerId, content, locale)
  const { avatar, uri, created_at } = contact
  const book_id = bookIdOrFirst(ownerId, contact.book_id)
  const isEntry = and(inTrash(ownerId), eq(removed.seq, entry.id))
  const [[restored]] = await db.batch([
    db
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
              ...[isEntry, hasRoom(ownerId, maxContacts), isUidFree(db, ownerId, uid, { bookId: book_id })],
              content.members ? hasRoomForGroup(ownerId, { members: content.members }) : undefined,
            ),
          ),
      )
      .returning(storedColumns),
    db
      .update(removed)
      .set({ content: null, avatar: null })
      .where(and(isEntry, sql`EXISTS (SELECT 1 FROM contacts WHERE contacts.id = ${contact.id})`)),
    ...(content.members ? memberStatements(db, ownerId, contact.id, content) : []),
  ])
  return restored
}
