import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { bookSlug, bookUid } from '../books/table.ts'
import { partsOf } from '../contacts/parts-store.ts'
import type { Database } from '../platform/db/database.ts'
import { readStoredContact, type StoredContact } from './stored-contact.ts'
import { versions } from './table.ts'

/** A contact as it was before a change, and who made that change and when. */
export interface VersionRow {
  readonly contact: StoredContact
  readonly changed_at: string
  readonly changed_by: string | null
}

/** The columns of a version's contact. `book` is the book of that time, or the first book if that one is gone. */
const contactColumns = (ownerId: number) => ({
  id: versions.contact_id,
  content: versions.content,
  book: bookSlug(sql`json_extract(versions.content, '$.book_id')`).as('book'),
  book_uid: bookUid(ownerId).as('book_uid'),
})

const ofContact = (ownerId: number, contactId: number) =>
  and(eq(versions.owner_id, ownerId), eq(versions.contact_id, contactId))

/** Lists the earlier versions of an owner's contact, newest first: at most 20. */
export async function listVersions(db: Database, ownerId: number, contactId: number): Promise<VersionRow[]> {
  const rows = await db
    .select({
      ...contactColumns(ownerId),
      changed_at: versions.changed_at,
      changed_by: versions.changed_by,
    })
    .from(versions)
    .where(ofContact(ownerId, contactId))
    .orderBy(desc(versions.revision))
  return rows.map(({ id, content, book, book_uid, ...row }) => ({
    contact: readStoredContact({ id, book, book_uid }, content),
    ...row,
  }))
}

/** Finds a version of an owner's contact; undefined if there is none for the revision. */
export async function findVersion(
  db: Database,
  ownerId: number,
  contactId: number,
  revision: number,
): Promise<StoredContact | undefined> {
  const [row] = await db
    .select(contactColumns(ownerId))
    .from(versions)
    .where(and(ofContact(ownerId, contactId), eq(versions.revision, revision)))
  return row && readStoredContact({ id: row.id, book: row.book, book_uid: row.book_uid }, row.content)
}

/** A version, with the files of its contact's vCards. */
export interface ExportedVersion extends VersionRow {
  readonly parts: string
}

/** Reads versions of all contacts of an owner, after the version `last`. */
export async function readVersions(
  db: Database,
  ownerId: number,
  last: ExportedVersion | undefined,
  limit: number,
): Promise<ExportedVersion[]> {
  const { id = 0, revision = 0 } = last?.contact ?? {}
  const rows = await db
    .select({
      ...contactColumns(ownerId),
      ...{ changed_at: versions.changed_at, changed_by: versions.changed_by },
      parts: partsOf('versions.contact_id').as('parts'),
    })
    .from(versions)
    .where(
      and(eq(versions.owner_id, ownerId), sql`(${versions.contact_id}, ${versions.revision}) > (${id}, ${revision})`),
    )
    .orderBy(asc(versions.contact_id), asc(versions.revision))
    .limit(limit)
  return rows.map(({ id, content, book, book_uid, ...row }) => ({
    contact: readStoredContact({ id, book, book_uid }, content),
    ...row,
  }))
}
