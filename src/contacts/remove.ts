import type { Configuration } from '../platform/config/configuration.ts'
import type { Services } from '../platform/ports.ts'
import { deleteRow } from './deletion-store.ts'
import { type ContactTarget, writeContact } from './write.ts'

/** One of so many deletions checks the size of the trash, because that reads all of it. */
const trimEvery = 64

/**
 * How many contacts the trash may hold after some deletions; undefined if these do not check. Chance decides, so that
 * no order of requests avoids the check.
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
