/** What Cloudflare gives and takes, in US dollars, as its documentation had it on the day of {@link pricesRead}. */
export const pricesRead = '2026-11-21'

/** What a plan includes, and what more of it costs. The free plan's is a day's, and more of it is refused. */
export interface Price {
  readonly what: string
  /** A month's, or for `GB` what lies there. */
  readonly included: number
  /** For each `per` more that is begun. */
  readonly dollars: number
  readonly per: number
  /** The free plan's quota of a day, or for `GB` in all. */
  readonly free: number
  readonly source: string
}

export const subscription = 5

const million = 1_000_000
const workers = 'https://developers.cloudflare.com/workers/platform/pricing/'
const objects = 'https://developers.cloudflare.com/durable-objects/platform/pricing/'
const d1 = 'https://developers.cloudflare.com/d1/platform/pricing/'
const kv = 'https://developers.cloudflare.com/kv/platform/pricing/'
const observability = 'https://developers.cloudflare.com/observability/pricing/'
const none = Number.POSITIVE_INFINITY

export const prices = {
  requests: {
    what: 'Workers: requests',
    included: 10 * million,
    dollars: 0.3,
    per: million,
    free: 100_000,
    source: workers,
  },
  // The free plan bounds each invocation (10 ms), not their sum.
  cpuMs: { what: 'Workers: CPU, ms', included: 30 * million, dollars: 0.02, per: million, free: none, source: workers },
  gateCalls: {
    what: 'Durable Objects: requests',
    included: million,
    dollars: 0.15,
    per: million,
    free: 100_000,
    source: objects,
  },
  gateGbSeconds: {
    what: 'Durable Objects: duration, GB-s',
    included: 400_000,
    dollars: 12.5,
    per: million,
    free: 13_000,
    source: objects,
  },
  gateRowsWritten: {
    what: 'Durable Objects: rows written',
    included: 50 * million,
    dollars: 1,
    per: million,
    free: 100_000,
    source: objects,
  },
  gateGb: { what: 'Durable Objects: stored, GB', included: 5, dollars: 0.2, per: 1, free: 5, source: objects },
  rowsRead: {
    what: 'D1: rows read',
    included: 25_000 * million,
    dollars: 0.001,
    per: million,
    free: 5 * million,
    source: d1,
  },
  rowsWritten: {
    what: 'D1: rows written',
    included: 50 * million,
    dollars: 1,
    per: million,
    free: 100_000,
    source: d1,
  },
  databaseGb: { what: 'D1: stored, GB', included: 5, dollars: 0.75, per: 1, free: 0.5, source: d1 },
  kvReads: { what: 'KV: reads', included: 10 * million, dollars: 0.5, per: million, free: 100_000, source: kv },
  kvWrites: { what: 'KV: writes', included: million, dollars: 5, per: million, free: 1000, source: kv },
  kvGb: { what: 'KV: stored, GB', included: 1, dollars: 0.5, per: 1, free: 1, source: kv },
  logGb: { what: 'Logs: ingested, GB', included: 50, dollars: 0.25, per: 1, free: 0.5, source: observability },
  // Not Cloudflare's: its own e-mail service takes no letters from a Worker's SMTP. Amazon SES (Essentials), as an
  // example of many.
  letters: {
    what: 'Letters (SES)',
    included: 0,
    dollars: 0.16,
    per: 1000,
    free: none,
    source: 'https://aws.amazon.com/ses/pricing/',
  },
} as const satisfies Record<string, Price>

export type Metered = keyof typeof prices

/** One D1 database holds so much: on the paid plan, and on the free one. */
export const maxDatabaseGb = 10

/** Turso's plan for a database that D1 does not hold, as https://turso.tech/pricing had it in June 2026. */
export const turso = { plan: 'Scaler', dollars: 24.92, includedGb: 24, dollarsPerGb: 0.5, rowsWritten: 100 * million }
