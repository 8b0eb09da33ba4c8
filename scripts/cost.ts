/** `npm run cost`: writes into docs/operations.md what so many accounts cost, from these figures and those prices. */
import { writeBetweenMarks } from './marks.ts'

export const contactsPerUser = 100

const active = 0.2 // of all accounts, on a day
const fresh = 0.001 // new accounts on a day, of all
const figures = ['perDay', 'gateCalls', 'rowsRead', 'rowsWritten', 'gateRows'] as const
type Figure = (typeof figures)[number]

/**
 * How often an account does something on a day, and what that is billed as. `test/cost.test.ts` measures what it is
 * billed as.
 */
const operation = (...numbers: readonly number[]) =>
  Object.fromEntries(figures.map((figure, at) => [figure, numbers[at] ?? 0])) as Record<Figure, number>

export const operations = {
  signup: operation(fresh, 2, 36, 24, 4),
  confirm: operation(fresh, 2, 16, 5, 4),
  login: operation(active * 0.2 + fresh, 2, 27, 9, 11),
  refresh: operation(active * 3, 1, 5, 2, 1),
  cold: operation(active, 1, 3, 0, 0), // besides, a read whose account is not cached
  page: operation(active * 12, 1, 21, 0, 1 / 7), // a gate of 120 writes one row for 7 reads
  search: operation(active * 4, 1, 221, 0, 1 / 7),
  birthdays: operation(active * 2, 1, 2, 0, 1 / 7),
  other: operation(active * 2, 1, 2, 0, 1 / 7),
  add: operation(active * 0.5, 1, 20, 7, 1),
  change: operation(active * 0.52, 1, 18, 6, 1),
  minute: operation(0, 0, 4, 0, 0),
  hour: operation(0, 0, 31, 0, 0),
}

const sum = (of: Figure) => Object.values(operations).reduce((total, one) => total + one.perDay * one[of], 0)
const requestsPerDay = Object.values(operations).reduce((total, { perDay }) => total + perDay, -operations.cold.perDay)
const requests = (users: number) => users * requestsPerDay + 24 * 60 + 24
const gateCalls = sum('gateCalls') - operations.cold.perDay
/** Seconds on a day that an account's gates are awake. */
const awake = (gateCalls * 10 + (operations.login.perDay + fresh) * 150) / 1000

/**
 * What is billed, what so many accounts use of it on a day (of GB: in all), what is included, `$ per` for more, the
 * free quota.
 */
type Price = readonly [string, (users: number) => number, included: number, dollars: number, per: number, free: number]
const [k, M, none] = [1000, 1e6, Number.POSITIVE_INFINITY]
const prices: readonly Price[] = [
  ['Workers: requests', requests, 10 * M, 0.3, M, 100 * k],
  ['Workers: CPU, ms', (u) => requests(u) * 5, 30 * M, 0.02, M, none],
  ['Durable Objects: requests', (u) => u * gateCalls, M, 0.15, M, 100 * k],
  ['Durable Objects: duration, GB-s', (u) => u * awake * 0.128, 400 * k, 12.5, M, 13 * k],
  ['Durable Objects: rows written', (u) => u * sum('gateRows'), 50 * M, 1, M, 100 * k],
  ['Durable Objects: stored, GB', (u) => u * 2 * 16e-6, 5, 0.2, 1, 5],
  [
    'D1: rows read',
    (u) => u * sum('rowsRead') + 24 * (60 * operations.minute.rowsRead + operations.hour.rowsRead),
    25_000 * M,
    0.001,
    M,
    5 * M,
  ],
  ['D1: rows written', (u) => u * sum('rowsWritten'), 50 * M, 1, M, 100 * k],
  ['D1: stored, GB', (u) => u * (contactsPerUser * 1e-6 + 4e-6), 5, 0.75, 1, 0.5],
  ['KV: reads', (u) => u * active * 3.02, 10 * M, 0.5, M, 100 * k],
  ['KV: writes', (u) => u * active * 1.02, M, 5, M, k],
  ['KV: stored, GB', (u) => u * 0.1 * 60e-6, 1, 0.5, 1, 1],
  ['Logs: ingested, GB', (u) => requests(u) * 1e-6, 50, 0.25, 1, 0.5],
  ['Letters (SES)', (u) => u * (fresh + 0.05 / 30), 0, 0.16, k, none],
]
const maxD1 = 10 // GB
const turso = { dollars: 24.92, gb: 24, perGb: 0.5, rowsWritten: 100 * M }

const month = ([what, use]: Price, users: number) => use(users) * (what.endsWith('stored, GB') ? 1 : 30)
const bill = (price: Price, users: number) =>
  Math.ceil(Number((Math.max(0, month(price, users) - price[2]) / price[4]).toFixed(6))) * price[3]
const compact = (value: number) =>
  Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: value % 1e9 < 100 * M ? 1 : 0 }).format(value)
const figure = (value: number) =>
  value >= M ? compact(value) : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })

/** What a month of so many accounts costs; D1's lines count only where D1 holds the database. */
export function monthlyBill(users: number): { dollars: number; onTurso: boolean } {
  const gb = prices.find(([what]) => what === 'D1: stored, GB')?.[1](users) ?? 0
  const onTurso = gb > maxD1
  const billed = prices.filter(([what]) => !(onTurso && what.startsWith('D1')))
  const more = Math.max(0, Math.ceil(gb - turso.gb)) * turso.perGb
  const writes = Math.ceil(Math.max(0, users * sum('rowsWritten') * 30 - turso.rowsWritten) / M)
  const cloudflare = billed.reduce((total, price) => total + bill(price, users), 5)
  return { dollars: cloudflare + (onTurso ? turso.dollars + more + writes : 0), onTurso }
}

/** The table, in Markdown. */
export function table(sizes = [100, 10_000, 1_000_000]): string {
  const sized = sizes.map((users) => `${users.toLocaleString('en')} accounts`)
  const heads = ['', 'Free plan, a day', 'Used up by accounts', 'Paid plan includes', 'More', ...sized]
  const lines = prices.map((price) => {
    const [what, use, included, dollars, per, free] = price
    const cells = sizes.map((users) => {
      const extra = bill(price, users)
      return figure(month(price, users)) + (extra > 0 ? `: $${extra.toFixed(2)}` : '')
    })
    const accounts = figure(Math.floor((free - use(0)) / (use(1) - use(0))))
    const quota = free === none ? ['–', '–'] : [figure(free), accounts]
    return [what, ...quota, figure(included), `$${dollars} / ${per === 1 ? 'GB' : figure(per)}`, ...cells]
  })
  const bills = sizes
    .map(monthlyBill)
    .map(({ dollars, onTurso }) => `**$${dollars.toFixed(2)}**${onTurso ? ' on Turso' : ''}`)
  const total = ['**A month**, with the subscription of $5', '', '', '', '', ...bills]
  return [heads, ['---', ...heads.slice(1).map(() => '---:')], ...lines, total]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

if (import.meta.main) writeBetweenMarks('docs/operations.md', 'cost', table())
