import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'
import { emailKey } from '../users/table.ts'
import { promoteToAdmin } from './store.ts'

/** Makes an account an admin if its confirmed address is `ADMIN_EMAIL`. */
export async function promoteConfiguredAdmin(
  { db, config, gate }: Services,
  { id, email }: { readonly id: number; readonly email: string },
  client: Client,
): Promise<void> {
  if (!config.ADMIN_EMAIL || emailKey(config.ADMIN_EMAIL) !== emailKey(email)) return
  await writeAtNewRevision(gate(`user:${id}`), 0, (revision) => promoteToAdmin(db, id, email, revision, client))
}
