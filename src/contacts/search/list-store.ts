import { and, asc, count, desc, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { AnySQLiteColumn } from 'drizzle-orm/sqlite-core'
import { bookIdOf, firstBook } from '../../books/table.ts'
import { fetchCounted } from '../../platform/db/counted.ts'
import type { Database } from '../../platform/db/database.ts'
import { preparedQuery } from '../../platform/db/prepared-query.ts'
import { type Cursor, invalidCursor, type Page } from '../../platform/http/page.ts'
import { fold } from '../../platform/text/fold.ts'
import { keyOfLabel } from '../labels-key.ts'
import { requireBook } from '../require-book.ts'
import { type ContactQuery, contactQuerySchema } from '../schema.ts'
import { isInBook, isNoGroup, ownedBy } from '../scope.ts'
import { type ContactRow, contactColumns, contacts, storedColumns } from '../table.ts'
import { noBirthday } from './keys.ts'
import { numberOf } from './phone-digits.ts'
import { matches, relevance } from './ranking.ts'
import {
  emptySearch,
  mapTexts,
  parseSearch,
  type SearchTerms,
  splitTerms,
  type Text,
  textName,
  textNames,
  textsByName,
} from './terms.ts'

/** Finds the owner's contact that fits a text best. */
export async function findBestMatch(db: Database, ownerId: number, text: string): Promise<ContactRow | undefined> {
  const { success, data } = contactQuerySchema.safeParse({ q: text, limit: '1' })
  return success ? (await listContacts(db, ownerId, data, null)).rows[0] : undefined
}

/**
 * Lists an owner's contacts that match a query, sorted, after `cursor` or after `skip` of them. One round trip.
 * @throws Problem 422 if the cursor is invalid or there is no such book
 */
export async function listContacts(
  db: Database,
  ownerId: number,
  query: ContactQuery,
  cursor: Cursor | null,
): Promise<Page<ContactRow>> {
  const { rows: hits, total } = await findHits(db, ownerId, query, cursor)
  if (hits.length === 0 && query.book !== undefined) await requireBook(db, ownerId, query.book, 'query/book')
  const page = hits.slice(0, query.limit)
  const last = page.at(-1)
  const next = last && hits.length > page.length ? { sort: sortName(query), key: last.sorted_by, id: last.id } : null
  return { rows: page.map(({ sorted_by: _, ...row }) => row), next, total }
}

/**
 * What the SQL text of a list depends on; everything else is a parameter. For a search: how many words and numbers
 * there are, and in which fields.
 */
interface Shape<T = string> {
  /** Whether contacts are read with their vCards. */
  readonly isWhole: boolean
  readonly sort: ContactQuery['sort']
  readonly order: ContactQuery['order']
  /** Whether it starts after a cursor. */
  readonly isContinued: boolean
  /** Whether it is limited to a book other than the first: then it reads the index of books, in any order. */
  readonly isOfBook: boolean
  readonly terms: SearchTerms<T> | null
}

/** The values of a list, or the parameters for them. */
interface Params<N = number | Placeholder, T = string | number | null | Placeholder> {
  readonly owner: N
  readonly limit: N
  readonly skip: N
  /** The cursor: the sort key (or the score and the name key, or the change number and the time), and the id. */
  readonly key: T
  readonly name: T
  readonly id: T
}

async function findHits(db: Database, ownerId: number, query: ContactQuery, cursor: Cursor | null) {
  const { sort, order, limit, skip = 0, q } = query
  const terms = q ? parseSearch(q) : null
  const isOfBook = query.book !== undefined && query.book !== firstBook
  const shape = { isWhole: query.fields === 'all', sort, order, isContinued: cursor !== null, isOfBook, terms }
  const hasTwoKeys = sort === 'relevance' || sort === 'updated'
  const [key, name] = cursor && hasTwoKeys ? parseKeys(cursor.key) : [cursor?.key ?? null, null]
  // One more than the limit shows whether there is a next page.
  const values = { owner: ownerId, limit: limit + 1, skip, key, name, id: cursor?.id ?? null }
  const others = [...filters(query, ownerId)]
  if (others.length === 0 && !query.total) return { rows: await cachedListQuery(shape)(db, values), total: null }

  // All contacts are counted in an index alone, and so are the groups.
  const total =
    others.length === 0 && terms === null
      ? sql<number>`count(*) - (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)} AND is_group = 1)`
      : count()
  const counted = query.total
    ? db
        .select({ total: total.as('total') })
        .from(contacts)
        .where(and(ownedBy(ownerId), others.length === 0 && terms === null ? undefined : where(shape, values, others)))
    : null
  return fetchCounted(db, page(db, shape, values, others), counted)
}

type Listing = ReturnType<typeof listing>
const listings = new Map<string, Listing>()

/**
 * The prepared statement for a shape of list without filters, the most frequent kind. There are about seven hundred
 * shapes.
 */
function cachedListQuery({
  terms,
  ...shape
}: Shape): (db: Database, values: Params<number, string | number | null>) => ReturnType<Listing> {
  const counts = terms && [terms.words.length, terms.numbers.length, terms.inPhones]
  const name = JSON.stringify([shape.isWhole, shape.sort, shape.order, shape.isContinued, counts])
  const before = listings.get(name)
  const made =
    before ?? listing({ ...shape, terms: terms && mapTexts(terms, (index) => sql.placeholder(textName(index))) })
  if (!before) listings.set(name, made)
  return (db, values) => made(db, { ...values, ...(terms && textsByName(terms)) })
}

const listing = (shape: Shape<Placeholder>) =>
  preparedQuery(
    ['owner', 'limit', 'skip', 'key', 'name', 'id', ...textNames(shape.terms ?? emptySearch)],
    (db, params) => page(db, shape, params, []),
  )

const page = (db: Database, shape: Shape<Text>, params: Params, others: readonly SQL[]) =>
  shape.sort === 'relevance'
    ? byRelevance(db, shape, params, where(shape, params, others))
    : shape.sort === 'updated'
      ? byNumber(db, shape, params, where(shape, params, others))
      : bySortKey(db, shape.sort, shape, params, where(shape, params, others))

/** A group has no search key: no search finds it. */
const where = ({ terms }: Shape<Text>, { owner }: Params, others: readonly SQL[]) =>
  and(ownedBy(owner), terms ? matches(terms) : isNoGroup, ...others)

/** The columns of a list, or all stored columns (table.ts). */
const columns = (isWhole: boolean): typeof contactColumns => (isWhole ? storedColumns : contactColumns)

/** Reads a page by an index of sort keys. Its cost does not depend on how many pages precede it. */
function bySortKey(
  db: Database,
  sort: Sort,
  { isWhole, order, isContinued, isOfBook }: Shape<Text>,
  params: Params,
  fits: SQL | undefined,
) {
  const key = sortKeyOf(sort, order, isOfBook)
  const [after, ordered] = order === 'asc' ? ['>', asc] : ['<', desc]
  return (
    db
      .select({ ...columns(isWhole), sorted_by: sql<string>`${key}`.as('sorted_by') })
      .from(contacts)
      // Compares a row value, so that SQLite starts reading the index at the page.
      .where(
        and(
          fits,
          isContinued ? sql`(${key}, ${contacts.id}) ${sql.raw(after)} (${params.key}, ${params.id})` : undefined,
        ),
      )
      .orderBy(ordered(key), ordered(contacts.id))
      .limit(params.limit)
      .offset(params.skip)
  )
}

/**
 * Reads a page by change number, because each change that raises it also sets `updated_at`. Contacts from before change
 * numbers are ordered by time.
 */
function byNumber(
  db: Database,
  { isWhole, order, isContinued, isOfBook }: Shape<Text>,
  params: Params,
  fits: SQL | undefined,
) {
  const [after, ordered] = order === 'asc' ? ['>', asc] : ['<', desc]
  const { updated_at, id } = contacts
  const seq = isOfBook ? unindexed(contacts.seq) : sql`${contacts.seq}`
  return db
    .select({ ...columns(isWhole), sorted_by: sql<string>`${seq} || ' ' || ${updated_at}`.as('sorted_by') })
    .from(contacts)
    .where(
      and(
        fits,
        isContinued
          ? sql`(${seq}, ${updated_at}, ${id}) ${sql.raw(after)} (${params.key}, ${params.name}, ${params.id})`
          : undefined,
      ),
    )
    .orderBy(ordered(seq), ordered(updated_at), ordered(id))
    .limit(params.limit)
    .offset(params.skip)
}

/**
 * Reads a page by relevance. Computes the scores from search keys alone, in an index that covers them, and reads only
 * the rows of the page.
 */
function byRelevance(
  db: Database,
  { isWhole, order, isContinued, terms }: Shape<Text>,
  params: Params,
  fits: SQL | undefined,
) {
  const hits = db
    .select({
      hit: sql<number>`${contacts.id}`.as('hit'),
      name_key: contacts.name_key,
      score: relevance(terms ?? emptySearch).as('score'),
    })
    .from(contacts)
    .where(fits)
    .as('hits')
  const [after, ordered] = order === 'asc' ? ['>', asc] : ['<', desc]
  const best = db
    .select()
    .from(hits)
    .where(
      isContinued
        ? sql`(${hits.score}, ${hits.name_key}, ${hits.hit}) ${sql.raw(after)} (${params.key}, ${params.name}, ${params.id})`
        : undefined,
    )
    .orderBy(ordered(hits.score), ordered(hits.name_key), ordered(hits.hit))
    .limit(params.limit)
    .offset(params.skip)
    .as('page')
  return db
    .select({
      ...columns(isWhole),
      sorted_by: sql<string>`${best.score} || ' ' || ${best.name_key}`.as('sorted_by'),
    })
    .from(best)
    .innerJoin(contacts, eq(contacts.id, best.hit))
    .orderBy(ordered(best.score), ordered(best.name_key), ordered(best.hit))
}

/**
 * Returns the number and the text of a cursor's key: score and name key for a list by relevance, change number and time
 * for a list by change.
 * @throws Problem 422 if this service did not make the cursor
 */
function parseKeys(key: string): [number: number, text: string] {
  const [, number, text = ''] = key.match(/^(\d{1,15}) (.*)$/s) ?? []
  if (number === undefined) throw invalidCursor()
  return [Number(number), text]
}

// Uses `instr` because D1 limits a LIKE pattern to 50 bytes, and `instr` needs no escaping.
const contains = (column: AnySQLiteColumn, part: string): SQL => sql`instr(${column}, ${part}) > 0`

/** The condition that a column contains every word of a text. A text that is empty after folding matches nobody. */
const containsWords = (column: AnySQLiteColumn, text: string): SQL =>
  and(...splitTerms(text).map((word) => contains(column, word))) ?? sql`0`

function* filters(query: ContactQuery, ownerId: number): Generator<SQL> {
  if (query.book === firstBook) yield sql`${contacts.book_id} = 0`
  else if (query.book !== undefined) yield isInBook(bookIdOf(ownerId, query.book))
  if (query.first_name) yield containsWords(contacts.first_name_key, query.first_name)
  if (query.last_name) yield containsWords(contacts.last_name_key, query.last_name)
  if (query.email) yield containsWords(contacts.email_key, query.email)
  if (query.phone) yield contains(contacts.phone_key, numberOf(query.phone))
  if (query.label) yield sql`instr(${contacts.labels_key} || ${contacts.group_labels}, ${keyOfLabel(query.label)}) > 0`
  if (query.favorite !== undefined) yield eq(contacts.favorite, query.favorite)
}

/** Identifies the list that a cursor belongs to; for a search it includes the search text. */
export const sortName = ({ sort, order, q }: ContactQuery): string =>
  sort === 'relevance' ? `${sort} ${order} ${fold(q ?? '')}` : `${sort} ${order}`

type Sort = keyof typeof sortColumns

const sortColumns = {
  name: contacts.name_key,
  created: contacts.created_at,
  birthday: contacts.birthday_key,
}

/**
 * Hides a sort column from SQLite's indexes, so that it sorts the rows found instead of reading the owner's whole part
 * of an index in that order.
 */
const unindexed = (column: AnySQLiteColumn): SQL => sql`+${column}`

function sortKeyOf(sort: Sort, order: ContactQuery['order'], isOfBook: boolean): SQL {
  // Contacts without a birthday come last in both directions.
  if (sort === 'birthday' && order === 'desc')
    return sql`iif(${contacts.birthday_key} = ${noBirthday}, '', ${contacts.birthday_key})`
  return isOfBook && sort !== 'name' ? unindexed(sortColumns[sort]) : sql`${sortColumns[sort]}`
}
