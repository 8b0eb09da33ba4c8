import type { Configuration } from '../platform/config/configuration.ts'
import type { Services } from '../platform/ports.ts'
import { deleteRow } from './deletion-store.ts'
import { type ContactTarget, writeContact } from './write.ts'

/** Of how many deletions one looks whether the trash holds more than it may: that reads the whole trash. */
const trimEvery = 64

/**
 * How many contacts the trash may hold after a deletion; undefined where this one does not look. It is left to chance:
 * nobody can delete in such an order that none looks.
 */
export const trashBound = ({ MAX_TRASH }: Configuration): number | undefined =>
  Math.random() * trimEvery < 1 ? MAX_TRASH : undefined

/**
 * Moves a contact to the trash, where it stays for 30 days.
 * @throws Problem 404, 409 `busy`, 412
 */
export async function removeContact(services: Services, target: ContactTarget): Promise<void> {
  const { db, config } = services
  await writeContact(services, target, (row) => deleteRow(db, target.ownerId, row, target.author, trashBound(config)))
}
