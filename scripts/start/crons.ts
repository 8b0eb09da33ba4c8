import { readFileSync } from 'node:fs'
import { Cron } from 'croner'
import { parse } from 'smol-toml'
import { CommandError } from '../command.ts'

/** Reads the cron expressions of wrangler.toml. @throws CommandError for an invalid one */
export function readCrons(): string[] {
  const { triggers } = parse(readFileSync('wrangler.toml', 'utf8')) as { triggers?: { crons?: string[] } }
  const crons = triggers?.crons ?? []
  for (const cron of crons) parseCron(cron)
  return crons
}

/** Parses a cron expression as Cloudflare does: in UTC, with Sunday as day 1 of the week. @throws CommandError */
export function parseCron(cron: string): Cron {
  try {
    return new Cron(cron, { timezone: 'UTC', mode: '5-part', alternativeWeekdays: true, domAndDow: true, paused: true })
  } catch (error) {
    throw new CommandError(`npm start cannot read the cron "${cron}" of wrangler.toml.`, { cause: error })
  }
}

/** Runs each job when it is due, which `wrangler dev` does not. Returns a function that stops it. */
export function startClock(url: string, crons: readonly string[]): () => void {
  const jobs = crons.map((cron) => {
    const job = parseCron(cron)
    job.schedule(() => void runJob(url, cron))
    job.resume()
    return job
  })
  return () => {
    for (const job of jobs) job.stop()
  }
}

async function runJob(url: string, cron: string): Promise<void> {
  // While wrangler rebuilds or ends, there is no answer; the job runs again at its next time.
  const answer = await fetch(`${url}/cdn-cgi/local/scheduled?${new URLSearchParams({ cron })}`).catch(() => undefined)
  if (answer?.ok === false) console.error(`The job of the cron "${cron}" failed; wrangler says why above.`)
}
