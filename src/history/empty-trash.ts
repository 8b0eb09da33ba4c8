import { type Client, recordAuditEvent } from '../audit/store.ts'
import { emptyTrash } from '../books/trash-store.ts'
import type { Services } from '../platform/ports.ts'
import { notInTrash } from './restore.ts'
import { ofContact } from './trash-store.ts'

/**
 * Permanently deletes a contact in the trash.
 * @throws Problem 404 if it is not in the trash
 */
export async function removeFromTrash({ db }: Services, ownerId: number, id: number): Promise<void> {
  if ((await emptyTrash(db, ownerId, ofContact(id))) === 0) throw notInTrash()
}

/** Permanently deletes everything in an owner's trash. */
export async function emptyWholeTrash({ db }: Services, ownerId: number, client: Client): Promise<void> {
  const count = await emptyTrash(db, ownerId)
  if (count > 0) await recordAuditEvent(db, ownerId, { kind: 'trash-emptied', ...client, detail: String(count) })
}
