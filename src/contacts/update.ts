import { requireSession } from '../auth/session.ts'
import { isSessionAlive } from '../auth/session-store.ts'
import { invalidValues, Problem } from '../platform/http/problem.ts'
import type { StoredPicture } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { withFavorite } from './favorites.ts'
import { type ContactFields, withDefaults } from './fields.ts'
import { isNamed } from './schema.ts'
import { deleteRow, findContact, replaceRow, setAvatarColumn } from './store.ts'
import type { ContactRow } from './table.ts'

/** The contact that a write is about. */
export interface ContactTarget {
  readonly ownerId: number
  readonly id: number
  /**
   * Checks the conditions of a request (If-Match, If-None-Match) against the revision that was read. It throws where
   * they fail.
   */
  readonly checkRevision: (revision: number) => void
}

type Input = Parameters<typeof withDefaults>[0]

/** 404 for a contact that does not exist, or is another's. */
export const contactNotFound = (): Problem => new Problem(404, 'not-found', 'You have no contact with this id.')

const busy = (): Problem => new Problem(409, 'busy', 'Others are changing this contact at this very moment: try again.')

/**
 * Finds the contact of a write and checks the conditions of the request.
 * @throws Problem 404, or what `checkRevision` throws
 */
export async function findForWrite(
  { db }: Services,
  { ownerId, id, checkRevision }: ContactTarget,
): Promise<ContactRow> {
  const row = await findContact(db, ownerId, id)
  if (!row) throw contactNotFound()
  checkRevision(row.revision)
  return row
}

/** Reads, checks and writes a contact; again from the start where another write came between, so that none is lost. */
const write = <T>(
  services: Services,
  target: ContactTarget,
  attempt: (row: ContactRow) => Promise<T | undefined>,
): Promise<T> => retryOnConflict(async () => attempt(await findForWrite(services, target)), busy)

/** Replaces the fields of a contact by what `edit` makes of the present row. */
function edit(
  services: Services,
  target: ContactTarget,
  change: (row: ContactRow) => ContactFields,
): Promise<ContactRow> {
  const { db, config } = services
  const { ownerId, id } = target
  return write(services, target, (row) => replaceRow(db, ownerId, id, row.revision, change(row), config.SORT_LOCALE))
}

/**
 * Replaces a contact: what the input leaves out becomes empty.
 * @throws Problem 404, 409 `busy`, 412
 */
export const replaceContact = (services: Services, target: ContactTarget, input: Input): Promise<ContactRow> =>
  edit(services, target, (row) =>
    withFavorite(withDefaults(input), row, input.favorite ?? undefined, services.config.FAVORITE_NAME_PREFIX),
  )

/**
 * Applies a merge patch (RFC 7396): null empties a field, what is left out stays.
 * @throws Problem 404, 409 `busy`, 412; 422 where no name would be left
 */
export const patchContact = (services: Services, target: ContactTarget, patch: Input): Promise<ContactRow> =>
  edit(services, target, (row) => {
    const fields = withDefaults({ ...row, ...patch })
    // A name from before there was this rule may stay.
    const isRenamed = patch.first_name !== undefined || patch.last_name !== undefined
    if (isRenamed && !isNamed(fields)) {
      throw invalidValues([{ pointer: '/first_name', detail: 'Keep a first name, a last name, or both.' }])
    }
    const favorite = patch.favorite === null ? false : patch.favorite
    return withFavorite(fields, row, favorite, services.config.FAVORITE_NAME_PREFIX)
  })

/**
 * Makes a contact a favourite, or not.
 * @throws Problem 404, 409 `busy`, 412
 */
export const setFavorite = (services: Services, target: ContactTarget, favorite: boolean): Promise<ContactRow> =>
  edit(services, target, (row) => ({ ...withDefaults(row), favorite }))

/**
 * Gives a contact a picture, or with null removes its picture.
 * @throws Problem 401 where the session has ended meanwhile, 404, 409 `busy`, 412
 */
export function setContactAvatar(
  services: Services,
  target: ContactTarget,
  picture: StoredPicture | null,
  sessionId: number,
): Promise<ContactRow> {
  const { db, config } = services
  const condition = isSessionAlive(sessionId)
  return write(services, target, async ({ revision }) => {
    const row = await setAvatarColumn(db, target.ownerId, target.id, revision, { picture, condition })
    if (!row) await requireSession(db, sessionId, config)
    return row
  })
}

/**
 * Deletes a contact, with its picture.
 * @throws Problem 404, 409 `busy`, 412
 */
export async function removeContact(services: Services, target: ContactTarget): Promise<void> {
  const { db } = services
  await write(services, target, async ({ revision }) =>
    (await deleteRow(db, target.ownerId, target.id, revision)) ? true : undefined,
  )
}
