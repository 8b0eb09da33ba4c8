import { defaultLimits } from '../../src/config.ts'
import type { PolicyName } from '../../src/platform/config/configuration.ts'
import { type Metered, maxDatabaseGb, type Price, prices, subscription, turso } from './prices.ts'

/** What people are taken to do. Change it, and run `npm run cost`. */
export const assumptions = {
  /** Of all accounts, used on a day. */
  activeShare: 0.2,
  /** On a day on which somebody uses it. */
  activeDay: {
    pages: 12,
    searches: 4,
    birthdays: 2,
    others: 2,
    added: 0.5,
    changed: 0.5,
    logins: 0.2,
    refreshes: 3,
    pictures: 0.02,
  },
  /** Reads of a day that find no copy in the isolate, and of those, that find none in KV. */
  coldReads: 3,
  copiesWritten: 1,
  /** New accounts of a day, for each that there is. */
  newShare: 0.001,
  /** Letters of a month besides those that confirm a signup, for each account: resets, notices. */
  lettersPerUser: 0.05,
  contactsPerUser: 100,
  bytesPerContact: 1000,
  bytesPerUser: 4000,
  /** Of all accounts, have a picture of themselves or of a contact, and how large one is. */
  pictureShare: 0.1,
  bytesPerPicture: 60_000,
  /** Objects that stay: one for the account, one for its e-mail; SQLite takes 12 KB for an empty one. */
  objectsPerUser: 2,
  bytesPerObject: 16_000,
  cpuMsPerRequest: 5,
  gateMs: 10,
  hashMs: 150,
  bytesPerLogLine: 1000,
}

/** What one request does: calls to gates, D1's rows, and KV. */
export interface Operation {
  readonly gateCalls: number
  readonly rowsRead: number
  readonly rowsWritten: number
}

/** By D1's own count, with a book of 100; `test/cost.test.ts` measures them. */
export const operations = {
  signup: { gateCalls: 2, rowsRead: 24, rowsWritten: 21 },
  confirm: { gateCalls: 2, rowsRead: 12, rowsWritten: 5 },
  login: { gateCalls: 2, rowsRead: 21, rowsWritten: 9 },
  refresh: { gateCalls: 1, rowsRead: 5, rowsWritten: 2 },
  cold: { gateCalls: 1, rowsRead: 3, rowsWritten: 0 },
  page: { gateCalls: 1, rowsRead: 21, rowsWritten: 0 },
  search: { gateCalls: 1, rowsRead: 221, rowsWritten: 0 },
  birthdays: { gateCalls: 1, rowsRead: 2, rowsWritten: 0 },
  other: { gateCalls: 1, rowsRead: 1, rowsWritten: 0 },
  add: { gateCalls: 1, rowsRead: 13, rowsWritten: 7 },
  change: { gateCalls: 1, rowsRead: 3, rowsWritten: 5 },
  minute: { gateCalls: 0, rowsRead: 3, rowsWritten: 0 },
  hour: { gateCalls: 0, rowsRead: 13, rowsWritten: 0 },
} as const satisfies Record<string, Operation>

/** A gate writes a window once for each block of places that it reserves. */
const windows = (policy: PolicyName) => 1 / Math.max(1, Math.floor(defaultLimits[policy].quota / 16))

/** Rows that gates write, read off src/platform/gate/gate.ts: windows, and an alarm, a known address or a revision. */
const gateRows = {
  read: windows('contacts-read'),
  add: windows('contacts-create'),
  change: windows('contacts-write'),
  refresh: windows('refresh'),
  picture: windows('avatar') + windows('avatar-day'),
  login: windows('login') + 2 + 3 * 2 + 2,
  signup: windows('signup') + 2 + 1,
  confirm: windows('confirm') + 2 + 1,
}

const days = 30
const cronsPerDay = 24 * 60 + 24
const gb = 1e9

export type Usage = Readonly<Record<Metered, number>>

/** What so many accounts use: of requests, rows, calls and letters in a day; what is stored, in all. */
export function usageOf(users: number): Usage {
  const a = assumptions
  const d = a.activeDay
  const active = users * a.activeShare
  const fresh = users * a.newShare
  const reads = d.pages + d.searches + d.birthdays + d.others
  const times: Readonly<Record<keyof typeof operations, number>> = {
    signup: fresh,
    confirm: fresh,
    login: active * d.logins + fresh,
    refresh: active * d.refreshes,
    cold: 0,
    page: active * d.pages,
    search: active * d.searches,
    birthdays: active * d.birthdays,
    other: active * d.others,
    add: active * d.added,
    change: active * (d.changed + d.pictures),
    minute: 24 * 60,
    hour: 24,
  }
  const total = (pick: (operation: Operation) => number) =>
    Object.entries(times).reduce((sum, [name, n]) => sum + n * pick(operations[name as keyof typeof operations]), 0)
  const requests =
    active * (reads + d.added + d.changed + d.logins + d.refreshes + d.pictures) + fresh * 3 + cronsPerDay
  const gateCalls = total(({ gateCalls }) => gateCalls)
  const hashes = times.login + fresh
  const objectGb = 0.128
  return {
    requests,
    cpuMs: requests * a.cpuMsPerRequest,
    gateCalls,
    gateGbSeconds: ((gateCalls * a.gateMs + hashes * a.hashMs) / 1000) * objectGb,
    gateRowsWritten:
      active *
        (reads * gateRows.read +
          d.added * gateRows.add +
          d.changed * gateRows.change +
          d.refreshes * gateRows.refresh +
          d.logins * gateRows.login +
          d.pictures * gateRows.picture) +
      fresh * (gateRows.signup + gateRows.confirm + gateRows.login),
    gateGb: (users * a.objectsPerUser * a.bytesPerObject) / gb,
    // A cold read reads the account and its sessions besides.
    rowsRead: total(({ rowsRead }) => rowsRead) + active * a.copiesWritten * operations.cold.rowsRead,
    rowsWritten: total(({ rowsWritten }) => rowsWritten),
    databaseGb: (users * (a.contactsPerUser * a.bytesPerContact + a.bytesPerUser)) / gb,
    kvReads: active * (a.coldReads + d.pictures),
    kvWrites: active * (a.copiesWritten + d.pictures),
    kvGb: (users * a.pictureShare * a.bytesPerPicture) / gb,
    logGb: (requests * a.bytesPerLogLine) / gb,
    letters: fresh + (users * a.lettersPerUser) / days,
  }
}

/** How the figures of {@link usageOf} come about, for U accounts: what is done in a day, what is stored in all. */
export function arithmetic(): Readonly<Record<Metered, string>> {
  const a = assumptions
  const d = a.activeDay
  const o = operations
  const g = gateRows
  const active = `${a.activeShare} × U`
  const fresh = `${a.newShare} × U`
  const reads = d.pages + d.searches + d.birthdays + d.others
  const changes = round(d.changed + d.pictures)
  const requests = round(reads + d.added + d.changed + d.logins + d.refreshes + d.pictures)
  const calls = `${active} × (${round(reads + d.added + changes + d.refreshes)} + ${d.logins} × 2) + ${fresh} × 6`
  const allRequests = `${active} × ${requests} + ${fresh} × 3 + ${cronsPerDay}`
  return {
    requests: allRequests,
    cpuMs: `(${allRequests}) × ${a.cpuMsPerRequest}`,
    gateCalls: calls,
    gateGbSeconds: `((${calls}) × ${a.gateMs} + (${active} × ${d.logins} + ${fresh} × 2) × ${a.hashMs}) ÷ 1000 × 0.128`,
    gateRowsWritten:
      `${active} × (${reads} ÷ ${Math.round(1 / g.read)} + ${d.added} + ${d.changed} + ${d.refreshes} + ${d.logins} × ${g.login} + ` +
      `${d.pictures} × ${g.picture}) + ${fresh} × (${g.signup} + ${g.confirm} + ${g.login})`,
    gateGb: `U × ${a.objectsPerUser} × ${a.bytesPerObject} ÷ ${gb}`,
    rowsRead:
      `${active} × (${d.pages} × ${o.page.rowsRead} + ${d.searches} × ${o.search.rowsRead} + ${d.birthdays} × ${o.birthdays.rowsRead} + ` +
      `${d.others} × ${o.other.rowsRead} + ${d.added} × ${o.add.rowsRead} + ${changes} × ${o.change.rowsRead} + ${d.refreshes} × ${o.refresh.rowsRead} + ` +
      `${d.logins} × ${o.login.rowsRead} + ${a.copiesWritten} × ${o.cold.rowsRead}) + ` +
      `${fresh} × (${o.signup.rowsRead} + ${o.confirm.rowsRead} + ${o.login.rowsRead}) + 1440 × ${o.minute.rowsRead} + 24 × ${o.hour.rowsRead}`,
    rowsWritten:
      `${active} × (${d.added} × ${o.add.rowsWritten} + ${changes} × ${o.change.rowsWritten} + ${d.refreshes} × ${o.refresh.rowsWritten} + ` +
      `${d.logins} × ${o.login.rowsWritten}) + ${fresh} × (${o.signup.rowsWritten} + ${o.confirm.rowsWritten} + ${o.login.rowsWritten})`,
    databaseGb: `U × (${a.contactsPerUser} × ${a.bytesPerContact} + ${a.bytesPerUser}) ÷ ${gb}`,
    kvReads: `${active} × (${a.coldReads} + ${d.pictures})`,
    kvWrites: `${active} × (${a.copiesWritten} + ${d.pictures})`,
    kvGb: `U × ${a.pictureShare} × ${a.bytesPerPicture} ÷ ${gb}`,
    logGb: `(${allRequests}) × ${a.bytesPerLogLine} ÷ ${gb}`,
    letters: `${fresh} + U × ${a.lettersPerUser} ÷ ${days}`,
  }
}

/** Sums of decimal fractions without what binary makes of them. */
const round = (value: number): number => Number(value.toFixed(6))

/** Whether a price is for what lies there rather than for what is done. */
export const isStored = (metered: Metered): boolean => ['gateGb', 'databaseGb', 'kvGb'].includes(metered)

/**
 * A month's use of the paid plan, and its price in dollars: what is begun counts whole, as on Cloudflare's own
 * examples.
 */
export function billOf(metered: Metered, users: number): { used: number; dollars: number } {
  const price: Price = prices[metered]
  const used = usageOf(users)[metered] * (isStored(metered) ? 1 : days)
  return { used, dollars: Math.ceil(round(Math.max(0, used - price.included) / price.per)) * price.dollars }
}

/** A month of the paid plan, in dollars; with Turso's database where D1 cannot hold it. */
export function monthOf(users: number): { dollars: number; onTurso: boolean } {
  const onTurso = usageOf(users).databaseGb > maxDatabaseGb
  const all = Object.keys(prices) as Metered[]
  const metered = all.filter((one) => !(onTurso && ['rowsRead', 'rowsWritten', 'databaseGb'].includes(one)))
  const cloudflare = metered.reduce((sum, one) => sum + billOf(one, users).dollars, subscription)
  return { dollars: cloudflare + (onTurso ? tursoOf(users) : 0), onTurso }
}

/**
 * A month of Turso, in dollars: what it holds, and what is written (at the price of D1's, which is Turso's smaller
 * plans').
 */
export function tursoOf(users: number): number {
  const { databaseGb } = usageOf(users)
  const written = billOf('rowsWritten', users).used
  const more = Math.max(0, Math.ceil(databaseGb - turso.includedGb)) * turso.dollarsPerGb
  return turso.dollars + more + Math.ceil(Math.max(0, written - turso.rowsWritten) / 1e6)
}

/** How many accounts use up the free plan's quota of a day. */
export function freeUsers(metered: Metered): number {
  const { free } = prices[metered]
  let [few, many] = [0, 1e9]
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2)
    if (usageOf(middle)[metered] > free) many = middle
    else few = middle
  }
  return few
}
