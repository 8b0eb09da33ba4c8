import { and, asc, count, desc, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Configuration } from '../env.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { valuesOf } from '../platform/db/rows.ts'
import { statement } from '../platform/db/statement.ts'
import { fold } from '../platform/fold.ts'
import { type Cursor, foreignCursor, type Page } from '../platform/http/page.ts'
import { avatarUrl } from '../platform/images/avatar.ts'
import { adopted, discarding } from '../platform/images/discarded.ts'
import type { Kept } from '../platform/images/store.ts'
import { type Contact, type ContactQuery, contactQuerySchema } from './schema.ts'
import { digits, found, fullName, noBirthday, relevance, searchKeys } from './search.ts'
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

/** The columns that every write of a contact gives. */
export const writtenColumns = [
  ...(['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional', 'favorite', 'updated_at'] as const),
  ...(['first_name_key', 'last_name_key', 'email_key', 'phone_key', 'name_key', 'search_key', 'birthday_key'] as const),
] as const

/** A row ready to be inserted, with the keys it is found by. */
export function newContact(ownerId: number, fields: ContactFields, locale: string, now = timestamp()) {
  return { ...fields, ...searchKeys(fields, locale), owner_id: ownerId, created_at: now, updated_at: now }
}

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
    .set({ ...valuesOf(contacts, writtenColumns, given), revision: sql`${contacts.revision} + 1` })
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
      .returning(contactColumns),
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

/** Which of one's own contacts fits a text best. */
export async function findBest(db: Database, ownerId: number, text: string): Promise<ContactRow | undefined> {
  const { success, data } = contactQuerySchema.safeParse({ q: text, limit: '1' })
  return success ? (await listContacts(db, ownerId, data, null)).rows[0] : undefined
}

/** One's own contacts that fit a query, sorted; from `cursor` on, or past `skip` of them. One round trip. */
export async function listContacts(
  db: Database,
  ownerId: number,
  query: ContactQuery,
  cursor: Cursor | null,
): Promise<Page<ContactRow>> {
  const { hits, total } = await hitsOf(db, ownerId, query, cursor)
  const kept = hits.slice(0, query.limit)
  const last = kept.at(-1)
  const next = last && hits.length > kept.length ? { sort: sortName(query), key: last.sorted_by, id: last.id } : null
  return { rows: kept.map(({ sorted_by: _, ...row }) => row), next, total }
}

async function hitsOf(db: Database, ownerId: number, query: ContactQuery, cursor: Cursor | null) {
  const { sort, order, limit, skip = 0 } = query
  const wanted = [...filters(query)]
  // One more than asked for tells whether a next page exists.
  const values = { owner: ownerId, limit: limit + 1, skip, key: cursor?.key ?? null, id: cursor?.id ?? null }
  if (sort !== 'relevance' && wanted.length === 0 && query.total !== 'true')
    return { hits: await wholeBook(sort, order, cursor !== null)(db, values), total: null }

  const fitting = and(eq(contacts.owner_id, ownerId), ...wanted)
  const page =
    sort === 'relevance'
      ? byRelevance(db, fitting, query, cursor)
      : bySortKey(db, fitting, sort, order, cursor && values, values)
  if (query.total !== 'true') return { hits: await page, total: null }
  const [hits, [counted]] = await db.batch([page, db.select({ total: count() }).from(contacts).where(fitting)])
  return { hits, total: counted?.total ?? null }
}

type Sort = keyof typeof sortColumns
type Order = ContactQuery['order']

const wholeBooks = new Map<string, ReturnType<typeof writeWholeBook>>()

/** The statement that lists a whole book: what is asked most. There are sixteen. */
function wholeBook(sort: Sort, order: Order, continued: boolean): ReturnType<typeof writeWholeBook> {
  const name = `${sort} ${order} ${continued}`
  const known = wholeBooks.get(name)
  if (known) return known
  const made = writeWholeBook(sort, order, continued)
  wholeBooks.set(name, made)
  return made
}

const writeWholeBook = (sort: Sort, order: Order, continued: boolean) =>
  statement(['owner', 'limit', 'skip', 'key', 'id'], (db, given) =>
    bySortKey(db, eq(contacts.owner_id, given.owner), sort, order, continued ? given : null, given),
  )

/** A page by one of the indexes of sort keys: what it costs does not grow with the pages before it. */
function bySortKey(
  db: Database,
  fitting: SQL | undefined,
  sort: Sort,
  direction: Order,
  cursor: { readonly key: unknown; readonly id: unknown } | null,
  { limit, skip }: { readonly limit: number | Placeholder; readonly skip: number | Placeholder },
) {
  const key = sortKeyOf(sort, direction)
  const [after, order] = direction === 'asc' ? ['>', asc] : ['<', desc]
  return (
    db
      .select({ ...contactColumns, sorted_by: sql<string>`${key}`.as('sorted_by') })
      .from(contacts)
      // Compared as a row: the index is entered where the page begins.
      .where(
        and(
          fitting,
          cursor ? sql`(${key}, ${contacts.id}) ${sql.raw(after)} (${cursor.key}, ${cursor.id})` : undefined,
        ),
      )
      .orderBy(order(key), order(contacts.id))
      .limit(limit)
      .offset(skip)
  )
}

/**
 * A page of what fits best: scores are computed of the search keys alone, in an index that covers them, and only the page's own rows
 * are read.
 */
function byRelevance(db: Database, fitting: SQL | undefined, query: ContactQuery, cursor: Cursor | null) {
  const hits = db
    .select({
      hit: sql<number>`${contacts.id}`.as('hit'),
      name_key: contacts.name_key,
      score: relevance(query.q ?? '').as('score'),
    })
    .from(contacts)
    .where(fitting)
    .as('hits')
  const [score, name] = cursor ? scored(cursor.key) : [0, '']
  const [after, order] = query.order === 'asc' ? ['>', asc] : ['<', desc]
  const page = db
    .select()
    .from(hits)
    .where(
      cursor
        ? sql`(${hits.score}, ${hits.name_key}, ${hits.hit}) ${sql.raw(after)} (${score}, ${name}, ${cursor.id})`
        : undefined,
    )
    .orderBy(order(hits.score), order(hits.name_key), order(hits.hit))
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
    .as('page')
  return db
    .select({
      ...contactColumns,
      sorted_by: sql<string>`${page.score} || ' ' || ${page.name_key}`.as('sorted_by'),
    })
    .from(page)
    .innerJoin(contacts, eq(contacts.id, page.hit))
    .orderBy(order(page.score), order(page.name_key), order(page.hit))
}

/**
 * The score and the name key of a cursor of a list by relevance.
 * @throws Problem 422 when the cursor is not one that this service made
 */
function scored(key: string): [score: number, name: string] {
  const [, score, name = ''] = key.match(/^(\d{1,3}) (.*)$/s) ?? []
  if (score === undefined) throw foreignCursor()
  return [Number(score), name]
}

// `instr`, not LIKE: D1 bounds a LIKE pattern to 50 bytes, and nothing in a part needs escaping.
// A part that folds to nothing is in nobody's name.
const contains = (column: AnySQLiteColumn, part: string): SQL =>
  part === '' ? sql`0` : sql`instr(${column}, ${part}) > 0`

function* filters(query: ContactQuery): Generator<SQL> {
  if (query.q) yield found(query.q)
  if (query.first_name) yield contains(contacts.first_name_key, fold(query.first_name))
  if (query.last_name) yield contains(contacts.last_name_key, fold(query.last_name))
  if (query.email) yield contains(contacts.email_key, fold(query.email))
  if (query.phone) yield contains(contacts.phone_key, digits(query.phone))
  if (query.favorite) yield eq(contacts.favorite, query.favorite === 'true')
}

/** Which list a cursor belongs to: a search's holds what was searched for. */
export const sortName = ({ sort, order, q }: ContactQuery): string =>
  sort === 'relevance' ? `${sort} ${order} ${fold(q ?? '')}` : `${sort} ${order}`

const sortColumns = {
  name: contacts.name_key,
  created: contacts.created_at,
  updated: contacts.updated_at,
  birthday: contacts.birthday_key,
}

function sortKeyOf(sort: keyof typeof sortColumns, order: ContactQuery['order']): SQL {
  // Those without a birthday come last in either order.
  if (sort === 'birthday' && order === 'desc')
    return sql`iif(${contacts.birthday_key} = ${noBirthday}, '', ${contacts.birthday_key})`
  return sql`${sortColumns[sort]}`
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
