import type { Services } from '../platform/ports.ts'
import { deleteRow } from './store.ts'
import { type ContactTarget, writeContact } from './write.ts'

/**
 * Deletes a contact, with its picture.
 * @throws Problem 404, 409 `busy`, 412
 */
export async function removeContact(services: Services, target: ContactTarget): Promise<void> {
  await writeContact(services, target, async (row) =>
    (await deleteRow(services.db, target.ownerId, row)) ? true : undefined,
  )
}
