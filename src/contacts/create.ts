import { sessionEnded } from '../auth/session.ts'
import { bookIdOf, firstBook } from '../books/table.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { digest } from '../platform/crypto/keys.ts'
import type { Database } from '../platform/db/database.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { type ContactContent, newContent } from './content.ts'
import { type ContactInsertion, type CreationRefusal, insertContact } from './creation-store.ts'
import { withFavorite } from './favorites.ts'
import { withDefaults } from './fields.ts'
import { findGroupRefusal, maxGroups, maxMemberships } from './groups-store.ts'
import { type ContactValues, detailsIn } from './input.ts'
import { requireBook } from './require-book.ts'
import type { StoredRow } from './table.ts'
import { findUidHolder, isFutureUid, type UidPlace } from './uid-store.ts'
import { writeWithinBounds } from './write-within-bounds.ts'

/** A contact to be. */
export interface ContactCreation {
  readonly ownerId: number
  readonly input: ContactValues
  /** The client's name for the request, by which it may send it again. */
  readonly idempotencyKey?: string | undefined
}

/** A book's slug where it is said of a new contact; undefined for the first, where a contact is added anyway. */
export const otherBook = (book: string | undefined): string | undefined => (book === firstBook ? undefined : book)

/** The digest of an input, whatever its order and its blanks: two requests for the same contact have the same one. */
const fingerprintOf = (input: ContactValues): string =>
  digest(
    JSON.stringify({
      ...{ ...withDefaults(input), favorite: input.favorite ?? null, ...detailsIn(input) },
      book: otherBook(input.book),
    }),
  )

/**
 * Adds a contact to a book of its owner's. With an idempotency key, the same request adds it once within 24 hours.
 * @throws Problem 401 where the owner is gone; 404 where the key's contact was deleted; 409 `book-full`; 422
 * `idempotency-key-reused`, or for a book that is not there
 */
export function createContact(
  services: Services,
  { ownerId, input, idempotencyKey: key }: ContactCreation,
): Promise<StoredRow> {
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(input) }
  return addContact(services, ownerId, {
    content: contentOfInput(input, services.config),
    book: input.book,
    idempotency,
  })
}

/**
 * What is stored of a contact that is added by an input.
 * @throws Problem 422 where it contradicts itself, or would be too large
 */
export function contentOfInput(input: ContactValues, { FAVORITE_NAME_PREFIX: prefix }: Configuration): ContactContent {
  const fields = withFavorite(withDefaults(input), null, input.favorite ?? undefined, prefix)
  return newContent(fields, detailsIn(input))
}

/** What is added, but for what the configuration says. */
export type NewContact = Omit<ContactInsertion, 'locale' | 'maxContacts'>

/**
 * Adds a contact, or says why not.
 * @throws Problem as {@link createContact}, and 409 `storage-full`, `uid-taken`
 */
export async function addContact(services: Services, ownerId: number, contact: NewContact): Promise<StoredRow> {
  const { db, config } = services
  const insertion = { ...contact, locale: config.SORT_LOCALE, maxContacts: config.MAX_CONTACTS }
  const row = await writeWithinBounds(services, ownerId, () => insertContact(db, ownerId, insertion))
  if (typeof row !== 'string') return row
  const {
    content: { uid },
    book = firstBook,
  } = contact
  if (row === 'no-room') await requireBook(db, ownerId, book)
  const bookId = bookIdOf(ownerId, book)
  if (row === 'no-room' && uid !== null) await requireFreeUid(db, ownerId, uid, { bookId })
  if (row === 'no-room') await requireRoomForGroup(db, ownerId, contact.content)
  throw creationProblem(row, config)
}

/** @throws Problem 409 `uid-taken` where a UID is kept for a contact that the owner adds later */
export async function requireOrdinaryUid(db: Database, ownerId: number, uid: string): Promise<void> {
  if (!(await isFutureUid(db, ownerId, uid))) return
  throw new Problem(
    409,
    'uid-taken',
    'The UID of this vCard belongs to a contact that you have not added yet: send the vCard with another UID, or without.',
  )
}

/** @throws Problem 409 `uid-taken` where another contact in a book has a UID */
export async function requireFreeUid(db: Database, ownerId: number, uid: string, place: UidPlace): Promise<void> {
  const id = await findUidHolder(db, ownerId, uid, place)
  if (id === undefined) return
  throw new Problem(
    409,
    'uid-taken',
    `The contact ${id} has the UID of this vCard: replace it by PUT /api/contacts/${id}, or send the vCard without a UID.`,
    { members: { contact: id } },
  )
}

/**
 * Does nothing for what is no group.
 * @throws Problem 409 `book-full` where an owner has as many groups as there may be, or as many members of them
 */
export async function requireRoomForGroup(
  db: Database,
  ownerId: number,
  { members }: Pick<ContactContent, 'members'>,
  row?: Pick<StoredRow, 'id' | 'is_group'>,
): Promise<void> {
  const refusal = members && (await findGroupRefusal(db, ownerId, { members, row }))
  if (refusal === 'groups')
    throw new Problem(
      409,
      'book-full',
      `You have ${maxGroups} groups, which is the most. Delete some, then add others.`,
    )
  if (refusal === 'members') {
    const detail = `Your groups would have more than ${maxMemberships} members together: take some out of other groups.`
    throw new Problem(409, 'book-full', detail)
  }
}

/** 409 where an owner may have no other contact. */
export const bookFull = ({ MAX_CONTACTS }: Configuration): Problem =>
  new Problem(
    409,
    'book-full',
    `Your books are full: they hold ${MAX_CONTACTS} contacts in all. Delete some, then add others.`,
  )

/** 404 where the contact that a request added has been deleted since, and the same request comes again. */
export const addedContactGone = (): Problem =>
  new Problem(404, 'not-found', 'The contact that this key added has been deleted. To add it again, send another key.')

/** 422 for a key that came with another body before. */
export function keyReused(): Problem {
  const detail = 'This key came with another body: send a new key with what is new.'
  const errors = [{ pointer: 'header/Idempotency-Key', detail }]
  return new Problem(422, 'idempotency-key-reused', detail, { members: { errors } })
}

function creationProblem(reason: CreationRefusal, config: Configuration): Problem {
  switch (reason) {
    case 'owner-gone':
      return sessionEnded()
    case 'contact-gone':
      return addedContactGone()
    case 'no-room':
      return bookFull(config)
    case 'key-reused':
      return keyReused()
  }
}
