import type { Configuration } from '../platform/config/configuration.ts'
import type { Services } from '../platform/ports.ts'
import { deleteRow } from './deletion-store.ts'
import { type ContactTarget, writeContact } from './write.ts'

/** One in this many deletions checks the size of the trash, because the check reads the whole trash. */
const trimEvery = 64

/**
 * Returns the limit of the trash if this request should check it; otherwise undefined. Random, so that no sequence of
 * requests can avoid the check.
 */
export const trashBound = ({ MAX_TRASH }: Configuration, deletions = 1): number | undefined =>
  Math.random() * trimEvery < deletions ? MAX_TRASH : undefined

/**
 * Moves a contact to the trash, where it stays for 30 days.
 * @throws Problem 404, 409 `busy`, 412
 */
export async function removeContact(services: Services, target: ContactTarget): Promise<void> {
  const { db, config } = services
  await writeContact(services, target, (row) => deleteRow(db, target.ownerId, row, target.author, trashBound(config)))
}
