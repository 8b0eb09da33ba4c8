import { isStaleRevision } from '../db/errors.ts'
import { Problem } from '../http/problem.ts'
import type { GateClient } from './client.ts'

/** How often a change is tried again after another one came between. */
const attempts = 5

/**
 * Changes what caches hold of a user: gets a higher revision from the gate first, then writes the change **and** that
 * revision in one batch. Once the gate has issued it, no older copy is used anywhere. No call follows the write, so
 * none can be lost. If another change came between, a trigger aborts the batch, and it is tried again.
 * @param currentRevision the revision that was last read from the row
 * @throws Problem 503 `gate-unavailable` if no revision was issued: then nothing is written
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
  throw new Problem(409, 'busy', 'This is being changed elsewhere right now: try again.')
}
