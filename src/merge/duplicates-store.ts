import { and, asc, count, eq, type SQL, sql } from 'drizzle-orm'
import { isNoGroup, ownedBy } from '../contacts/scope.ts'
import { rowsOfIds } from '../contacts/store.ts'
import { type ContactRow, contactColumns, contacts } from '../contacts/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import type { Pair } from './group-by-signs.ts'
import { comparedDigits, fewestDigits, partsOfSign, type SignKind } from './signs.ts'
import { distinctPairs } from './table.ts'

/** The most contacts that may share a sign: what more have in common is a company's number, not a person's. */
export const mostSharing = 20

/** The most shared signs that one answer is made of. */
export const mostSigns = 500

/** The most contacts that one answer is made of: the vCards of all of them are read. */
export const mostCandidates = 1000

/** The most rows with vCards that are read at once: a vCard has up to 64 KB. */
const rowsAtOnce = 100

/** The pairs of contacts that an owner may say are not the same person. */
export const maxPairs = 50_000

/** A text without blanks at its ends, as the rows of its words. */
const wordsOf = (text: SQL): SQL => sql`json_each('[' || replace(json_quote(${text}), ' ', '","') || ']') AS word`

/** A sign that json_quote does not escape, in place of the line breaks of a vCard. */
const lineEnd = '␞'

const linesOfCard = sql`json_each(
  '[' || replace(json_quote(replace(replace(card, char(13), char(10)), char(10), ${lineEnd})), ${lineEnd}, '","') || ']'
) AS line`

/** The parts of a search key (search/keys.ts): the name, the words of the e-mails, and the digits of the phones. */
const nameIn = sql`trim(substr(search_key, 1, instr(search_key, char(10)) - 1))`
const emailsIn = sql`trim(substr(
  search_key, instr(search_key, char(10)) + 1, instr(search_key, char(11)) - instr(search_key, char(10)) - 1
))`
const phonesIn = sql`trim(substr(search_key, instr(search_key, char(12)) + 1))`

/**
 * What contacts may have in common, from the columns: the e-mail, all phones, and the name with the birthday. Only of
 * vCards with several e-mails, their lines are read, too. This finds all shared signs and some more: the Worker checks
 * them (list-duplicates.ts).
 */
const possibleSigns = (ownerId: number): SQL => sql`
  SELECT contacts.id AS id, iif(instr(word.value, '@') > 0, 'email:' || word.value,
    'phone:' || substr(word.value, 1 - min(length(word.value), ${comparedDigits + 1}))) AS sign
  FROM contacts CROSS JOIN ${wordsOf(sql`email_key || ' #' || replace(${phonesIn}, ' ', ' #')`)}
  WHERE ${ownedBy(ownerId)} AND ${isNoGroup}
    AND (instr(word.value, '@') > 1 OR (word.value GLOB '#[0-9]*' AND length(word.value) > ${fewestDigits}))
  UNION
  SELECT contacts.id, 'born:' || birthday || ' ' || ${nameIn} FROM contacts
  WHERE ${ownedBy(ownerId)} AND birthday_key < '~' AND ${isNoGroup}
  UNION
  SELECT contacts.id, 'email:' || replace(lower(trim(substr(line.value, instr(line.value, ':') + 1))), 'mailto:', '')
  FROM contacts CROSS JOIN ${linesOfCard}
  WHERE ${ownedBy(ownerId)} AND ${isNoGroup} AND card IS NOT NULL AND instr(email_key, ${emailsIn}) = 0
    AND (upper(line.value) GLOB 'EMAIL[;:]*' OR upper(line.value) GLOB '*.EMAIL[;:]*')`

/** Contacts that may share a sign of some kind. */
export interface Sharing {
  readonly kind: SignKind
  readonly ids: readonly number[]
}

/**
 * Finds contacts of an owner that may share a sign, for each sign; without signs of which all pairs are said to be
 * distinct. At most 500 signs of 1,000 contacts, those of the oldest contacts first. Reads the columns of all contacts,
 * and few of their vCards.
 */
export async function findSharing(db: Database, ownerId: number): Promise<Sharing[]> {
  const rows = await db
    .select({ sign: sql<string>`found.sign`.as('sign'), ids: sql<string>`found.ids`.as('ids') })
    .from(
      sql`(
        SELECT sign, min(id) AS first, max(id) AS last, count(*) AS contacts, json_group_array(id) AS ids
        FROM (${possibleSigns(ownerId)}) GROUP BY sign HAVING count(*) BETWEEN 2 AND ${mostSharing}
      ) AS found`,
    )
    .where(
      // Counting the pairs of up to 20 contacts takes long, so first one pair is looked up.
      sql`NOT (EXISTS (SELECT 1 FROM distinct_pairs
        WHERE owner_id = ${ownerId} AND first_id = found.first AND second_id = found.last)
        AND (found.contacts = 2 OR found.contacts * (found.contacts - 1) / 2 = (
          SELECT count(*) FROM json_each(found.ids) AS one CROSS JOIN json_each(found.ids) AS another
            CROSS JOIN distinct_pairs
            ON owner_id = ${ownerId} AND first_id = one.value AND second_id = another.value)))`,
    )
    .orderBy(sql`found.first`, sql`found.sign`)
    .limit(mostSigns)
  const candidates = new Set<number>()
  const sharing: Sharing[] = []
  for (const { sign, ids } of rows) {
    const some = JSON.parse(ids) as number[]
    for (const id of some) candidates.add(id)
    if (candidates.size > mostCandidates) break
    sharing.push({ kind: partsOfSign(sign).kind, ids: some })
  }
  return sharing
}

/**
 * Finds contacts of an owner, up to an id, that may have some signs: for each sign the one with the lowest id. The
 * signs are in the form of the columns (`email:…`, `phone:` with nine digits, `born:` with the name of a search key).
 * Reads the columns of all contacts.
 */
export async function findBySigns(
  db: Database,
  ownerId: number,
  signs: readonly string[],
  lastId: number,
): Promise<number[]> {
  if (signs.length === 0) return []
  const rows = await db
    .select({ id: sql<number>`min(found.id)`.as('first') })
    .from(sql`(${possibleSigns(ownerId)}) AS found`)
    .where(sql`found.id <= ${lastId} AND found.sign IN (SELECT value FROM json_each(${JSON.stringify(signs)}))`)
    .groupBy(sql`found.sign`)
  return rows.map(({ id }) => id)
}

/** Yields contacts of an owner with their vCards, some at a time. */
export async function* readCandidates(db: Database, ownerId: number, ids: readonly number[]) {
  for (let from = 0; from < ids.length; from += rowsAtOnce)
    yield await rowsOfIds(db, ownerId, ids.slice(from, from + rowsAtOnce))
}

/** Reads contacts of an owner as a list has them, without their vCards. */
export const readListed = (db: Database, ownerId: number, ids: readonly number[]): Promise<ContactRow[]> =>
  db
    .select(contactColumns)
    .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
    .crossJoin(contacts)
    .where(and(ownedBy(ownerId), sql`${contacts.id} = wanted.value`))

/** Finds the pairs of some contacts that their owner has said are distinct. */
export async function findPairs(db: Database, ownerId: number, ids: readonly number[]): Promise<Pair[]> {
  const pairs = await db
    .select({ first: distinctPairs.first_id, second: distinctPairs.second_id })
    .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
    .crossJoin(distinctPairs)
    .where(sql`${distinctPairs.owner_id} = ${ownerId} AND ${distinctPairs.first_id} = wanted.value`)
  return pairs.map(({ first, second }) => [first, second])
}

/** Counts the pairs that an owner has said are distinct. */
export async function countPairs(db: Database, ownerId: number): Promise<number> {
  const [row] = await db.select({ pairs: count() }).from(distinctPairs).where(eq(distinctPairs.owner_id, ownerId))
  return row?.pairs ?? 0
}

/** Stores that no two of some contacts are the same person. Does nothing if the owner is gone. */
export async function insertPairs(db: Database, ownerId: number, ids: readonly number[]): Promise<void> {
  const json = JSON.stringify(ids)
  await db
    .insert(distinctPairs)
    .select(
      db
        .select(
          selectAsRow(distinctPairs, {
            ...{ owner_id: ownerId, first_id: sql`one.value`, second_id: sql`another.value` },
            created_at: timestamp(),
          }),
        )
        .from(users)
        .crossJoin(sql`json_each(${json}) AS one`)
        .crossJoin(sql`json_each(${json}) AS another`)
        .where(sql`${users.id} = ${ownerId} AND one.value < another.value`),
    )
    .onConflictDoNothing()
}

export type DistinctPair = typeof distinctPairs.$inferSelect

/** Reads the pairs of an owner's contacts that are said to be distinct, after the pair `last`. */
export const readPairs = (db: Database, ownerId: number, last: DistinctPair | undefined, limit: number) =>
  db
    .select()
    .from(distinctPairs)
    .where(
      and(
        eq(distinctPairs.owner_id, ownerId),
        last && sql`(first_id, second_id) > (${last.first_id}, ${last.second_id})`,
      ),
    )
    .orderBy(asc(distinctPairs.first_id), asc(distinctPairs.second_id))
    .limit(limit)
