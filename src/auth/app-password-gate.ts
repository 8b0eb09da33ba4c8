import { z } from 'zod'
import { type GateClient, limitAnswer } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import type { Limit } from '../platform/gate/window.ts'
import type { HashStatus, LiveHashes } from './hash-list.ts'
import type { CachedUser } from './store.ts'

/** What a user's gate answers to an app password. Where it does not list the hash, nothing has been counted. */
export interface AppAdmission extends Admission {
  readonly status: HashStatus
  /** Whether the password is used for the first time today. */
  readonly isFirstToday: boolean
}

const admission: z.ZodType<AppAdmission> = z.object({
  revision: z.int().nullable(),
  status: z.enum(['listed', 'unknown', 'unlisted']),
  isFirstToday: z.boolean(),
  ...limitAnswer,
  // None where the hash is not listed.
  standings: z.array(limitAnswer.standings.element),
})

/** Counts a request by an app password, if the gate lists its hash. @throws Problem 503 `gate-unavailable` */
export const enterWithHash = (gate: GateClient, limits: readonly Limit[], hash: string): Promise<AppAdmission> =>
  gate.call('enterWithHash', [limits, hash], admission, 'gate')

/** Lists to a gate the app passwords that the database has. @throws Problem 503 `gate-unavailable` */
export const listToGate = (gate: GateClient, copy: CachedUser): Promise<null> =>
  gate.call('listHashes', [liveHashes(copy)], z.null(), 'gate')

/** Has a gate drop every app password: its user is gone, and no id is given twice. */
export const dropAtGate = (gate: GateClient): Promise<null> =>
  gate.call('listHashes', [{ hashes: [], revision: Number.MAX_SAFE_INTEGER }], z.null(), 'gate')

/**
 * Announces the hash of an app password that is about to be written, and has the gate issue the revision for that; null
 * where the gate has too many. It also lists what the database has, so that what failed before goes.
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
