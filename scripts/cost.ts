/**
 * `npm run cost`: what the service costs for so many accounts, as docs/operations.md shows it; `-- --write` writes it
 * there.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { arithmetic, assumptions, billOf, freeUsers, monthOf, operations, tursoOf, usageOf } from './cost/model.ts'
import { type Metered, type Price, prices, pricesRead, subscription, turso } from './cost/prices.ts'

const document = 'docs/operations.md'
const sizes = [100, 10_000, 1_000_000]
const metered = Object.keys(prices) as Metered[]

const number = (value: number): string =>
  value >= 1e9
    ? `${short(value / 1e9)} bn`
    : value >= 1e6
      ? `${short(value / 1e6)} M`
      : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
const short = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
const dollars = (value: number): string => `$${value.toFixed(2)}`
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const requestNames: Readonly<Record<keyof typeof operations, string>> = {
  signup: 'Signing up, with its letter',
  confirm: 'Confirming an address',
  login: 'Logging in',
  refresh: 'Refreshing',
  cold: 'Besides, a read that finds no copy (a read of KV and a write)',
  page: 'A page of 20 contacts',
  search: 'A search',
  birthdays: 'Birthdays of a week',
  other: 'One contact',
  add: 'Adding a contact',
  change: 'Changing a contact',
  minute: 'The minute’s cron, with nothing due',
  hour: 'The hour’s cron, with nothing due',
}

/** The tables, in Markdown. */
export function tables(): string {
  const a = assumptions
  const d = a.activeDay
  const users = sizes.map((size) => `${size.toLocaleString('en')} accounts`)
  const perDay = ({ free }: Price) => (Number.isFinite(free) ? number(free) : '–')
  const paid = metered.map((one) => {
    const { what, included, dollars: price, per }: Price = prices[one]
    const bills = sizes.map((size) => billOf(one, size))
    return row([
      what,
      included > 0 ? number(included) : '–',
      `$${price} / ${per === 1 ? 'GB' : number(per)}`,
      ...bills.map(({ used, dollars: cost }) => (cost > 0 ? `${number(used)}: ${dollars(cost)}` : number(used))),
    ])
  })
  const months = sizes.map((size) => ({ size, ...monthOf(size) }))
  const free = metered
    .filter((one) => Number.isFinite(prices[one].free))
    .map((one) => ({ one, at: freeUsers(one) }))
    .sort((first, second) => first.at - second.at)
    .map(({ one, at }) =>
      row([prices[one].what, perDay(prices[one]), ...sizes.map((size) => number(usageOf(size)[one])), number(at)]),
    )
  const requests = Object.entries(operations).map(([name, { gateCalls, rowsRead, rowsWritten }]) =>
    row([
      requestNames[name as keyof typeof operations],
      name === 'cold' ? '–' : `${gateCalls}`,
      `${rowsRead}`,
      `${rowsWritten}`,
    ]),
  )
  return [
    `What one request does in a book of ${a.contactsPerUser}, by D1’s own count (\`test/cost.test.ts\`). D1 counts a row for the table and one for each index that it`,
    'stands in; an `Idempotency-Key` writes 4 more.',
    '',
    row(['Request', 'Calls to Durable Objects', 'Rows read', 'Rows written']),
    row(['---', '---:', '---:', '---:']),
    ...requests,
    '',
    'Besides, a gate writes its count as it reserves places, and each such write is a row: one for ⌊N/16⌋ requests of a policy of N, so',
    'one for 7 reads (N = 120), and one for each contact added (N = 2). Gates have no timer that keeps them awake: they are billed while they answer.',
    '',
    `Of all accounts, ${a.activeShare * 100} % use it on a day; such a day has ${d.pages} pages of contacts, ${d.searches} searches, ${d.birthdays} looks at birthdays,`,
    `${d.others} other reads, ${d.added} contacts added and ${d.changed} changed, ${d.refreshes} refreshes, ${d.logins} logins and ${d.pictures} pictures; ${a.coldReads} of the reads find no copy in memory,`,
    `and ${a.copiesWritten} copy is written. On a day ${a.newShare * 1000} account is new for each 1,000 that there are. Each account has ${a.contactsPerUser} contacts of ${number(a.bytesPerContact)} bytes (indexes`,
    `included), ${number(a.bytesPerUser)} bytes besides, ${a.objectsPerUser} Durable Objects of ${number(a.bytesPerObject)} bytes, and ${a.pictureShare} pictures of ${number(a.bytesPerPicture)} bytes in KV. A request computes for ${a.cpuMsPerRequest} ms, a gate is`,
    `awake for ${a.gateMs} ms (${a.hashMs} ms where it hashes), and a request's log has ${number(a.bytesPerLogLine)} bytes.`,
    '',
    'The arithmetic, for U accounts: what is done in a day, and what is stored in all.',
    '',
    ...Object.entries(arithmetic()).map(([one, formula]) => `- ${prices[one as Metered].what}: ${formula}`),
    '',
    `**The paid plan**, a month of 30 days: what is used, and what that costs beyond what is included. Prices as read on ${pricesRead}.`,
    '',
    row(['', 'Included', 'More', ...users]),
    row(['---', '---:', '---:', ...sizes.map(() => '---:')]),
    row(['Subscription', '', '', ...sizes.map(() => dollars(subscription))]),
    ...paid,
    row([
      '**A month**',
      '',
      '',
      ...months.map(({ dollars: sum, onTurso }) => `**${dollars(sum)}**${onTurso ? ' on Turso' : ''}`),
    ]),
    '',
    ...months
      .filter(({ onTurso }) => onTurso)
      .map(
        ({ size }) =>
          `${size.toLocaleString('en')} accounts have ${number(usageOf(size).databaseGb)} GB, which no D1 database holds: there, Turso's ${turso.plan} (${dollars(turso.dollars)} with ${turso.includedGb} GB and ${number(turso.rowsWritten)} rows written, more at $${turso.dollarsPerGb} / GB) takes the place of D1's three lines, for ${dollars(tursoOf(size))}.`,
      ),
    '',
    '**The free plan** costs nothing and refuses what is beyond its quotas: a day’s use (what is stored, in all), and how many accounts use a quota up.',
    '',
    row(['', 'Quota', ...users, 'Used up by']),
    row(['---', '---:', ...sizes.map(() => '---:'), '---:']),
    ...free,
  ]
    .join('\n')
    .trim()
}

/** The document with these tables in it. */
export function written(text: string): string {
  const found = text.match(/(<!-- cost:begin -->\n).*?(\n<!-- cost:end -->)/s)
  if (!found) throw new Error(`${document} has no place for the tables.`)
  return text.replace(found[0], () => `${found[1]}\n${tables()}\n${found[2]}`)
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    writeFileSync(document, written(readFileSync(document, 'utf8')))
    console.log(`${document} is written anew: read what changed.`)
  } else console.log(tables())
}
