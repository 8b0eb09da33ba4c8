import { and, eq, lt, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { isRefused, lastNumber, numberIn, unchangedStatement } from '../books/numbers-store.ts'
import { books, bookUid, firstBook, removed } from '../books/table.ts'
import { trimStatements } from '../books/trash-store.ts'
import { type IdempotencyKey, oldestValidKey } from '../contacts/creation-store.ts'
import { trashContent } from '../contacts/deletion-store.ts'
import { ownedBy, ownedByUnindexed } from '../contacts/scope.ts'
import { contactsInJson, rowsOfIds, writtenColumns } from '../contacts/store.ts'
import { contacts, idempotencyKeys } from '../contacts/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { isUniqueViolation } from '../platform/db/errors.ts'
import { columnsIn, jsonOf, selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import type { BookState, Plan } from './plan.ts'

/** What a batch needs to read: the ids of its contacts, the number of additions, and the limit of contacts. */
interface BookQuery {
  readonly ids: readonly number[]
  readonly additions: number
  readonly maxContacts: number
}

/**
 * Reads the state that a batch depends on, at one moment. Undefined if there is no such owner. Counts the contacts only
 * if the limit could be reached, because a count reads an index row for each contact.
 */
export async function readBook(
  db: Database,
  ownerId: number,
  { ids, additions, maxContacts }: BookQuery,
): Promise<BookState | undefined> {
  const count = sql<number>`CASE
    WHEN (SELECT coalesce(max(contacts.id), 0) FROM contacts) + ${additions} <= ${maxContacts} THEN 0
    ELSE (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)})
  END`
  const [[book], rows, named] = await db.batch([
    db
      .select({
        number: lastNumber(ownerId).as('number'),
        count: count.as('count'),
        book_uid: bookUid(ownerId).as('book_uid'),
      })
      .from(users)
      .where(eq(users.id, ownerId)),
    rowsOfIds(db, ownerId, ids),
    db.select({ id: books.id, slug: books.slug }).from(books).where(eq(books.owner_id, ownerId)),
  ])
  const idOf = ({ id, slug }: (typeof named)[number]) => [slug, slug === firstBook ? 0 : id] as const
  return book && { ...book, rows, books: new Map(named.map(idOf)) }
}

const isKey = (ownerId: number, key: string) => and(eq(idempotencyKeys.owner_id, ownerId), eq(idempotencyKeys.key, key))

/** Finds the request that used a key within the last 24 hours, with its stored results if it was a batch. */
export async function findKey(db: Database, ownerId: number, key: string) {
  const [row] = await db
    .select()
    .from(idempotencyKeys)
    .where(and(isKey(ownerId, key), sql`${idempotencyKeys.created_at} >= ${oldestValidKey()}`))
  return row
}

/** The author of a write, and what is written with the plan. */
interface BatchWrite {
  readonly author: Author
  /** The idempotency key and the results, as JSON. */
  readonly key: (IdempotencyKey & { readonly result: string }) | undefined
  /** How many contacts the trash may hold; undefined to skip the check. */
  readonly maxTrash: number | undefined
}

/**
 * Writes a plan, all or nothing. Returns the ids of the added contacts, in the order of the plan. Returns undefined,
 * with nothing written, if any of the owner's contacts changed since the state was read: every change raises the change
 * number, so comparing that number is enough. Each row that a statement writes gets its own change number.
 */
export async function writePlan(
  db: Database,
  ownerId: number,
  { number }: BookState,
  { additions, rounds }: Plan,
  { author, key, maxTrash }: BatchWrite,
): Promise<number[] | undefined> {
  const insertions = jsonOf(additions.map(({ values }) => values)).map((json) => insertStatement(db, ownerId, json))
  const changes = rounds.flatMap((round) => {
    const changed = round.flatMap(({ id, values }) => (values ? [{ ...values, id }] : []))
    return [
      ...jsonOf(changed).map((json) => updateStatement(db, ownerId, json, author)),
      ...jsonOf(round.filter(({ values }) => !values)).flatMap((json) => deletionStatements(db, ownerId, json, author)),
    ]
  })
  try {
    const [, ...results] = await db.batch([
      unchangedStatement(db, ownerId, number),
      ...insertions,
      ...changes,
      ...(maxTrash === undefined ? [] : trimStatements(db, ownerId, maxTrash)),
      ...(key ? keyStatements(db, ownerId, additions.length, key) : []),
    ])
    const added = results.filter((_, at) => at < insertions.length) as unknown as { id: number }[][]
    return added
      .flat()
      .map(({ id }) => id)
      .toSorted((one, other) => one - other)
  } catch (error) {
    if (isOvertaken(error)) return undefined
    throw error
  }
}

/** Also true if another request with the same key was written after this one looked up the key. */
const isOvertaken = (error: unknown): boolean =>
  isRefused(error) || isUniqueViolation(error, 'idempotency_keys.owner_id, idempotency_keys.key')

const insertStatement = (db: Database, ownerId: number, json: string) =>
  db
    .insert(contacts)
    .select(
      db
        .select(
          selectAsRow(contacts, {
            ...columnsIn([...writtenColumns, 'book_id'], 'added'),
            ...{ owner_id: ownerId, created_at: sql`added.value ->> 'created_at'`, seq: numberIn(ownerId, 'added') },
          }),
        )
        .from(sql`json_each(${json}) AS added`)
        .orderBy(sql`added.key`),
    )
    .returning({ id: contacts.id })

const updateStatement = (db: Database, ownerId: number, json: string, author: Author) =>
  db
    .update(contacts)
    .set({
      ...columnsIn(writtenColumns, 'changed'),
      revision: sql`contacts.revision + 1`,
      seq: numberIn(ownerId, 'changed'),
      changed_by: serializeAuthor(author),
    })
    .from(contactsInJson(db, ownerId, json))
    .where(sql`contacts.id = changed.found`)

/**
 * For a batch: copies contacts, whose ids are in JSON, into the trash, then deletes them. Finds each by id, without
 * reading all of the owner's contacts.
 */
export const deletionStatements = (db: Database, ownerId: number, json: string, author: Author) => [
  db.insert(removed).select(
    db
      .select(
        selectAsRow(removed, {
          ...{ owner_id: ownerId, seq: numberIn(ownerId, 'gone'), contact_id: sql`${contacts.id}` },
          ...{ book_id: sql`${contacts.book_id}`, content: trashContent, avatar: sql`${contacts.avatar}` },
          ...{ removed_by: serializeAuthor(author), removed_at: timestamp() },
        }),
      )
      .from(sql`json_each(${json}) AS gone`)
      .crossJoin(contacts)
      .where(and(ownedBy(ownerId), sql`${contacts.id} = gone.value ->> 'id'`)),
  ),
  db
    .delete(contacts)
    .where(and(ownedByUnindexed(ownerId), sql`${contacts.id} IN (SELECT value ->> 'id' FROM json_each(${json}))`)),
]

/** For the end of a batch: stores the results of the request under its idempotency key. */
const keyStatements = (
  db: Database,
  ownerId: number,
  added: number,
  { key, fingerprint, result }: IdempotencyKey & { readonly result: string },
) => [
  db.delete(idempotencyKeys).where(and(isKey(ownerId, key), lt(idempotencyKeys.created_at, oldestValidKey()))),
  db.insert(idempotencyKeys).values({
    ...{ owner_id: ownerId, key, fingerprint, result, created_at: timestamp() },
    // The last added contact: the ids of this batch are consecutive and end with it.
    contact_id: added === 0 ? 0 : sql`(SELECT max(contacts.id) FROM contacts)`,
  }),
]
