import { and, asc, count, desc, eq, gt, lt, or, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Configuration } from '../env.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { rowOf } from '../platform/db/rows.ts'
import { fold } from '../platform/fold.ts'
import type { Cursor, Page } from '../platform/http/page.ts'
import { avatarUrl } from '../platform/images/avatar.ts'
import { adopted, discarding } from '../platform/images/discarded.ts'
import type { Kept } from '../platform/images/store.ts'
import { users } from '../users/table.ts'
import type { Contact, ContactQuery } from './schema.ts'
import { digits, fullName, noBirthday, searchKeys } from './search.ts'
import { type ContactRow, contacts } from './table.ts'

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

const own = (ownerId: number, id: number) => and(eq(contacts.owner_id, ownerId), eq(contacts.id, id))

/** A row ready to be inserted, with the keys it is found by. */
export function newContact(ownerId: number, fields: ContactFields, now = timestamp()) {
  return { ...fields, ...searchKeys(fields), owner_id: ownerId, created_at: now, updated_at: now }
}

/** Adds a contact to its owner's book; undefined when the owner has been deleted meanwhile, and nothing is left behind. */
export async function createContact(
  db: Database,
  ownerId: number,
  fields: ContactFields,
): Promise<ContactRow | undefined> {
  const row = rowOf(contacts, newContact(ownerId, fields))
  const [made] = await db
    .insert(contacts)
    .select(db.select(row).from(users).where(eq(users.id, ownerId)))
    .returning()
  return made
}

/** One's own contact; undefined when there is none, also when it is another's. */
export async function findContact(db: Database, ownerId: number, id: number): Promise<ContactRow | undefined> {
  const [row] = await db.select().from(contacts).where(own(ownerId, id))
  return row
}

/**
 * Replaces a contact, if it is still at the revision that was read; undefined when it has changed or gone meanwhile.
 */
export async function replaceContact(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  fields: ContactFields,
): Promise<ContactRow | undefined> {
  const [row] = await db
    .update(contacts)
    .set({ ...fields, ...searchKeys(fields), updated_at: timestamp(), revision: sql`${contacts.revision} + 1` })
    .where(and(own(ownerId, id), eq(contacts.revision, readRevision)))
    .returning()
  return row
}

/**
 * Gives a contact a picture, or with null takes it away, if it is still at the revision that was read; what it showed before is
 * removed by the next sweep. Undefined when it has changed or gone meanwhile.
 */
export async function changeContactAvatar(
  db: Database,
  ownerId: number,
  id: number,
  readRevision: number,
  kept: Kept | null,
): Promise<ContactRow | undefined> {
  const read = and(own(ownerId, id), eq(contacts.revision, readRevision))
  const [, [row]] = await db.batch([
    discarding(db, contacts, read),
    db
      .update(contacts)
      .set({ avatar: kept?.picture ?? null, updated_at: timestamp(), revision: sql`${contacts.revision} + 1` })
      .where(read)
      .returning(),
    ...(kept ? [adopted(db, kept.reservation, contacts, own(ownerId, id))] : []),
  ])
  return row
}

/** Removes a contact, if it is still at the revision that was read, and its picture by the next sweep. */
export async function removeContact(db: Database, ownerId: number, id: number, readRevision: number): Promise<boolean> {
  const read = and(own(ownerId, id), eq(contacts.revision, readRevision))
  const [, rows] = await db.batch([
    discarding(db, contacts, read),
    db.delete(contacts).where(read).returning({ id: contacts.id }),
  ])
  return rows.length > 0
}

/** One's own contacts that fit a query, sorted; from `cursor` on, or past `skip` of them. One round trip. */
export async function listContacts(
  db: Database,
  ownerId: number,
  query: ContactQuery,
  cursor: Cursor | null,
): Promise<Page<ContactRow>> {
  const fitting = and(eq(contacts.owner_id, ownerId), ...filters(query))
  const ascending = query.order === 'asc'
  const key = sortKey(query)
  const [after, order] = ascending ? [gt, asc] : [lt, desc]
  const page = db
    .select()
    .from(contacts)
    .where(
      and(
        fitting,
        cursor ? or(after(key, cursor.key), and(eq(key, cursor.key), after(contacts.id, cursor.id))) : undefined,
      ),
    )
    .orderBy(order(key), order(contacts.id))
    // One more than asked for tells whether a next page exists.
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
  const counted = db.select({ total: count() }).from(contacts).where(fitting)
  const [found, totals] = query.total === 'true' ? await db.batch([page, counted]) : [await page, null]
  const rows = found.slice(0, query.limit)
  const last = rows.at(-1)
  return {
    rows,
    next: last && found.length > rows.length ? cursorOf(query, last) : null,
    total: totals?.[0]?.total ?? null,
  }
}

// `instr`, not LIKE: D1 bounds a LIKE pattern to 50 bytes, and nothing in a part needs escaping.
// A part that folds to nothing is in nobody's name.
const contains = (column: AnySQLiteColumn, part: string): SQL =>
  part === '' ? sql`0` : sql`instr(${column}, ${part}) > 0`

function* filters(query: ContactQuery): Generator<SQL> {
  if (query.first_name) yield contains(contacts.first_name_key, fold(query.first_name))
  if (query.last_name) yield contains(contacts.last_name_key, fold(query.last_name))
  if (query.email) yield contains(contacts.email_key, fold(query.email))
  if (query.phone) yield contains(contacts.phone_key, digits(query.phone))
  if (query.favorite) yield eq(contacts.favorite, query.favorite === 'true')
}

/** Which list a cursor belongs to. */
export const sortName = ({ sort, order }: ContactQuery): string => `${sort} ${order}`

const sortColumns = {
  name: contacts.name_key,
  created: contacts.created_at,
  updated: contacts.updated_at,
  birthday: contacts.birthday_key,
}

function sortKey({ sort, order }: ContactQuery): SQL {
  // Those without a birthday come last in either order.
  if (sort === 'birthday' && order === 'desc')
    return sql`iif(${contacts.birthday_key} = ${noBirthday}, '', ${contacts.birthday_key})`
  return sql`${sortColumns[sort]}`
}

function cursorOf(query: ContactQuery, row: ContactRow): Cursor {
  const { sort, order } = query
  const key = {
    name: row.name_key,
    created: row.created_at,
    updated: row.updated_at,
    birthday: order === 'desc' && row.birthday_key === noBirthday ? '' : row.birthday_key,
  }[sort]
  return { sort: sortName(query), key, id: row.id }
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
