import { sessionEnded } from '../auth/session.ts'
import type { Configuration } from '../env.ts'
import { digest } from '../platform/crypto/keys.ts'
import type { Database } from '../platform/db/database.ts'
import { requireMatch } from '../platform/http/etag.ts'
import { Problem } from '../platform/http/problem.ts'
import type { NotCreated } from './creation.ts'
import { isFavorite } from './favorites.ts'
import { fullName } from './search.ts'
import { type ContactFields, findContact, replaceContact } from './store.ts'
import type { ContactRow } from './table.ts'

export const contactNotFound = (): Problem => new Problem(404, 'not-found', 'You have no contact with this id.')

/** Every field that a person may write, with nothing for what was left out. */
export function withDefaults(
  given: { [K in keyof ContactFields]?: ContactFields[K] | null | undefined },
): ContactFields {
  return {
    first_name: given.first_name ?? null,
    last_name: given.last_name ?? null,
    email: given.email ?? null,
    phone: given.phone ?? null,
    birthday: given.birthday ?? null,
    additional: given.additional ?? null,
    favorite: given.favorite ?? false,
  }
}

/** Fields to be written, with the star that a name may bring; `asked` is what the request says of it. */
export function withFavorite(
  c: Writing,
  fields: ContactFields,
  now: ContactRow | null,
  asked: boolean | undefined,
): ContactFields {
  const naming = { name: fullName(fields), before: now && fullName(now), favorite: fields.favorite, asked }
  return { ...fields, favorite: isFavorite(naming, c.var.config.FAVORITE_NAME_PREFIX) }
}

/** What two requests have in common that ask for the same contact: what is sent, whatever its order and its blanks. */
export const fingerprintOf = (given: Parameters<typeof withDefaults>[0]): string =>
  digest(JSON.stringify({ ...withDefaults(given), favorite: given.favorite ?? null }))

export function creationProblem(reason: NotCreated, { MAX_CONTACTS }: Configuration): Problem {
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

/** As much of a request's context as a write needs. */
interface Writing {
  readonly var: { readonly db: Database; readonly user: { readonly id: number }; readonly config: Configuration }
  readonly req: { readonly method: string; header(name: string): string | undefined }
}

export function updateContact(c: Writing, id: number, edit: (now: ContactRow) => ContactFields): Promise<ContactRow> {
  const { db, user, config } = c.var
  return retryOnConflict(c, id, (row) => replaceContact(db, user.id, id, row.revision, edit(row), config.SORT_LOCALE))
}

/** One's own contact, as it is now. @throws Problem 404, or 412 where If-Match or If-None-Match says otherwise */
export async function findMatching(c: Writing, id: number): Promise<ContactRow> {
  const { db, user } = c.var
  const row = await findContact(db, user.id, id)
  if (!row) throw contactNotFound()
  requireMatch(c, row.revision)
  return row
}

/** How often a write that another one overtook reads and tries again, before it gives up. */
const attempts = 5

/**
 * Reads one's own contact, checks If-Match and If-None-Match and writes; where another write came between, from the start, so that none is lost.
 * @throws Problem 404, 412 or, after five lost races, 409 `busy`
 */
export async function retryOnConflict<T>(
  c: Writing,
  id: number,
  write: (row: ContactRow) => Promise<T | false | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const written = await write(await findMatching(c, id))
    if (written) return written
  }
  throw new Problem(409, 'busy', 'Others are changing this contact at this very moment: try again.')
}
