import { isStaleRevision } from '../db/errors.ts'
import { Problem } from '../http/problem.ts'
import type { GateClient } from './client.ts'

/** How often a change that another one overtook is tried again. */
const attempts = 5

/**
 * Changes what the edge remembers of a user: takes a higher revision from the gate first, then writes the change
 * **and** that revision in one batch. From the moment the gate has issued it, no older copy passes anywhere; no call
 * follows the write, so none can be lost. A trigger aborts the batch of whoever was overtaken, and it is tried again.
 * @param currentRevision the revision that was last read from the row
 * @throws Problem 503 `gate-unavailable` when no revision could be had: nothing is written then
 */
export async function writeAtNewRevision<T>(
  gate: Pick<GateClient, 'raise'>,
  currentRevision: number,
  write: (revision: number) => Promise<T>,
): Promise<T> {
  let floor = currentRevision
  for (let attempt = 0; attempt < attempts; attempt++) {
    const revision = await gate.raise(floor)
    try {
      return await write(revision)
    } catch (error) {
      if (!isStaleRevision(error)) throw error
      floor = revision
    }
  }
  throw new Problem(409, 'busy', 'This is being changed elsewhere at this very moment: try again.')
}
