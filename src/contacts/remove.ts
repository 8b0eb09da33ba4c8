import { trimTrash } from '../books/trash-store.ts'
import type { Services } from '../platform/ports.ts'
import { deleteRow } from './store.ts'
import { type ContactTarget, writeContact } from './write.ts'

/** Of how many contacts that somebody deletes the trash is trimmed after one. */
export const trimEvery = 64

/**
 * Moves a contact to the trash, where it stays for 30 days.
 * @throws Problem 404, 409 `busy`, 412
 */
export async function removeContact(services: Services, target: ContactTarget): Promise<void> {
  const { db, config } = services
  const number = await writeContact(services, target, (row) => deleteRow(db, target.ownerId, row, target.author))
  if (number % trimEvery === 0) await trimTrash(db, target.ownerId, config.MAX_TRASH)
}
