import type { Services } from '../platform/ports.ts'
import { continueImport } from './continue-import.ts'
import { findAbandoned, findImport } from './import-store.ts'
import { continueUndo } from './undo-import.ts'

/** How many imports one run of the cron goes on with. */
const sweepSize = 3

/**
 * Goes on with imports and undos that no request has gone on with for a minute, after a crash or because the client
 * left. Cron calls it every minute. If one fails, the others go on all the same.
 * @throws the first error, after all imports
 */
export async function continueAbandoned(services: Services): Promise<void> {
  const { db } = services
  const outcomes: PromiseSettledResult<unknown>[] = []
  for (const { id, owner_id } of await findAbandoned(db, sweepSize)) {
    const row = await findImport(db, owner_id, id)
    if (!row) continue
    const step = row.state === 'undoing' ? continueUndo(services, row) : continueImport(services, row)
    outcomes.push(...(await Promise.allSettled([step])))
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
