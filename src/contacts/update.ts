import type { Configuration } from '../platform/config/configuration.ts'
import { invalidValues } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { withFavorite } from './favorites.ts'
import { type ContactFields, withDefaults } from './fields.ts'
import { type ContactInput, detailsIn, inputFor } from './input.ts'
import { isNamed, named } from './schema.ts'
import type { StoredRow } from './table.ts'
import { type ContactEdit, type ContactTarget, editContact } from './write.ts'

/** Throws the 422 for a contact without a name, unless the name does not change. */
function requireName(fields: ContactFields, row: StoredRow, detail: string): void {
  const isRenamed = fields.first_name !== row.first_name || fields.last_name !== row.last_name
  if (isRenamed && !isNamed(fields)) throw invalidValues([{ pointer: '/first_name', detail }])
}

/**
 * Replaces a contact. Fields that the input leaves out become empty; lists and the book that it leaves out do not
 * change.
 * @throws Problem 404, 409 `busy`, `uid-taken`, 412; 422 if no name would be left, the vCard cannot express the change,
 * or there is no such book
 */
export const replaceContact = (services: Services, target: ContactTarget, input: ContactInput): Promise<StoredRow> =>
  editContact(services, target, (row) => {
    const sent = inputFor(input, row)
    // If a list is sent without `email` or `phone`, the list determines its primary member.
    const primary = { ...(sent.emails ? { email: row.email } : {}), ...(sent.phones ? { phone: row.phone } : {}) }
    const fields = withDefaults({ ...primary, ...sent })
    requireName(fields, row, named)
    const starred = withFavorite(fields, row, sent.favorite ?? undefined, services.config.FAVORITE_NAME_PREFIX)
    return { fields: starred, details: detailsIn(sent), book: sent.book }
  })

/**
 * Applies a merge patch (RFC 7396) to a row: null empties a field; fields that the patch leaves out do not change.
 * @throws Problem 422 if no name would be left
 */
export function patchRow(row: StoredRow, input: ContactInput, config: Configuration): ContactEdit {
  const patch = inputFor(input, row)
  const fields = withDefaults({ ...row, ...patch })
  requireName(fields, row, 'Keep a first name, a last name, or both.')
  const favorite = patch.favorite === null ? false : patch.favorite
  const starred = withFavorite(fields, row, favorite, config.FAVORITE_NAME_PREFIX)
  return { fields: starred, details: detailsIn(patch), book: patch.book }
}

/**
 * Applies a merge patch to a contact: {@link patchRow}.
 * @throws Problem 404, 409 `busy`, `uid-taken`, 412; 422 if no name would be left, the vCard cannot express the change,
 * or there is no such book
 */
export const patchContact = (services: Services, target: ContactTarget, input: ContactInput): Promise<StoredRow> =>
  editContact(services, target, (row) => patchRow(row, input, services.config))
