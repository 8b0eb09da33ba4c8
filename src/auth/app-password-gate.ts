import { z } from 'zod'
import { type GateClient, limitAnswer } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import type { Limit } from '../platform/gate/window.ts'
import type { HashStatus, LiveHashes } from './hash-list.ts'
import type { CachedUser } from './store.ts'

/** A user's gate's response to an app password. If the hash is not in its list, nothing was counted. */
export interface AppAdmission extends Admission {
  readonly status: HashStatus
  /** Whether this is the first use of the password today. */
  readonly isFirstToday: boolean
}

const admission: z.ZodType<AppAdmission> = z.object({
  revision: z.int().nullable(),
  status: z.enum(['listed', 'unknown', 'unlisted']),
  isFirstToday: z.boolean(),
  ...limitAnswer,
  // Empty if the hash is not in the list.
  standings: z.array(limitAnswer.standings.element),
})

/**
 * Counts a request with an app password, if its hash is in the gate's list.
 * @throws Problem 503 `gate-unavailable`
 */
export const enterWithHash = (gate: GateClient, limits: readonly Limit[], hash: string): Promise<AppAdmission> =>
  gate.call('enterWithHash', [limits, hash], admission, 'gate')

/**
 * Sends the hashes of a user's app passwords from the database to the gate.
 * @throws Problem 503 `gate-unavailable`
 */
export const listToGate = (gate: GateClient, copy: CachedUser): Promise<null> =>
  gate.call('listHashes', [liveHashes(copy)], z.null(), 'gate')

/**
 * Removes every app password from the gate of a deleted user; ids are never reused.
 * @throws Problem 503 `gate-unavailable`
 */
export const dropAtGate = (gate: GateClient): Promise<null> =>
  gate.call('listHashes', [{ hashes: [], revision: Number.MAX_SAFE_INTEGER }], z.null(), 'gate')

/**
 * Adds the hash of an app password to the gate's list before its row is written, and issues the revision for that
 * write. Null if the list is full. Also sends the hashes from the database, so that hashes of failed creations are
 * removed.
 * @throws Problem 503 `gate-unavailable`
 */
export const announceToGate = (
  gate: GateClient,
  copy: CachedUser,
  hash: string,
  currentRevision: number,
): Promise<number | null> =>
  gate.call('announceHash', [hash, currentRevision, liveHashes(copy)], z.int().gt(currentRevision).nullable(), 'gate')

const liveHashes = ({ account, appPasswords }: CachedUser): LiveHashes => ({
  hashes: appPasswords.map(({ hash }) => hash),
  revision: account.revision,
})
