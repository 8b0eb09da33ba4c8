import { and, eq, ne, sql } from 'drizzle-orm'
import { lastNumber } from '../books/numbers-store.ts'
import { bookUid, firstBook } from '../books/table.ts'
import { maxGroups, maxMemberships } from '../contacts/groups-store.ts'
import { ownedBy } from '../contacts/scope.ts'
import { contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { idInUid } from '../contacts/uid-store.ts'
import type { Database } from '../platform/db/database.ts'
import { selectValues } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import type { Findings } from './plan-import.ts'
import type { PreparedCard } from './prepare-card.ts'
import { importEntries } from './table.ts'

/** An owner's books before a piece of an import is written. While `number` is the newest, all of it is current. */
export interface BooksState {
  readonly number: number
  /** `contacts.book_id` of the book that contacts are added to; null if that book is gone. */
  readonly bookId: number | null
  readonly book_uid: string
  readonly findings: Omit<Findings, 'bySign'>
}

interface Query {
  readonly ownerId: number
  readonly importId: number
  /** The slug of the book that contacts are added to. */
  readonly book: string
  readonly isDryRun: boolean
  /** The highest id of a contact before the import. */
  readonly lastContact: number
  readonly maxContacts: number
}

/** The most contacts that are read because they have the same name as a card. */
const maxNamesakes = 200

/** Finds what an owner's books have of the cards of a piece, at one moment; undefined if there is no such owner. */
export async function findForCards(
  db: Database,
  { ownerId, importId, book, isDryRun, lastContact, maxContacts }: Query,
  cards: readonly PreparedCard[],
): Promise<BooksState | undefined> {
  const uids = cards.flatMap(({ uid }) => uid ?? [])
  const ids = uids.flatMap((uid) => idInUid(uid)?.id ?? [])
  const names = [...new Set(cards.map(({ name_key }) => name_key))]
  const digests = cards.map(({ digest }) => digest)
  // Counting reads many rows: not if the limit cannot be reached.
  const count = sql<number>`iif(
    (SELECT coalesce(max(contacts.id), 0) FROM contacts) + ${cards.length} <= ${maxContacts},
    0, (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)}))`
  const hasGroups = cards.some(({ members }) => members !== null) ? 1 : 0
  const [[state], byUid, byId, namesakes, earlier] = await db.batch([
    db
      .select({
        number: lastNumber(ownerId).as('number'),
        count: count.as('count'),
        book_uid: bookUid(ownerId).as('book_uid'),
        bookId: sql<number | null>`(SELECT iif(books.slug = ${firstBook}, 0, books.id) FROM books
          WHERE books.owner_id = ${ownerId} AND books.slug = ${book})`.as('book_id'),
        groups: sql<number>`iif(${hasGroups}, (SELECT count(*) FROM contacts
          WHERE ${ownedBy(ownerId)} AND is_group = 1), 0)`.as('groups'),
        memberships: sql<number>`iif(${hasGroups}, (SELECT count(*) FROM group_members
          WHERE owner_id = ${ownerId}), 0)`.as('memberships'),
        lastId: sql<number>`coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'contacts'), 0)`.as('last_id'),
      })
      .from(users)
      .where(eq(users.id, ownerId)),
    db
      .select(storedColumns)
      .from(contacts)
      .where(and(ownedBy(ownerId), sql`${contacts.uid} IN (${selectValues(uids)})`)),
    db
      .select(storedColumns)
      .from(sql`json_each(${JSON.stringify(ids)}) AS wanted`)
      .crossJoin(contacts)
      .where(and(ownedBy(ownerId), sql`${contacts.id} = wanted.value`, sql`${contacts.uid} IS NULL`)),
    db
      .select({ ...storedColumns, name_key: contacts.name_key })
      .from(sql`json_each(${JSON.stringify(names)}) AS wanted`)
      .crossJoin(contacts)
      .where(and(ownedBy(ownerId), sql`${contacts.name_key} = wanted.value AND ${contacts.id} <= ${lastContact}`))
      .limit(maxNamesakes),
    db
      .select({ digest: importEntries.digest, id: contacts.id })
      .from(sql`json_each(${JSON.stringify(digests)}) AS wanted`)
      .crossJoin(importEntries)
      .innerJoin(contacts, eq(contacts.id, importEntries.contact_id))
      .where(
        and(
          eq(importEntries.owner_id, ownerId),
          ne(importEntries.import_id, importId),
          sql`${importEntries.digest} = wanted.value`,
          sql`${importEntries.undo} IS NULL AND ${importEntries.revision} IS NOT NULL`,
        ),
      ),
  ])
  if (!state) return undefined
  const reported = isDryRun ? await findReported(db, importId, uids) : []
  const { number, bookId, book_uid, lastId } = state
  const inBook = [...byUid, ...byId].toSorted((one, other) => rank(one, bookId) - rank(other, bookId))
  return {
    ...{ number, bookId, book_uid },
    findings: {
      byUid: new Map(inBook.map((row) => [uidOf(row), row])),
      byName: groupByName(namesakes),
      byDigest: groupByDigest(earlier),
      futureUids: new Set(
        uids.filter((uid) => {
          const own = idInUid(uid)
          return own?.bookUid === book_uid && own.id > lastId
        }),
      ),
      reported: new Set(reported.flatMap(({ uid }) => uid ?? [])),
      room: maxContacts - state.count,
      roomForGroups: maxGroups - state.groups,
      roomForMembers: maxMemberships - state.memberships,
    },
  }
}

function groupByDigest(rows: readonly { readonly digest: string | null; readonly id: number }[]) {
  const ids = new Map<string, Set<number>>()
  for (const { digest, id } of rows) if (digest !== null) ids.set(digest, (ids.get(digest) ?? new Set()).add(id))
  return ids
}

/** Contacts of the book that is imported into come last, so that they replace others in a map. */
const rank = ({ book_id }: StoredRow, bookId: number | null): number => (book_id === bookId ? 1 : 0)

function groupByName(rows: readonly (StoredRow & { readonly name_key: string })[]): Map<string, StoredRow[]> {
  const groups = new Map<string, StoredRow[]>()
  for (const { name_key, ...row } of rows) groups.set(name_key, [...(groups.get(name_key) ?? []), row])
  return groups
}

/** Finds UIDs of cards that a dry run has reported as added. */
const findReported = (db: Database, importId: number, uids: readonly string[]) =>
  db
    .select({ uid: importEntries.uid })
    .from(importEntries)
    .where(
      and(
        eq(importEntries.import_id, importId),
        eq(importEntries.outcome, 'added'),
        sql`${importEntries.uid} IN (${selectValues(uids)})`,
      ),
    )
