import type { Services } from '../platform/ports.ts'
import { continueImport } from './continue-import.ts'
import { takeAbandoned } from './import-store.ts'
import { continueUndo } from './undo-import.ts'

/**
 * Goes on with an import or an undo that no request has gone on with for a minute, after a crash or because the client
 * left: with the one that has waited longest. Cron calls it every minute, so that each has its turn even if one of them
 * always fails. One a run, because it takes as many queries as a request may run.
 * @throws Problem as {@link continueImport} and {@link continueUndo} do
 */
export async function continueAbandoned(services: Services): Promise<void> {
  const row = await takeAbandoned(services.db)
  if (!row) return
  await (row.state === 'undoing' ? continueUndo(services, row) : continueImport(services, row))
}
