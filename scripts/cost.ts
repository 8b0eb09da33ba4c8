/** `npm run cost`: writes what a deployment costs, by number of accounts, into docs/operations.md. */
import { table as markdown } from './bench/figures.ts'
import { writeBetweenMarks } from './marks.ts'

export const contactsPerUser = 100
const active = 0.2 // of all accounts, on a day
const fresh = 0.001 // new accounts on a day, of all
const [k, M, none] = [1000, 1e6, Number.POSITIVE_INFINITY]

/** How often an account does something on a day, and what Cloudflare bills for it (test/cost.test.ts measures that). */
const operation = (perDay: number, gateCalls: number, rowsRead: number, rowsWritten: number, gateRows: number) => ({
  ...{ perDay, gateCalls, rowsRead, rowsWritten, gateRows },
})

export const operations = {
  signup: operation(fresh, 2, 36, 24, 4),
  confirm: operation(fresh, 2, 16, 5, 4),
  login: operation(active * 0.2 + fresh, 2, 27, 9, 11),
  refresh: operation(active * 3, 1, 5, 2, 1),
  cold: operation(active, 1, 3, 0, 0), // In addition, if the account is not cached.
  page: operation(active * 12, 1, 21, 0, 1 / 7), // A gate of 120 requests writes a row for every 7.
  search: operation(active * 4, 1, 221, 0, 1 / 7),
  birthdays: operation(active * 2, 1, 2, 0, 1 / 7),
  other: operation(active * 2, 1, 2, 0, 1 / 7),
  add: operation(active * 0.5, 1, 20, 7, 1),
  change: operation(active * 0.52, 1, 18, 6, 1),
  minute: operation(0, 0, 8, 0, 0),
  hour: operation(0, 0, 44, 0, 0),
}

const sum = (of: 'gateCalls' | 'rowsRead' | 'rowsWritten' | 'gateRows') =>
  Object.values(operations).reduce((total, one) => total + one.perDay * one[of], 0)
const requestsPerDay = Object.values(operations).reduce((total, { perDay }) => total + perDay, -active)
const requests = (users: number) => users * requestsPerDay + 24 * 61
const gateCalls = sum('gateCalls') - active
const gateSeconds = (gateCalls * 10 + (operations.login.perDay + fresh) * 150) / 1000
const cronRows = 24 * (60 * operations.minute.rowsRead + operations.hour.rowsRead)
const d1Gb = (users: number) => users * (contactsPerUser * 1e-6 + 4e-6)

/** What is billed, its use on a day (GB: in all), the included quota, the price of `per` more, and the free quota. */
type Price = readonly [string, (users: number) => number, included: number, dollars: number, per: number, free: number]
const prices: readonly Price[] = [
  ['Workers: requests', requests, 10 * M, 0.3, M, 100 * k],
  ['Workers: CPU, ms', (u) => requests(u) * 5, 30 * M, 0.02, M, none],
  ['Durable Objects: requests', (u) => u * gateCalls, M, 0.15, M, 100 * k],
  ['Durable Objects: duration, GB-s', (u) => u * gateSeconds * 0.128, 400 * k, 12.5, M, 13 * k],
  ['Durable Objects: rows written', (u) => u * sum('gateRows'), 50 * M, 1, M, 100 * k],
  ['Durable Objects: stored, GB', (u) => u * 2 * 16e-6, 5, 0.2, 1, 5],
  ['D1: rows read', (u) => u * sum('rowsRead') + cronRows, 25_000 * M, 0.001, M, 5 * M],
  ['D1: rows written', (u) => u * sum('rowsWritten'), 50 * M, 1, M, 100 * k],
  ['D1: stored, GB', d1Gb, 5, 0.75, 1, 0.5],
  ['KV: reads', (u) => u * active * 3.02, 10 * M, 0.5, M, 100 * k],
  ['KV: writes', (u) => u * active * 1.02, M, 5, M, k],
  ['KV: stored, GB', (u) => u * 0.1 * 60e-6, 1, 0.5, 1, 1],
  ['Logs: ingested, GB', (u) => requests(u) * 1e-6, 50, 0.25, 1, 0.5],
  ['Letters (SES)', (u) => u * (fresh + 0.05 / 30), 0, 0.16, k, none],
]
/** Turso's plan Scaler: 24.92 dollars with 24 GB and 100 million rows written, then 0.5 a GB and 1 a million rows. */
const turso = (users: number) =>
  24.92 +
  Math.max(0, Math.ceil(d1Gb(users) - 24)) * 0.5 +
  Math.ceil(Math.max(0, users * sum('rowsWritten') * 30 - 100 * M) / M)

const month = ([what, use]: Price, users: number) => use(users) * (what.endsWith('stored, GB') ? 1 : 30)
const bill = (price: Price, users: number) =>
  Math.ceil(Number((Math.max(0, month(price, users) - price[2]) / price[4]).toFixed(6))) * price[3]

/** The bill for a month; above 10 GB, which is D1's limit, the database is at Turso. */
export function monthlyBill(users: number): { dollars: number; onTurso: boolean } {
  const onTurso = d1Gb(users) > 10
  const billed = prices.filter(([what]) => !(onTurso && what.startsWith('D1')))
  const subscription = 5 + (onTurso ? turso(users) : 0)
  return { dollars: billed.reduce((total, price) => total + bill(price, users), subscription), onTurso }
}

function figure(value: number): string {
  if (value < M) return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
  const maximumFractionDigits = value % 1e9 < 100 * M ? 1 : 0
  return value.toLocaleString('en', { notation: 'compact', maximumFractionDigits })
}

/** The table, in Markdown. */
export function table(sizes = [100, 10_000, 1_000_000]): string {
  const lines = prices.map((price) => {
    const [what, use, included, dollars, per, free] = price
    const accounts = Math.floor((free - use(0)) / (use(1) - use(0)))
    const quota = free === none ? ['–', '–'] : [figure(free), figure(accounts)]
    const cells = sizes.map((users) => {
      const extra = bill(price, users)
      return figure(month(price, users)) + (extra > 0 ? `: $${extra.toFixed(2)}` : '')
    })
    return [what, ...quota, figure(included), `$${dollars} / ${per === 1 ? 'GB' : figure(per)}`, ...cells]
  })
  const bills = sizes.map(monthlyBill).map((one) => `**$${one.dollars.toFixed(2)}**${one.onTurso ? ' on Turso' : ''}`)
  const sized = sizes.map((users) => `${users.toLocaleString('en')} accounts`)
  const heads = ['', 'Free plan, a day', 'Used up by accounts', 'Paid plan includes', 'More', ...sized]
  return markdown(heads, [...lines, ['**A month**, with the subscription of $5', '', '', '', '', ...bills]], '---:')
}

if (import.meta.main) writeBetweenMarks('docs/operations.md', 'cost', table())
