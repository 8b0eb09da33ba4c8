import { sessionEnded } from '../auth/session.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { digest } from '../platform/crypto/keys.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { type CreationRefusal, insertContact } from './creation-store.ts'
import { withFavorite } from './favorites.ts'
import { type PartialFields, withDefaults } from './fields.ts'
import type { ContactRow } from './table.ts'

/** A contact to be. */
export interface ContactCreation {
  readonly ownerId: number
  readonly input: PartialFields
  /** The client's name for the request, by which it may send it again. */
  readonly idempotencyKey?: string | undefined
}

/** The digest of an input, whatever its order and its blanks: two requests for the same contact have the same one. */
const fingerprintOf = (input: PartialFields): string =>
  digest(JSON.stringify({ ...withDefaults(input), favorite: input.favorite ?? null }))

/**
 * Adds a contact to its owner's book. With an idempotency key, the same request adds it once within 24 hours.
 * @throws Problem 401 where the owner is gone; 404 where the key's contact was deleted; 409 `book-full`; 422
 * `idempotency-key-reused`
 */
export async function createContact(
  { db, config }: Services,
  { ownerId, input, idempotencyKey: key }: ContactCreation,
): Promise<ContactRow> {
  const fields = withFavorite(withDefaults(input), null, input.favorite ?? undefined, config.FAVORITE_NAME_PREFIX)
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(input) }
  const row = await insertContact(db, ownerId, {
    fields,
    locale: config.SORT_LOCALE,
    maxContacts: config.MAX_CONTACTS,
    idempotency,
  })
  if (typeof row === 'string') throw creationProblem(row, config)
  return row
}

function creationProblem(reason: CreationRefusal, { MAX_CONTACTS }: Configuration): Problem {
  switch (reason) {
    case 'owner-gone':
      return sessionEnded()
    case 'contact-gone':
      return new Problem(
        404,
        'not-found',
        'The contact that this key added has been deleted. To add it again, send another key.',
      )
    case 'book-full':
      return new Problem(
        409,
        'book-full',
        `Your book is full: it holds ${MAX_CONTACTS} contacts. Delete some, then add others.`,
      )
    case 'key-reused': {
      const detail = 'This key came with another body: send a new key with what is new.'
      const errors = [{ pointer: 'header/Idempotency-Key', detail }]
      return new Problem(422, 'idempotency-key-reused', detail, { members: { errors } })
    }
  }
}
