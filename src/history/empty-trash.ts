import { type Client, recordAuditEvent } from '../audit/store.ts'
import { emptyTrash } from '../books/trash-store.ts'
import type { Services } from '../platform/ports.ts'
import { notInTrash } from './restore.ts'
import { ofContact } from './trash-store.ts'

/**
 * Deletes a contact in the trash for good.
 * @throws Problem 404 where it is not there
 */
export async function removeFromTrash({ db }: Services, ownerId: number, id: number): Promise<void> {
  if ((await emptyTrash(db, ownerId, ofContact(id))) === 0) throw notInTrash()
}

/** Deletes for good all that is in an owner's trash. */
export async function emptyWholeTrash({ db }: Services, ownerId: number, client: Client): Promise<void> {
  const count = await emptyTrash(db, ownerId)
  if (count > 0) await recordAuditEvent(db, ownerId, { kind: 'trash-emptied', ...client, detail: String(count) })
}
