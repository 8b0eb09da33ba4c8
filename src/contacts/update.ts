import { invalidValues } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { withFavorite } from './favorites.ts'
import { type PartialFields, withDefaults } from './fields.ts'
import { isNamed } from './schema.ts'
import type { ContactRow } from './table.ts'
import { type ContactTarget, editContact } from './write.ts'

/**
 * Replaces a contact: what the input leaves out becomes empty.
 * @throws Problem 404, 409 `busy`, 412
 */
export const replaceContact = (services: Services, target: ContactTarget, input: PartialFields): Promise<ContactRow> =>
  editContact(services, target, (row) =>
    withFavorite(withDefaults(input), row, input.favorite ?? undefined, services.config.FAVORITE_NAME_PREFIX),
  )

/**
 * Applies a merge patch (RFC 7396): null empties a field, what is left out stays.
 * @throws Problem 404, 409 `busy`, 412; 422 where no name would be left
 */
export const patchContact = (services: Services, target: ContactTarget, patch: PartialFields): Promise<ContactRow> =>
  editContact(services, target, (row) => {
    const fields = withDefaults({ ...row, ...patch })
    // A patch without a name may leave one that was stored before names had to be visible.
    const isRenamed = patch.first_name !== undefined || patch.last_name !== undefined
    if (isRenamed && !isNamed(fields)) {
      throw invalidValues([{ pointer: '/first_name', detail: 'Keep a first name, a last name, or both.' }])
    }
    const favorite = patch.favorite === null ? false : patch.favorite
    return withFavorite(fields, row, favorite, services.config.FAVORITE_NAME_PREFIX)
  })
