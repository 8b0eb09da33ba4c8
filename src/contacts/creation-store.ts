import { and, eq, isNull, lt, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { nextNumber } from '../books/numbers-store.ts'
import { bookIdOf, firstBook } from '../books/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { keepReservedStatement } from '../platform/pictures/deletion-store.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import { users } from '../users/table.ts'
import type { ContactContent } from './content.ts'
import { groupColumns, hasRoomForGroup, memberStatements } from './groups-store.ts'
import { isBookThere } from './move-store.ts'
import type { CardPart } from './parts.ts'
import { isContact, newestContact, partStatements } from './parts-store.ts'
import { ownedBy } from './scope.ts'
import { createRow, writtenColumns } from './store.ts'
import { contacts, idempotencyKeys, type StoredRow, storedColumns } from './table.ts'
import { isUidFree } from './uid-store.ts'

/** What a client calls a request that it may send again (Idempotency-Key), and a digest of the body. */
export interface IdempotencyKey {
  readonly key: string
  readonly fingerprint: string
}

/**
 * Why no contact is added: its owner does not exist; there is no such book, it has a contact of the same UID, or there
 * is no room; the key came with another body before; the contact that the key added has been deleted since.
 */
export type CreationRefusal = 'owner-gone' | 'no-room' | 'key-reused' | 'contact-gone'

/** How long a key stands for the first request that came with it. */
const keySeconds = 86_400

/** When the oldest key that still stands was first sent. */
export const oldestValidKey = (): string => timestamp(Date.now() - keySeconds * 1000)

/** A contact to be added. */
export interface ContactInsertion {
  readonly content: ContactContent
  /** The slug of the book that it is added to; left out: the first. */
  readonly book?: string | undefined
  /** The larger files of its vCard. */
  readonly parts?: readonly CardPart[] | undefined
  /** A picture that was stored for it. */
  readonly picture?: StoredPicture | undefined
  /** The language whose alphabet names are sorted by. */
  readonly locale: string
  /** The most contacts that the owner's books may hold. */
  readonly maxContacts: number
  readonly idempotency?: IdempotencyKey | undefined
}

const insertQuery = preparedQuery(['owner_id', 'created_at', 'max', ...writtenColumns], (db, { max, ...params }) =>
  db
    .insert(contacts)
    .select(
      db
        .select(selectAsRow(contacts, { ...params, seq: nextNumber(params.owner_id) }))
        .from(users)
        .where(and(eq(users.id, params.owner_id), hasRoom(params.owner_id, max))),
    )
    .returning(storedColumns),
)

/**
 * Adds a contact to a book of its owner's. It is one statement, or one batch: however many requests come at once, no
 * book grows past its bound, and no idempotency key adds two.
 */
export async function insertContact(
  db: Database,
  ownerId: number,
  insertion: ContactInsertion,
): Promise<StoredRow | CreationRefusal> {
  const { content, book = firstBook, locale, maxContacts, idempotency } = insertion
  const row = createRow(ownerId, content, locale)
  if (idempotency) return insertOnce(db, ownerId, row, insertion, idempotency)
  if (content.card === null && book === firstBook) {
    const [inserted] = await insertQuery(db, { ...row, max: maxContacts })
    return inserted ?? findRefusal(db, ownerId)
  }
  const [[inserted]] = await db.batch([
    db
      .insert(contacts)
      .select(
        db
          .select(selectAsRow(contacts, rowOf(db, ownerId, row, insertion)))
          .from(users)
          .where(and(eq(users.id, ownerId), mayBeAdded(db, ownerId, insertion))),
      )
      .returning(storedColumns),
    ...statementsAfter(db, ownerId, insertion),
  ])
  return inserted ?? findRefusal(db, ownerId)
}

/** The condition that a contact may be added: its book is there and has no contact of its UID, and there is room. */
const mayBeAdded = (
  db: Database,
  ownerId: number,
  { content: { uid, members }, book = firstBook, maxContacts }: ContactInsertion,
) =>
  and(
    hasRoom(ownerId, maxContacts),
    isBookThere(ownerId, book),
    uid === null ? undefined : isUidFree(db, ownerId, uid, { bookId: bookIdOf(ownerId, book) }),
    members ? hasRoomForGroup(ownerId, { members }) : undefined,
  )

/** What the row of a new contact is, with its picture, and with the labels of the groups that name its UID. */
const rowOf = (
  db: Database,
  ownerId: number,
  row: ReturnType<typeof createRow>,
  { book = firstBook, picture }: ContactInsertion,
) => ({
  ...row,
  book_id: bookIdOf(ownerId, book),
  avatar: picture?.picture ?? null,
  seq: nextNumber(ownerId),
  ...(row.uid === null ? {} : groupColumns(db, ownerId, row.uid, row)),
})

/** For the batch of an insertion, after it: what belongs to the new contact. Where there is none, they do nothing. */
const statementsAfter = (db: Database, ownerId: number, { content, parts = [], picture }: ContactInsertion) => [
  ...(parts.length > 0 ? partStatements(db, ownerId, newestContact, parts) : []),
  ...(picture ? [keepReservedStatement(db, picture.reservation, contacts, isContact(ownerId, newestContact))] : []),
  ...(content.members ? memberStatements(db, ownerId, newestContact, content) : []),
]

/**
 * Adds a contact unless a request of the same key has added one within 24 hours: then returns that one, as it is now.
 */
async function insertOnce(
  db: Database,
  ownerId: number,
  row: ReturnType<typeof createRow>,
  insertion: ContactInsertion,
  { key, fingerprint }: IdempotencyKey,
): Promise<StoredRow | CreationRefusal> {
  const ownerHasRoom = and(eq(users.id, ownerId), mayBeAdded(db, ownerId, insertion))
  const isKey = and(eq(idempotencyKeys.owner_id, ownerId), eq(idempotencyKeys.key, key))
  const isUnused = and(isKey, isNull(idempotencyKeys.contact_id))
  const keyRow = selectAsRow(idempotencyKeys, { owner_id: ownerId, key, fingerprint, created_at: timestamp() })
  // The request that adds the key adds the contact: of two at once, the second finds a key that has its contact.
  const [, , [inserted], , [stored], [earlier]] = await db.batch([
    db.delete(idempotencyKeys).where(and(isKey, lt(idempotencyKeys.created_at, oldestValidKey()))),
    db.insert(idempotencyKeys).select(db.select(keyRow).from(users).where(ownerHasRoom)).onConflictDoNothing(),
    db
      .insert(contacts)
      .select(
        db
          .select(selectAsRow(contacts, rowOf(db, ownerId, row, insertion)))
          .from(idempotencyKeys)
          .where(isUnused),
      )
      .returning(storedColumns),
    // Ids only rise: the highest is that of the contact that was just inserted.
    db.update(idempotencyKeys).set({ contact_id: sql`(SELECT max(contacts.id) FROM contacts)` }).where(isUnused),
    db.select({ fingerprint: idempotencyKeys.fingerprint }).from(idempotencyKeys).where(isKey),
    // `=`, not IN: for IN, SQLite would read the owner's whole part of an index.
    db
      .select(storedColumns)
      .from(contacts)
      .where(
        and(
          ownedBy(ownerId),
          sql`${contacts.id} = ${db.select({ id: idempotencyKeys.contact_id }).from(idempotencyKeys).where(isKey)}`,
        ),
      ),
    ...statementsAfter(db, ownerId, insertion),
  ])
  if (inserted) return inserted
  if (!stored) return findRefusal(db, ownerId)
  if (stored.fingerprint !== fingerprint) return 'key-reused'
  return earlier ?? 'contact-gone'
}

/**
 * The condition that a book holds fewer than `max` contacts. Counting reads as many rows of an index as the book has
 * contacts; where all books together were never given `max`, nothing is counted.
 */
export const hasRoom = (ownerId: number | Placeholder, max: number | Placeholder): SQL => sql`(
  coalesce((SELECT max(contacts.id) FROM contacts), 0) < ${max}
  OR (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)}) < ${max}
)`

/** Finds out why a contact was not inserted. No id is given twice: an owner who exists now existed then. */
async function findRefusal(db: Database, ownerId: number): Promise<CreationRefusal> {
  const owners = await db.select({ id: users.id }).from(users).where(eq(users.id, ownerId))
  return owners.length > 0 ? 'no-room' : 'owner-gone'
}

/** Deletes the keys that are too old to be valid. */
export async function deleteOldKeys(db: Database): Promise<void> {
  await db.delete(idempotencyKeys).where(lt(idempotencyKeys.created_at, oldestValidKey()))
}
