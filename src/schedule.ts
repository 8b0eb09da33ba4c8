import { aliveNow } from './auth/session.ts'
import { forgetExpired, unconfirmedSeconds } from './auth/store.ts'
import { forgetKeys } from './contacts/creation.ts'
import { rekey } from './contacts/rekey.ts'
import { type Bindings, configuration } from './env.ts'
import { timestamp } from './platform/db/columns.ts'
import { connect } from './platform/db/database.ts'
import { sweepPictures } from './platform/images/discarded.ts'
import { remover } from './platform/images/store.ts'
import { forgetSent, mailerOf, sweep } from './platform/mail/outbox.ts'
import { bugOf } from './platform/told.ts'

/** Each cron expression of wrangler.toml, and its job. */
const jobs: Readonly<Record<string, (bindings: Bindings) => Promise<void>>> = {
  '* * * * *': async (bindings) => {
    const db = connect(bindings, (go) => go())
    const config = configuration(bindings)
    // Side by side, so that none waits for another's failure.
    const done = await Promise.allSettled([
      sweep(db, mailerOf(config)),
      sweepPictures(db, remover(bindings, config)),
      rekey(db, config.SORT_LOCALE),
    ])
    for (const one of done) if (one.status === 'rejected') throw one.reason
  },
  '17 * * * *': async (bindings) => {
    const db = connect(bindings, (go) => go())
    await forgetExpired(db, timestamp(Date.now() - unconfirmedSeconds * 1000), aliveNow(configuration(bindings)))
    await forgetSent(db)
    await forgetKeys(db)
  },
}

/** Runs the job of a cron expression. */
export async function runScheduled(cron: string, bindings: Bindings): Promise<void> {
  const job = jobs[cron]
  if (!job) throw new Error(`wrangler.toml names a cron that src/schedule.ts does not know: ${cron}`)
  try {
    await job(bindings)
  } catch (error) {
    // What a cron throws is logged whole, so it says no more than our own lines do.
    const { bug, stack } = bugOf(error)
    console.error(JSON.stringify({ level: 'error', cron, bug, stack }))
    throw new Error(`The job of ${cron} failed: ${bug}`)
  }
}
