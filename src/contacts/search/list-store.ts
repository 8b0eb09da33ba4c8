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

/** Which of one's own contacts fits a text best. */
export async function findBestMatch(db: Database, ownerId: number, text: string): Promise<ContactRow | undefined> {
  const { success, data } = contactQuerySchema.safeParse({ q: text, limit: '1' })
  return success ? (await listContacts(db, ownerId, data, null)).rows[0] : undefined
}

/**
 * One's own contacts that fit a query, sorted; from `cursor` on, or past `skip` of them. One round trip.
 * @throws Problem 422 for a cursor that this service did not make, or a book that is not there
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

/** What the SQL of a list depends on; all else are its values. Of a search: how many words and numbers, and where. */
interface Shape<T = string> {
  /** Whether contacts are read with their vCards. */
  readonly isWhole: boolean
  readonly sort: ContactQuery['sort']
  readonly order: ContactQuery['order']
  /** Whether it begins after a place of its order. */
  readonly isContinued: boolean
  /** Whether it is of one book, other than the first: then the index of books is entered, whatever the order. */
  readonly isOfBook: boolean
  readonly terms: SearchTerms<T> | null
}

/** The values of a list, or the parameters that they will be. */
interface Params<N = number | Placeholder, T = string | number | null | Placeholder> {
  readonly owner: N
  readonly limit: N
  readonly skip: N
  /**
   * The place after which it begins: its sort key, or its score and its name key, or its change number and its time;
   * and its id.
   */
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
  // One more than asked for tells whether a next page exists.
  const values = { owner: ownerId, limit: limit + 1, skip, key, name, id: cursor?.id ?? null }
  const others = [...filters(query, ownerId)]
  if (others.length === 0 && !query.total) return { rows: await cachedListQuery(shape)(db, values), total: null }

  // All are counted in an index alone, and so are the groups.
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

/** The statement of a shape of list, without filters: what is asked most. There are some seven hundred. */
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

/** The columns of a list, or those of contacts by themselves (table.ts). */
const columns = (isWhole: boolean): typeof contactColumns => (isWhole ? storedColumns : contactColumns)

/** A page by one of the indexes of sort keys: what it costs does not grow with the pages before it. */
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
      // Compared as a row: the index is entered where the page begins.
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

/** A page by change numbers: whatever raises one sets `updated_at`. Contacts from before there were any go by that. */
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
 * A page of what fits best: scores are computed of the search keys alone, in an index that covers them, and only the
 * page's own rows are read.
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
 * The number and the text of a cursor's key: of a list by relevance, a score and a name key; of one by changes, a
 * change number and a time.
 * @throws Problem 422 when the cursor is not one that this service made
 */
function parseKeys(key: string): [number: number, text: string] {
  const [, number, text = ''] = key.match(/^(\d{1,15}) (.*)$/s) ?? []
  if (number === undefined) throw invalidCursor()
  return [Number(number), text]
}

// `instr`, not LIKE: D1 bounds a LIKE pattern to 50 bytes, and nothing in a part needs escaping.
const contains = (column: AnySQLiteColumn, part: string): SQL => sql`instr(${column}, ${part}) > 0`

/** That a column holds every word of a text. A text that folds to nothing is in nobody's name. */
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

/** Which list a cursor belongs to: a search's holds what was searched for. */
export const sortName = ({ sort, order, q }: ContactQuery): string =>
  sort === 'relevance' ? `${sort} ${order} ${fold(q ?? '')}` : `${sort} ${order}`

type Sort = keyof typeof sortColumns

const sortColumns = {
  name: contacts.name_key,
  created: contacts.created_at,
  birthday: contacts.birthday_key,
}

/** A column by which SQLite sorts, rather than enter the owner's whole part of an index that is in its order. */
const unindexed = (column: AnySQLiteColumn): SQL => sql`+${column}`

function sortKeyOf(sort: Sort, order: ContactQuery['order'], isOfBook: boolean): SQL {
  // Those without a birthday come last in either order.
  if (sort === 'birthday' && order === 'desc')
    return sql`iif(${contacts.birthday_key} = ${noBirthday}, '', ${contacts.birthday_key})`
  return isOfBook && sort !== 'name' ? unindexed(sortColumns[sort]) : sql`${sortColumns[sort]}`
}
