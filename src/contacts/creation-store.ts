import { and, eq, isNull, lt, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { preparedQuery } from '../platform/db/prepared-query.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import type { ContactFields } from './fields.ts'
import { ownedBy } from './scope.ts'
import { createRow, writtenColumns } from './store.ts'
import { type ContactRow, contactColumns, contacts, idempotencyKeys } from './table.ts'

/** What a client calls a request that it may send again (Idempotency-Key), and a digest of the body. */
export interface IdempotencyKey {
  readonly key: string
  readonly fingerprint: string
}

/**
 * Why no contact is added: its owner does not exist; the book has no room; the key came with another body before; the
 * contact that the key added has been deleted since.
 */
export type CreationRefusal = 'owner-gone' | 'book-full' | 'key-reused' | 'contact-gone'

/** How long a key stands for the first request that came with it. */
const keySeconds = 86_400

const oldestValidKey = (): string => timestamp(Date.now() - keySeconds * 1000)

/** A contact to be added. */
export interface ContactInsertion {
  readonly fields: ContactFields
  /** The language whose alphabet names are sorted by. */
  readonly locale: string
  /** The most contacts that the book may hold. */
  readonly maxContacts: number
  readonly idempotency?: IdempotencyKey | undefined
}

const insertQuery = preparedQuery(['owner_id', 'created_at', 'max', ...writtenColumns], (db, { max, ...params }) =>
  db
    .insert(contacts)
    .select(
      db
        .select(selectAsRow(contacts, params))
        .from(users)
        .where(and(eq(users.id, params.owner_id), hasRoom(params.owner_id, max))),
    )
    .returning(contactColumns),
)

/**
 * Adds a contact to its owner's book. It is one statement, or one batch: however many requests come at once, no book
 * grows past its bound, and no idempotency key adds two.
 */
export async function insertContact(
  db: Database,
  ownerId: number,
  { fields, locale, maxContacts, idempotency }: ContactInsertion,
): Promise<ContactRow | CreationRefusal> {
  const row = createRow(ownerId, fields, locale)
  if (idempotency) return insertOnce(db, ownerId, row, { maxContacts, ...idempotency })
  const [inserted] = await insertQuery(db, { ...row, max: maxContacts })
  return inserted ?? findRefusal(db, ownerId)
}

/**
 * Adds a contact unless a request of the same key has added one within 24 hours: then returns that one, as it is now.
 */
async function insertOnce(
  db: Database,
  ownerId: number,
  row: ReturnType<typeof createRow>,
  { key, fingerprint, maxContacts }: IdempotencyKey & Pick<ContactInsertion, 'maxContacts'>,
): Promise<ContactRow | CreationRefusal> {
  const ownerHasRoom = and(eq(users.id, ownerId), hasRoom(ownerId, maxContacts))
  const isKey = and(eq(idempotencyKeys.owner_id, ownerId), eq(idempotencyKeys.key, key))
  const isUnused = and(isKey, isNull(idempotencyKeys.contact_id))
  const keyRow = selectAsRow(idempotencyKeys, { owner_id: ownerId, key, fingerprint, created_at: timestamp() })
  // The request that adds the key adds the contact: of two at once, the second finds a key that has its contact.
  const [, , [inserted], , [stored], [earlier]] = await db.batch([
    db.delete(idempotencyKeys).where(and(isKey, lt(idempotencyKeys.created_at, oldestValidKey()))),
    db.insert(idempotencyKeys).select(db.select(keyRow).from(users).where(ownerHasRoom)).onConflictDoNothing(),
    db
      .insert(contacts)
      .select(db.select(selectAsRow(contacts, row)).from(idempotencyKeys).where(isUnused))
      .returning(contactColumns),
    // Ids only rise: the highest is that of the contact that was just inserted.
    db.update(idempotencyKeys).set({ contact_id: sql`(SELECT max(contacts.id) FROM contacts)` }).where(isUnused),
    db.select({ fingerprint: idempotencyKeys.fingerprint }).from(idempotencyKeys).where(isKey),
    // `=`, not IN: for IN, SQLite would read the owner's whole part of an index.
    db
      .select(contactColumns)
      .from(contacts)
      .where(
        and(
          ownedBy(ownerId),
          sql`${contacts.id} = ${db.select({ id: idempotencyKeys.contact_id }).from(idempotencyKeys).where(isKey)}`,
        ),
      ),
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
const hasRoom = (ownerId: number | Placeholder, max: number | Placeholder): SQL => sql`(
  coalesce((SELECT max(contacts.id) FROM contacts), 0) < ${max}
  OR (SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)}) < ${max}
)`

/** Finds out why a contact was not inserted. No id is given twice: an owner who exists now existed then. */
async function findRefusal(db: Database, ownerId: number): Promise<CreationRefusal> {
  const owners = await db.select({ id: users.id }).from(users).where(eq(users.id, ownerId))
  return owners.length > 0 ? 'book-full' : 'owner-gone'
}

/** Deletes the keys that are too old to be valid. */
export async function deleteOldKeys(db: Database): Promise<void> {
  await db.delete(idempotencyKeys).where(lt(idempotencyKeys.created_at, oldestValidKey()))
}
