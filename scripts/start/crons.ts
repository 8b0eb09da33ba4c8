import { readFileSync } from 'node:fs'
import { StartError } from './fault.ts'

/** The cron expressions of wrangler.toml. */
export function readCrons(): string[] {
  const [, list = ''] = readFileSync('wrangler.toml', 'utf8').match(/^crons\s*=\s*\[([^\]]*)\]/m) ?? []
  const crons = [...list.matchAll(/"([^"]*)"/g)].map(([, cron = '']) => cron)
  for (const cron of crons) isDue(cron, new Date()) // one that cannot be read is said now, not in a minute
  return crons
}

/** `wrangler dev` fires no crons: this calls each when it is due, on the minute. Returns what stops it. */
export function startClock(url: string, crons: readonly string[]): () => void {
  let timer: NodeJS.Timeout
  const tick = () => {
    const now = new Date()
    for (const cron of crons) if (isDue(cron, now)) void fire(url, cron)
    wait()
  }
  // A moment past the minute, so that a timer that is early does not fall short of it.
  const wait = () => {
    timer = setTimeout(tick, 60_050 - (Date.now() % 60_000))
  }
  wait()
  return () => clearTimeout(timer)
}

async function fire(url: string, cron: string): Promise<void> {
  try {
    const answer = await fetch(`${url}/cdn-cgi/local/scheduled?${new URLSearchParams({ cron })}`)
    if (!answer.ok) console.error(`The job of the cron "${cron}" failed; wrangler says why above.`)
  } catch {
    // wrangler is just rebuilding, or ending. The next minute comes.
  }
}

/**
 * Whether a cron expression names the minute of `at`, in UTC as Cloudflare has it: `*`, numbers, ranges, lists and
 * steps, with Sunday as day 1 of the week.
 * @throws StartError for what it cannot read, such as names of months, L or W
 */
export function isDue(cron: string, at: Date): boolean {
  const now = [
    { value: at.getUTCMinutes(), least: 0 },
    { value: at.getUTCHours(), least: 0 },
    { value: at.getUTCDate(), least: 1 },
    { value: at.getUTCMonth() + 1, least: 1 },
    { value: at.getUTCDay() + 1, least: 1 },
  ]
  const unreadable = () =>
    new StartError(`npm start cannot read the cron "${cron}" of wrangler.toml (scripts/start/crons.ts).`)
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== now.length) throw unreadable()
  const fits = now.map(({ value, least }, n) =>
    (fields[n] ?? '').split(',').some((part) => {
      const match = part.match(/^(?:\*|(\d+)(?:-(\d+))?)(?:\/([1-9]\d*))?$/)
      if (!match) throw unreadable()
      const [, from, to, step] = match
      const first = Number(from ?? least)
      const isOne = from !== undefined && to === undefined && step === undefined
      const last = isOne ? first : Number(to ?? Infinity)
      return value >= first && value <= last && (value - first) % Number(step ?? 1) === 0
    }),
  )
  return fits.every(Boolean)
}
