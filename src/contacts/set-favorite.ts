import type { Services } from '../platform/ports.ts'
import { pickFields } from './fields.ts'
import type { StoredRow } from './table.ts'
import { type ContactTarget, editContact } from './write.ts'

/**
 * Sets or clears the favourite flag of a contact.
 * @throws Problem 404, 409 `busy`, 412
 */
export const setFavorite = (services: Services, target: ContactTarget, favorite: boolean): Promise<StoredRow> =>
  editContact(services, target, (row) => ({ fields: { ...pickFields(row), favorite } }))
