import { and, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { Configuration } from '../env.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { columnValues } from '../platform/db/rows.ts'
import { statement } from '../platform/db/statement.ts'
import { avatarUrl } from '../platform/pictures/avatar.ts'
import { keepReservedStatement, markForDeletionStatement } from '../platform/pictures/deletions.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import type { Contact } from './schema.ts'
import { fullName, searchKeys } from './search.ts'
import { type ContactRow, contactColumns, contacts } from './table.ts'

/** What a person may write of a contact; all of it, with nulls for what there is none of. */
export interface ContactFields {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly birthday: string | null
  readonly additional: string | null
  readonly favorite: boolean
}

const own = (ownerId: number | Placeholder, id: number | Placeholder) =>
  and(eq(contacts.owner_id, ownerId), eq(contacts.id, id))

/** A row ready to be inserted, with the keys it is found by. */
export function newContact(ownerId: number, fields: ContactFields, locale: string, now = timestamp()) {
  return { ...fields, ...searchKeys(fields, locale), owner_id: ownerId, created_at: now, updated_at: now }
}

type WrittenColumn = Exclude<keyof ReturnType<typeof newContact>, 'owner_id' | 'created_at'>

// An object, because its type lets none be forgotten: what a statement has no parameter for is not written.
const written: Readonly<Record<WrittenColumn, true>> = {
  ...{ first_name: true, last_name: true, email: true, phone: true, birthday: true, additional: true, favorite: true },
  ...{ first_name_key: true, last_name_key: true, email_key: true, phone_key: true, birthday_key: true },
  ...{ name_key: true, search_key: true, updated_at: true },
}

/** The columns that every write of a contact gives. */
export const writtenColumns = Object.keys(written) as WrittenColumn[]

const findOwn = statement(['owner', 'id'], (db, given) =>
  db.select(contactColumns).from(contacts).where(own(given.owner, given.id)),
)

/** One's own contact; undefined when there is none, also when it is another's. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<ContactRow | undefined> {
  const [row] = await findOwn(db, { owner: ownerId, id })
  return row
}

const replaceOwn = statement(['owner', 'id', 'read', ...writtenColumns], (db, given) =>
  db
    .update(contacts)
    .set({ ...columnValues(contacts, writtenColumns, given), revision: sql`${contacts.revision} + 1` })
    .where(and(own(given.owner, given.id), eq(contacts.revision, given.read)))
    .returning(contactColumns),
)

/**
 * Replaces a contact, if it is still at the revision that was read, with keys by the locale's alphabet; undefined when it has changed or gone meanwhile.
 */
export async function replaceContact(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  fields: ContactFields,
  locale: string,
): Promise<ContactRow | undefined> {
  const [row] = await replaceOwn(db, {
    ...newContact(ownerId, fields, locale),
    owner: ownerId,
    id,
    read: readRevision,
  })
  return row
}

/**
 * Gives a contact a picture, or with null takes it away, if it is still at the revision that was read; what it showed before is
 * removed by the next sweep. Undefined when it has changed or gone meanwhile, or `still` does not hold: keeping a picture takes a
 * while.
 */
export async function updateContactAvatar(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  { noCache: kept, still }: { readonly noCache: StoredPicture | null; readonly still: SQL },
): Promise<ContactRow | undefined> {
  const read = and(own(ownerId, id), eq(contacts.revision, readRevision), still)
  const [, [row]] = await db.batch([
    markForDeletionStatement(db, contacts, read),
    db
      .update(contacts)
      .set({ avatar: kept?.picture ?? null, updated_at: timestamp(), revision: sql`${contacts.revision} + 1` })
      .where(read)
      .returning(contactColumns),
    ...(kept ? [keepReservedStatement(db, kept.reservation, contacts, own(ownerId, id))] : []),
  ])
  return row
}

/** Removes a contact, if it is still at the revision that was read, and its picture by the next sweep. */
export async function deleteContact(db: Database, ownerId: number, id: number, readRevision: number): Promise<boolean> {
  const read = and(own(ownerId, id), eq(contacts.revision, readRevision))
  const [, rows] = await db.batch([
    markForDeletionStatement(db, contacts, read),
    db.delete(contacts).where(read).returning({ id: contacts.id }),
  ])
  return rows.length > 0
}

/** A contact as its owner sees it. */
export function toContact(row: ContactRow, config: Configuration): Contact {
  return {
    id: row.id,
    first_name: row.first_name,
    last_name: row.last_name,
    full_name: fullName(row),
    email: row.email,
    phone: row.phone,
    birthday: row.birthday,
    additional: row.additional,
    favorite: row.favorite,
    avatar: avatarUrl({ ...row, name: fullName(row) }, config),
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}
