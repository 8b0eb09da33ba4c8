import { sessionCutoffs } from './auth/session.ts'
import { deleteExpired, unconfirmedSeconds } from './auth/store.ts'
import { queueDigests } from './birthdays/queue-digests.ts'
import { sweepTrash } from './books/trash-store.ts'
import { configuration } from './config.ts'
import { deleteOldKeys } from './contacts/creation-store.ts'
import { updateSearchKeys } from './contacts/search/key-store.ts'
import { isPictureShown } from './history/pictures-store.ts'
import type { Bindings } from './platform/bindings.ts'
import type { Configuration } from './platform/config/configuration.ts'
import { timestamp } from './platform/db/columns.ts'
import { connect } from './platform/db/connect.ts'
import type { Database } from './platform/db/database.ts'
import { gateOf } from './platform/gate/client.ts'
import { createMailer, deleteOldLetters, sendDueLetters } from './platform/mail/outbox-store.ts'
import { deleteDuePictures } from './platform/pictures/deletion-store.ts'
import { createPictureDeleter } from './platform/pictures/store.ts'
import type { Services } from './platform/ports.ts'
import { errorForLog } from './platform/safe-errors.ts'
import { continueAbandoned } from './transfer/continue-abandoned.ts'
import { sweepImports } from './transfer/import-store.ts'

/** Makes the services of a job, in which work after the response runs at once. */
const servicesOf = (bindings: Bindings, config: Configuration, db: Database): Services => ({
  ...{ config, db, kv: bindings.CACHE },
  gate: (name) => gateOf(bindings, name),
  afterResponse: (work) => {
    work().catch((error: unknown) => console.error(JSON.stringify({ level: 'error', ...errorForLog(error) })))
  },
})

/** Each cron expression of wrangler.toml, and its job. */
const jobs: Readonly<Record<string, (bindings: Bindings) => Promise<void>>> = {
  '* * * * *': async (bindings) => {
    const db = connect(bindings, configuration(bindings))
    const config = configuration(bindings)
    // In parallel, so that a failure of one does not affect the others.
    const done = await Promise.allSettled([
      sendDueLetters(db, createMailer(config)),
      deleteDuePictures(db, createPictureDeleter(bindings.CACHE, config), (picture) => isPictureShown(db, picture)),
      updateSearchKeys(db, config.SORT_LOCALE),
      continueAbandoned(servicesOf(bindings, config, db)),
      queueDigests({ db, config }),
    ])
    for (const one of done) if (one.status === 'rejected') throw one.reason
  },
  '17 * * * *': async (bindings) => {
    const db = connect(bindings, configuration(bindings))
    await deleteExpired(db, timestamp(Date.now() - unconfirmedSeconds * 1000), sessionCutoffs(configuration(bindings)))
    await deleteOldLetters(db)
    await deleteOldKeys(db)
    await sweepTrash(db)
    await sweepImports(db)
  },
}

/** Runs the job of a cron expression. */
export async function runScheduled(cron: string, bindings: Bindings): Promise<void> {
  const job = jobs[cron]
  if (!job) throw new Error(`wrangler.toml names a cron that src/schedule.ts does not know: ${cron}`)
  try {
    await job(bindings)
  } catch (error) {
    // The platform logs the whole error that a cron job throws, so throw only what our own log line contains.
    const { bug, stack } = errorForLog(error)
    console.error(JSON.stringify({ level: 'error', cron, bug, stack }))
    throw new Error(`The job of ${cron} failed: ${bug}`)
  }
}
