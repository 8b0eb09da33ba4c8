import { and, eq, isNull, lt, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { preparedQuery } from '../platform/db/statement.ts'
import { users } from '../users/table.ts'
import type { ContactFields } from './fields.ts'
import { ownedBy } from './scope.ts'
import { createRow, writtenColumns } from './store.ts'
import { type ContactRow, contactColumns, contacts, idempotencyKeys } from './table.ts'

/** A request that its client may send again (Idempotency-Key): what it is called, and a digest of what it asks for. */
export interface IdempotencyKey {
  readonly key: string
  readonly fingerprint: string
}

/**
 * Why no contact is there: nobody to own it, no room for it, a key that stands for another, or one that is deleted
 * since.
 */
export type CreationRefusal = 'owner-gone' | 'book-full' | 'key-reused' | 'contact-gone'

/** How long a key stands for the request that came with it first. */
const keySeconds = 86_400

const keysUntil = (): string => timestamp(Date.now() - keySeconds * 1000)

const insert = preparedQuery(['owner_id', 'created_at', 'max', ...writtenColumns], (db, { max, ...params }) =>
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
 * Adds a contact to its owner's book, which holds `maxContacts`; with `once`, unless a request of that key has added
 * one within 24 hours: then that one is returned, as it is now. One statement, or one batch: however many come at once,
 * no book grows past its bounds, and no key adds two.
 */
export async function insertContact(
  db: Database,
  ownerId: number,
  fields: ContactFields,
  locale: string,
  maxContacts: number,
  idempotency?: IdempotencyKey,
): Promise<ContactRow | CreationRefusal> {
  const values = createRow(ownerId, fields, locale)
  if (!idempotency) {
    const [made] = await insert(db, { ...values, max: maxContacts })
    return made ?? findRefusal(db, ownerId)
  }
  const row = selectAsRow(contacts, values)
  const ownerHasRoom = and(eq(users.id, ownerId), hasRoom(ownerId, maxContacts))
  const { key, fingerprint } = idempotency
  const named = and(eq(idempotencyKeys.owner_id, ownerId), eq(idempotencyKeys.key, key))
  const fresh = and(named, isNull(idempotencyKeys.contact_id))
  const claim = selectAsRow(idempotencyKeys, { owner_id: ownerId, key, fingerprint, created_at: timestamp() })
  // Whoever adds the key adds the contact: of two at once, the second finds a key that has its contact.
  const [, , [made], , [stored], [earlier]] = await db.batch([
    db.delete(idempotencyKeys).where(and(named, lt(idempotencyKeys.created_at, keysUntil()))),
    db.insert(idempotencyKeys).select(db.select(claim).from(users).where(ownerHasRoom)).onConflictDoNothing(),
    db.insert(contacts).select(db.select(row).from(idempotencyKeys).where(fresh)).returning(contactColumns),
    // Ids only rise: the highest is the one that has just been given.
    db.update(idempotencyKeys).set({ contact_id: sql`(SELECT max(contacts.id) FROM contacts)` }).where(fresh),
    db.select({ fingerprint: idempotencyKeys.fingerprint }).from(idempotencyKeys).where(named),
    // `=`, not IN: SQLite would look for a list in an index of the owner's, through the whole book.
    db
      .select(contactColumns)
      .from(contacts)
      .where(
        and(
          ownedBy(ownerId),
          sql`${contacts.id} = ${db.select({ id: idempotencyKeys.contact_id }).from(idempotencyKeys).where(named)}`,
        ),
      ),
  ])
  if (made) return made
  if (!stored) return findRefusal(db, ownerId)
  if (stored.fingerprint !== fingerprint) return 'key-reused'
  return earlier ?? 'contact-gone'
}

/**
 * That a book holds fewer than `max` contacts. Counting reads as many rows of an index; where fewer than `max` were
 * ever added to all books together, nothing need be counted.
 */
const hasRoom = (ownerId: number | Placeholder, max: number | Placeholder): SQL => sql`(
  coalesce((SELECT max(contacts.id) FROM contacts), 0) < ${max}
  OR (SELECT count(*) FROM contacts WHERE contacts.owner_id = ${ownerId}) < ${max}
)`

/** Why a contact was not inserted. An id is given once: whoever is there now was there then. */
async function findRefusal(db: Database, ownerId: number): Promise<CreationRefusal> {
  const owners = await db.select({ id: users.id }).from(users).where(eq(users.id, ownerId))
  return owners.length > 0 ? 'book-full' : 'owner-gone'
}

/** Forgets the keys that are no longer honoured. */
export async function deleteOldKeys(db: Database): Promise<void> {
  await db.delete(idempotencyKeys).where(lt(idempotencyKeys.created_at, keysUntil()))
}
