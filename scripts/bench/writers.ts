import type { Person } from './population.ts'

/** A contact that a writer asked for. */
export interface Written {
  /** Its last name, unique. */
  readonly name: string
  readonly idempotencyKey: string | undefined
  id: number | undefined
  /** The note that the service last acknowledged; undefined until the contact itself is acknowledged. */
  note: string | undefined
  /** Notes that were sent since then and not acknowledged: each may be stored or not. */
  unanswered: string[]
  deleted: 'no' | 'perhaps' | 'yes'
}

/** An atomic batch without a response: all of it was done, or nothing. */
interface UnansweredBatch {
  readonly added: readonly Written[]
  readonly changed: Written
  readonly note: string
  readonly gone: Written
}

/** How often each status was answered; 0 counts broken connections. */
export type Statuses = Map<number, number>

/** What a writer can do. */
export type Action = 'create' | 'batch' | 'repeat' | 'update' | 'remove' | 'signUp' | 'read' | keyof typeof reads

const reads = {
  list: () => `/api/contacts?sort=${random(['name', 'created', 'updated', 'birthday'])}`,
  search: () => `/api/contacts?q=${encodeURIComponent('ол')}`,
  birthdays: () => '/api/contacts/birthdays',
  me: () => '/api/users/me',
}

const random = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(Math.random() * items.length)]

/** Whether a request may have been carried out although it was not acknowledged. */
const isUncertain = (status: number): boolean => status === 0 || status >= 500

const fieldsOf = (last_name: string) => ({
  ...{ first_name: 'Writer', last_name },
  ...{ additional: 'v0', birthday: '--02-29' },
})

/** Reads and writes without a pause, and remembers what was acknowledged. Nobody else writes its contacts. */
export class Writer {
  readonly contacts: Written[] = []
  readonly accounts: { readonly email: string; isAcknowledged: boolean }[] = []
  readonly batches: UnansweredBatch[] = []
  readonly statuses: Statuses = new Map()
  readonly #person: Person
  readonly #name: string
  #made = 0
  #url = ''

  /** @param name unique among writers, letters and digits */
  constructor(person: Person, name: string) {
    this.#person = person
    this.#name = name
  }

  /** Runs random actions until `stop` aborts or, with `untilBroken`, until the service is gone. */
  async run(url: string, actions: readonly Action[], stop: AbortSignal, untilBroken: boolean): Promise<void> {
    this.#url = url
    while (!stop.aborted) {
      const action = random(actions) ?? 'me'
      const status = await (action in reads ? this.#get(action as keyof typeof reads) : this.#write(action))
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      if (status === 0 && untilBroken) return
      // Like a client that reads Retry-After, but with a shorter pause.
      if (status === 429) await new Promise((done) => setTimeout(done, 20))
    }
  }

  #write(action: Action): Promise<number> {
    if (action === 'signUp') return this.#signUp()
    if (action === 'repeat') return this.#repeat()
    const [contact, other] = [this.#any(), this.#any()]
    if (!contact || action === 'create') return this.#create(this.#newContact(Math.random() < 0.5))
    if (action === 'update') return this.#update(contact)
    if (action === 'remove') return this.#remove(contact)
    if (action === 'read') return this.#read(contact)
    return other && other !== contact ? this.#batch(contact, other) : this.#update(contact)
  }

  #newContact(hasKey: boolean): Written {
    const name = `${this.#name}n${++this.#made}`
    const idempotencyKey = hasKey ? `key-${name}` : undefined
    const contact: Written = { name, idempotencyKey, id: undefined, note: undefined, unanswered: ['v0'], deleted: 'no' }
    this.contacts.push(contact)
    return contact
  }

  async #create(contact: Written): Promise<number> {
    const headers = contact.idempotencyKey === undefined ? {} : { 'Idempotency-Key': contact.idempotencyKey }
    const { status, json } = await this.#send('POST', '/api/contacts', fieldsOf(contact.name), headers)
    if (status === 201) {
      contact.id = (json as { id: number }).id
      contact.note ??= 'v0'
    }
    return status
  }

  /** Sends a contact again with its idempotency key: the service must add it only once. */
  #repeat(): Promise<number> {
    const contact = this.contacts.findLast((one) => one.idempotencyKey !== undefined && one.deleted === 'no')
    return contact ? this.#create(contact) : this.#get('list')
  }

  /** Adds two contacts, changes one and deletes another, by one request: all of it is done, or nothing. */
  async #batch(changed: Written, gone: Written): Promise<number> {
    const added = [this.#newContact(false), this.#newContact(false)]
    const note = `v${++this.#made}`
    changed.unanswered.push(note)
    const operations = [
      ...added.map(({ name }) => ({ create: fieldsOf(name) })),
      { update: { id: changed.id, patch: { additional: note } } },
      { delete: { id: gone.id } },
    ]
    const { status, json } = await this.#send('POST', '/api/contacts/batch?atomic=true', { operations })
    if (status === 200) {
      const { results } = json as { results: { contact?: { id: number } }[] }
      for (const [at, contact] of added.entries()) Object.assign(contact, { id: results[at]?.contact?.id, note: 'v0' })
      Object.assign(changed, { note, unanswered: [] })
      gone.deleted = 'yes'
    } else if (isUncertain(status)) {
      gone.deleted = 'perhaps'
      this.batches.push({ added, changed, note, gone })
    } else changed.unanswered.pop()
    return status
  }

  async #update(contact: Written): Promise<number> {
    const note = `v${++this.#made}`
    contact.unanswered.push(note)
    const { status } = await this.#send('PATCH', `/api/contacts/${contact.id}`, { additional: note })
    if (status === 200) Object.assign(contact, { note, unanswered: [] })
    else if (!isUncertain(status)) contact.unanswered.pop()
    return status
  }

  async #remove(contact: Written): Promise<number> {
    const { status } = await this.#send('DELETE', `/api/contacts/${contact.id}`)
    if (status === 204) contact.deleted = 'yes'
    else if (isUncertain(status)) contact.deleted = 'perhaps'
    return status
  }

  async #signUp(): Promise<number> {
    const account = { email: `${this.#name}a${++this.#made}@example.com`, isAcknowledged: false }
    this.accounts.push(account)
    const body = { username: 'writer', email: account.email, password: 'nine quiet owls at dusk' }
    const { status } = await this.#send('POST', '/api/auth/signup', body)
    account.isAcknowledged = status === 201
    return status
  }

  #get = async (read: keyof typeof reads): Promise<number> => (await this.#send('GET', reads[read]())).status

  /** Reads one of its contacts. @throws Error if it differs from what was acknowledged */
  async #read({ id, name, note, unanswered }: Written): Promise<number> {
    const { status, json } = await this.#send('GET', `/api/contacts/${id}`)
    const read = status === 200 ? (json as { additional: string }).additional : undefined
    if (status === 404 || (read !== undefined && read !== note && !unanswered.includes(read))) {
      throw new Error(`${name} was read as ${read ?? status}, and is ${note}.`)
    }
    return status
  }

  /** Picks a contact that must be there. */
  #any(): Written | undefined {
    return random(this.contacts.filter(({ id, deleted }) => id !== undefined && deleted === 'no'))
  }

  /** Sends a request; status 0 if there is no response. */
  async #send(method: string, path: string, body?: object, headers = {}) {
    const type = body ? { 'Content-Type': 'application/json' } : {}
    const answer = await fetch(this.#url + path, {
      ...{ method, headers: { Authorization: `Bearer ${this.#person.accessToken}`, ...type, ...headers } },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined)
    const text = await answer?.text().catch(() => undefined)
    if (answer === undefined || text === undefined) return { status: 0, json: undefined }
    return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) }
  }
}

/** Adds up the statuses of all writers, in order. */
export function countStatuses(writers: readonly Writer[]): Statuses {
  const sum: Statuses = new Map()
  for (const [status, count] of writers.flatMap(({ statuses }) => [...statuses])) {
    sum.set(status, (sum.get(status) ?? 0) + count)
  }
  return new Map([...sum].toSorted(([one], [other]) => one - other))
}
