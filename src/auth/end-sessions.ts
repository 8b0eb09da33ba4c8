import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'
import { endSessions } from './session-store.ts'

/** Which sessions of a user to end: one, or all but one. */
export type SessionSelection = { readonly only: number } | { readonly allBut: number }

/** Ends sessions of a user, and returns how many. Their tokens are refused from the next request on. */
export function endUserSessions(
  { db, gate }: Services,
  user: { readonly id: number; readonly revision: number },
  selection: SessionSelection,
  client: Client,
): Promise<number> {
  const event = { kind: 'session-ended' as const, ...client }
  return writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
    endSessions(db, user.id, selection, revision, event),
  )
}
