import { and, asc, count, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { type MergeUndo, parseUndo } from '../books/merge-undo.ts'
import { bookSlug, bookUid, removed } from '../books/table.ts'
import { inTrash } from '../books/trash-store.ts'
import { partsOf } from '../contacts/parts-store.ts'
import { fetchCounted } from '../platform/db/counted.ts'
import type { Database } from '../platform/db/database.ts'
import { type Cursor, type Page, type PageQuery, pageById } from '../platform/http/page.ts'
import { readStoredContact, type StoredContact } from './stored-contact.ts'

/** A contact in the trash. */
export interface TrashRow {
  /** Its change number, which orders the trash. */
  readonly id: number
  readonly contact: StoredContact
  readonly removed_at: string
  readonly removed_by: string | null
  /** The merge by which it came here; null if it was deleted, or the merge was undone. */
  readonly merged: Merged | null
}

/** A merge: the contact that others were merged into, its revision after that, and what undoing it needs to know. */
export interface Merged {
  readonly into: number
  readonly revision: number
  readonly undo: MergeUndo
}

const columns = (ownerId: number) => ({
  id: removed.seq,
  contact_id: removed.contact_id,
  content: removed.content,
  removed_at: removed.removed_at,
  removed_by: removed.removed_by,
  merged_into: removed.merged_into,
  merged_revision: removed.merged_revision,
  merge_undo: removed.merge_undo,
  book: bookSlug(sql`removed.book_id`).as('book'),
  book_uid: bookUid(ownerId).as('book_uid'),
})

interface StoredEntry {
  readonly id: number
  readonly contact_id: number | null
  readonly content: string | null
  readonly removed_at: string
  readonly removed_by: string | null
  readonly merged_into: number | null
  readonly merged_revision: number | null
  readonly merge_undo: string | null
  readonly book: string
  readonly book_uid: string
}

const mergedOf = ({ merged_into: into, merged_revision: revision, merge_undo: undo }: StoredEntry): Merged | null =>
  into === null || revision === null || undo === null ? null : { into, revision, undo: parseUndo(undo) }

const toTrashRow = (entry: StoredEntry): TrashRow => ({
  ...{ id: entry.id, removed_at: entry.removed_at, removed_by: entry.removed_by, merged: mergedOf(entry) },
  contact: storedContactOf(entry),
})

const storedContactOf = ({ contact_id, book, book_uid, content }: StoredEntry): StoredContact =>
  readStoredContact({ id: contact_id ?? 0, book, book_uid }, content ?? '')

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
