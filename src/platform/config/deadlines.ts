import { table } from './kinds.ts'

/**
 * How long a request waits for each part, in milliseconds. Then it continues without that part, or is answered with
 * 503.
 */
const defaultDeadlines = {
  gate: 1000,
  // A hash waits for other hashes of the same e-mail, each about 150 ms.
  hash: 5000,
  cache: 300,
  database: 5000,
}
const maxDeadlineMs = 60_000

/** `database=8s,cache=500ms` over the defaults. */
const deadlines = table<number>(defaultDeadlines, (entry) => {
  const [, name = '', number, unit] = entry.match(/^([a-z]+)=([1-9]\d{0,5})(ms|s)$/) ?? []
  const ms = Number(number) * (unit === 's' ? 1000 : 1)
  if (name === '') return { fault: 'is not of the form database=8s or cache=500ms' }
  if (!Object.hasOwn(defaultDeadlines, name)) {
    return { fault: `names no part; there are ${Object.keys(defaultDeadlines).join(', ')}` }
  }
  return ms > maxDeadlineMs ? { fault: 'is longer than 60s' } : { name, value: ms }
})

export const deadlineVariables = { DEADLINES: deadlines }

declare module './configuration.ts' {
  interface Configuration {
    readonly DEADLINES: Readonly<Record<keyof typeof defaultDeadlines, number>>
  }
}
