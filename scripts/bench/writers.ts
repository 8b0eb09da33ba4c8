import type { DatabaseSync } from 'node:sqlite'
import { contentOfFields } from '../../src/contacts/content.ts'
import { createRow } from '../../src/contacts/store.ts'
import type { Person } from './population.ts'

/** A contact that a writer asked for. */
interface Written {
  /** Its last name, unique. */
  readonly name: string
  readonly idempotencyKey: string | undefined
  id: number | undefined
  /** The note that the service last acknowledged; undefined until the contact itself is acknowledged. */
  note: string | undefined
  /** Notes that were sent since then and not answered: each may be stored or not. */
  unanswered: string[]
  deleted: 'no' | 'perhaps' | 'yes'
}

/** An account that a writer asked for. */
interface Account {
  readonly email: string
  isAcknowledged: boolean
}

/** How often each status was answered; 0 where the connection broke. */
export type Statuses = Map<number, number>

/** Reads and writes without a pause, and remembers what was acknowledged. Nobody else writes its contacts. */
export class Writer {
  readonly contacts: Written[] = []
  readonly accounts: Account[] = []
  readonly statuses: Statuses = new Map()
  readonly #person: Person
  readonly #name: string
  #made = 0

  /** @param name unlike every other writer's, of letters and digits */
  constructor(person: Person, name: string) {
    this.#person = person
    this.#name = name
  }

  /** Runs random actions until `stop` aborts or, with `untilBroken`, until the service is gone. */
  async run(url: string, actions: readonly Action[], stop: AbortSignal, untilBroken: boolean): Promise<void> {
    while (!stop.aborted) {
      const action = actions[Math.floor(Math.random() * actions.length)]
      const status = action ? await this[action](url) : 0
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      if (status === 0 && untilBroken) return
      // Waits as a client does that reads Retry-After, only shorter.
      if (status === 429) await new Promise((done) => setTimeout(done, 20))
    }
  }

  async create(url: string): Promise<number> {
    const name = `${this.#name}n${++this.#made}`
    const contact: Written = {
      name,
      idempotencyKey: Math.random() < 0.5 ? `key-${name}` : undefined,
      id: undefined,
      note: undefined,
      unanswered: ['v0'],
      deleted: 'no',
    }
    this.contacts.push(contact)
    return this.#create(url, contact)
  }

  /** Sends a contact again under its key: the service must add it once. */
  async repeat(url: string): Promise<number> {
    const contact = this.contacts.findLast((one) => one.idempotencyKey !== undefined && one.deleted === 'no')
    return contact ? this.#create(url, contact) : this.list(url)
  }

  async #create(url: string, contact: Written): Promise<number> {
    const body = { first_name: 'Writer', last_name: contact.name, additional: 'v0', birthday: '--02-29' }
    const key = contact.idempotencyKey
    const headers = key === undefined ? {} : { 'Idempotency-Key': key }
    const { status, json } = await this.#send(url, 'POST', '/api/contacts', body, headers)
    if (status === 201) {
      contact.id = (json as { id: number }).id
      contact.note ??= 'v0'
    }
    return status
  }

  async update(url: string): Promise<number> {
    const contact = this.#any()
    if (!contact) return this.create(url)
    const note = `v${++this.#made}`
    contact.unanswered.push(note)
    const { status } = await this.#send(url, 'PATCH', `/api/contacts/${contact.id}`, { additional: note })
    if (status === 200) {
      contact.note = note
      contact.unanswered = []
    } else if (status !== 0 && status < 500) contact.unanswered.pop()
    return status
  }

  async remove(url: string): Promise<number> {
    const contact = this.#any()
    if (!contact) return this.create(url)
    const { status } = await this.#send(url, 'DELETE', `/api/contacts/${contact.id}`)
    if (status === 204) contact.deleted = 'yes'
    else if (status === 0 || status >= 500) contact.deleted = 'perhaps'
    return status
  }

  async signUp(url: string): Promise<number> {
    const email = `${this.#name}a${++this.#made}@example.com`
    const account: Account = { email, isAcknowledged: false }
    this.accounts.push(account)
    const body = { username: 'writer', email, password: 'nine quiet owls at dusk' }
    const { status } = await this.#send(url, 'POST', '/api/auth/signup', body)
    account.isAcknowledged = status === 201
    return status
  }

  async list(url: string): Promise<number> {
    const sort = ['name', 'created', 'updated', 'birthday'][Math.floor(Math.random() * 4)]
    return (await this.#send(url, 'GET', `/api/contacts?sort=${sort}`)).status
  }

  search = async (url: string): Promise<number> =>
    (await this.#send(url, 'GET', `/api/contacts?q=${encodeURIComponent('ол')}`)).status

  birthdays = async (url: string): Promise<number> => (await this.#send(url, 'GET', '/api/contacts/birthdays')).status

  me = async (url: string): Promise<number> => (await this.#send(url, 'GET', '/api/users/me')).status

  /** Reads one of its contacts. @throws Error when it is not as it was acknowledged */
  async read(url: string): Promise<number> {
    const contact = this.#any()
    if (!contact) return this.me(url)
    const { status, json } = await this.#send(url, 'GET', `/api/contacts/${contact.id}`)
    const note = status === 200 ? (json as { additional: string }).additional : undefined
    if (status === 404 || (note !== undefined && note !== contact.note && !contact.unanswered.includes(note))) {
      throw new Error(`${contact.name} was read as ${note ?? status}, and is ${contact.note}.`)
    }
    return status
  }

  /** Picks a contact that must be there. */
  #any(): Written | undefined {
    const candidates = this.contacts.filter(({ id, deleted }) => id !== undefined && deleted === 'no')
    return candidates[Math.floor(Math.random() * candidates.length)]
  }

  /** Status 0 where nobody answered. */
  async #send(url: string, method: string, path: string, body?: object, headers = {}) {
    const type = body ? { 'Content-Type': 'application/json' } : {}
    const answer = await fetch(url + path, {
      ...{ method, headers: { Authorization: `Bearer ${this.#person.accessToken}`, ...type, ...headers } },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined)
    const text = await answer?.text().catch(() => undefined)
    if (answer === undefined || text === undefined) return { status: 0, json: undefined }
    return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) }
  }
}

/** What a writer may do. */
export type Action = Exclude<
  { [K in keyof Writer]: Writer[K] extends (url: string) => Promise<number> ? K : never }[keyof Writer],
  undefined
>

/** Compares a database with what writers remember, and lists what is wrong. */
export function findFaults(sqlite: DatabaseSync, writers: readonly Writer[]): string[] {
  const faults: string[] = []
  const rows = sqlite.prepare(`SELECT * FROM contacts WHERE first_name = 'Writer'`).all()
  const byName = Map.groupBy(rows, (row) => String(row.last_name))
  for (const contact of writers.flatMap(({ contacts }) => contacts)) {
    const stored = byName.get(contact.name) ?? []
    byName.delete(contact.name)
    const [row] = stored
    if (stored.length > 1) faults.push(`${contact.name} is there ${stored.length} times.`)
    if (contact.deleted === 'yes' && row) faults.push(`${contact.name} was deleted, and is there.`)
    if (contact.deleted === 'no' && contact.note !== undefined && !row) faults.push(`${contact.name} is lost.`)
    const possible = [...contact.unanswered, contact.note]
    if (row && !possible.includes(String(row.additional))) {
      faults.push(`${contact.name} is ${row.additional}, and was acknowledged as ${contact.note}.`)
    }
    if (row) faults.push(...keyFaults(row))
  }
  for (const name of byName.keys()) faults.push(`${name} is there, and nobody asked for it.`)
  for (const { email, isAcknowledged } of writers.flatMap(({ accounts }) => accounts)) {
    const counts = Object.values(sqlite.prepare(countsOfAccount).get(email) ?? {}).join(' ')
    if (counts !== '1 1 1 1' && (isAcknowledged || counts !== '0 0 0 0')) {
      faults.push(`${email} has accounts, links, letters, and letters addressed to it: ${counts}.`)
    }
  }
  const orphans = sqlite.prepare('SELECT count(*) AS n FROM idempotency_keys WHERE contact_id IS NULL').get()
  if (orphans?.n !== 0) faults.push(`${orphans?.n} idempotency keys belong to no contact.`)
  for (const pragma of ['integrity_check', 'foreign_key_check']) {
    const answer = JSON.stringify(sqlite.prepare(`PRAGMA ${pragma}`).all())
    if (answer !== '[]' && answer !== '[{"integrity_check":"ok"}]') faults.push(`${pragma}: ${answer}`)
  }
  return faults
}

const countsOfAccount = `SELECT (SELECT count(*) FROM users WHERE email = ?1) AS accounts,
  (SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.email = ?1) AS links,
  (SELECT count(*) FROM outbox JOIN users ON users.id = outbox.user_id WHERE users.email = ?1) AS letters,
  (SELECT count(*) FROM outbox WHERE recipient = ?1) AS addressed`

/** Compares the search keys of a row with those of its own fields: a row is written whole or not at all. */
function keyFaults(row: Readonly<Record<string, unknown>>): string[] {
  const { search_key, name_key, birthday_key } = createRow(0, contentOfFields(row as never), 'uk')
  const isWhole = row.search_key === search_key && row.name_key === name_key && row.birthday_key === birthday_key
  return isWhole ? [] : [`${row.last_name} is not found by what it holds.`]
}

/** Sums up the statuses of all writers. */
export function countStatuses(writers: readonly Writer[]): Statuses {
  const sum: Statuses = new Map()
  for (const [status, count] of writers.flatMap(({ statuses }) => [...statuses])) {
    sum.set(status, (sum.get(status) ?? 0) + count)
  }
  return new Map([...sum].toSorted(([one], [other]) => one - other))
}
