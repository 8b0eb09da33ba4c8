import { DurableObject } from 'cloudflare:workers'
import { hashPassword, verifyPassword } from '../crypto/password.ts'
import { initialRevision, nextRevision } from './revision.ts'
import { createWindow, giveBack, type Limit, type LimitStatus, peek, type SlidingWindow, take } from './window.ts'

/** What a gate says to one who comes. */
export interface Admission {
  /** What the edge may remember of this user: null while the gate has never been told. */
  readonly revision: number | null
  readonly standings: LimitStatus[]
  /** The policies that have no place left; none was taken from any. */
  readonly violated: string[]
}

/** What a gate says to a password. */
export interface PasswordCheck {
  readonly standings: LimitStatus[]
  readonly violated: string[]
  readonly right: boolean
  /** A fresh hash, where the password is right but was hashed at a lower cost than today's. */
  readonly rehashed: string | null
}

/** A password to be verified, and where it comes from. */
export interface Attempt {
  readonly password: string
  /** The hash to verify against; null for an account that does not exist, which takes the same time. */
  readonly phc: string | null
  readonly address: string
  /** The account, if it may log in: only then is the address remembered when the password is right. */
  readonly accountId: number | null
  /** Failures of this e-mail from this address. */
  readonly perAddressLimit: Limit
  /** The same over a longer time, so that one address cannot use up the e-mail's own limit; not for a known address. */
  readonly perAddressHourlyLimit: Limit
  /** Failures of this e-mail from anywhere; does not bind an address that has logged in lately. */
  readonly perEmailLimit: Limit
}

/** How long an address that logged in stays free of the e-mail's own limit. */
const knownMs = 90 * 86_400_000

/** The longest window that can be configured (env.ts). */
const maxWindowMs = 7 * 86_400_000

interface SavedWindow {
  readonly stamps: Float64Array
  readonly open: number
}

/**
 * A gate: exact limits and, for a user, the revision of what the edge may remember. One a user (`user:{id}`), one an
 * anonymous address (`address:{ip}`), one an e-mail (`email:{HMAC}`). Strongly consistent, so a single call answers
 * both questions (docs/architecture.md).
 */
export class Gate extends DurableObject {
  readonly #ledgers = new Map<string, SlidingWindow>()
  #now = 0

  /** Counts a request against limits: it takes a place of each, or, where any is full, of none. */
  async enter(limits: readonly Limit[]): Promise<Admission> {
    const { standings, violated } = await this.#admit(limits)
    return { revision: this.ctx.storage.kv.get<number>('revision') ?? null, standings, violated }
  }

  /**
   * A revision higher than any before: issued before the change is written, so that no copy of the old state passes
   * again.
   */
  raise(currentRevision: number): number {
    const revision = nextRevision(this.ctx.storage.kv.get<number>('revision'), currentRevision)
    this.ctx.storage.kv.put('revision', revision)
    return revision
  }

  /** Takes a row's revision for its own, only while it has none; returns the one it has then. */
  adopt(revision: number): number {
    const own = this.ctx.storage.kv.get<number>('revision')
    const initial = initialRevision(own, revision)
    if (initial !== own) this.ctx.storage.kv.put('revision', initial)
    return initial
  }

  /**
   * Verifies a password, here, where it blocks nobody else: a place among the failures is reserved first, and given
   * back when the password is right. An address that logged in within 90 days is not bound by what strangers do to the
   * e-mail.
   */
  async attempt({
    password,
    phc,
    address,
    accountId,
    perAddressLimit,
    perAddressHourlyLimit,
    perEmailLimit,
  }: Attempt): Promise<PasswordCheck> {
    // By account: who signed up with somebody's address before them left nothing behind that counts.
    // And by the password's salt: who had the old one is not known by it once there is another.
    const knownKey = `known ${accountId} ${address} ${phc?.split('$')[3] ?? ''}`
    const seen = this.ctx.storage.kv.get<number>(knownKey)
    const trusted = seen !== undefined && seen > this.#time() - knownMs
    const places = [
      { limit: perAddressLimit, ledger: `${perAddressLimit.name} ${address}` },
      ...(trusted
        ? []
        : [
            { limit: perAddressHourlyLimit, ledger: `${perAddressHourlyLimit.name} ${address}` },
            { limit: perEmailLimit, ledger: perEmailLimit.name },
          ]),
    ]
    const { standings, violated, taken } = await this.#take(places)
    if (violated.length > 0) return { standings, violated, right: false, rehashed: null }
    const { right, outdated } = await verifyPassword(password, phc)
    if (right) {
      for (const { ledger, at } of taken) {
        giveBack(this.#ledger(ledger), at)
        this.#save(ledger)
      }
      if (accountId !== null) {
        this.ctx.storage.kv.put(knownKey, this.#time())
        await this.#eraseAfter(knownMs)
      }
      this.#tidy()
    }
    return { standings, violated, right, rehashed: right && outdated ? await hashPassword(password) : null }
  }

  /** Hashes a password here, for the same reason. */
  hash(password: string): Promise<string> {
    return hashPassword(password)
  }

  /** Says that it is there. */
  ping(): 'pong' {
    return 'pong'
  }

  /** Forgets itself once nothing it knows counts any more. A user's gate has no alarm: its revision must stay. */
  override async alarm(): Promise<void> {
    const until = this.ctx.storage.kv.get<number>('until') ?? 0
    if (until > Date.now()) return this.ctx.storage.setAlarm(until)
    this.#ledgers.clear()
    await this.ctx.storage.deleteAll()
  }

  #admit(limits: readonly Limit[]) {
    return this.#take(limits.map((limit) => ({ limit, ledger: limit.name })))
  }

  async #take(places: readonly { limit: Limit; ledger: string }[]) {
    const now = this.#time()
    const looks = places.map(({ limit, ledger }) => ({ limit, ledger, ...peek(this.#ledger(ledger), limit, now) }))
    const violated = looks.filter(({ free }) => !free).map(({ limit }) => limit.name)
    const taken =
      violated.length > 0
        ? []
        : looks.map(({ limit, ledger }) => ({ ledger, at: take(this.#ledger(ledger), limit, now) }))
    const standings = places.map(({ limit, ledger }) => peek(this.#ledger(ledger), limit, now).standing)
    for (const { ledger } of places) {
      this.#save(ledger)
      // A flood from ever new addresses must not fill the memory.
      if (this.#ledger(ledger).stamps.length === 0) this.#ledgers.delete(ledger)
    }
    if (this.ctx.id.name?.startsWith('user:') === false) {
      await this.#eraseAfter(Math.max(0, ...places.map(({ limit }) => limit.windowSeconds * 1000)))
    }
    return { standings, violated, taken }
  }

  #ledger(name: string): SlidingWindow {
    let ledger = this.#ledgers.get(name)
    if (!ledger) {
      ledger = createWindow(this.ctx.storage.kv.get<SavedWindow>(`window ${name}`), this.#time())
      this.#ledgers.set(name, ledger)
    }
    return ledger
  }

  /**
   * Drops what no longer counts: the failures of addresses long gone, and addresses that have not logged in for 90
   * days.
   */
  #tidy(): void {
    const { kv } = this.ctx.storage
    for (const [key, { stamps }] of kv.list<SavedWindow>({ prefix: 'window ' })) {
      if ((stamps.at(-1) ?? 0) < this.#time() - maxWindowMs) {
        kv.delete(key)
        this.#ledgers.delete(key.slice('window '.length))
      }
    }
    for (const [key, at] of kv.list<number>({ prefix: 'known ' })) if (at < this.#time() - knownMs) kv.delete(key)
  }

  // The write is not awaited: the platform holds the answer back until it is on disk (output gates).
  #save(name: string): void {
    const ledger = this.#ledger(name)
    if (!ledger.unsaved) return
    this.ctx.storage.kv.put(`window ${name}`, { stamps: Float64Array.from(ledger.stamps), open: ledger.reserved })
    ledger.unsaved = false
  }

  // Rarely moved: an alarm that comes early looks again.
  async #eraseAfter(ms: number): Promise<void> {
    const until = this.ctx.storage.kv.get<number>('until')
    const wanted = this.#time() + ms
    if (until !== undefined && until >= wanted) return
    // Twice the span, so that a busy address writes this once in a while and not on each request.
    this.ctx.storage.kv.put('until', wanted + ms)
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(wanted + ms)
  }

  #time(): number {
    this.#now = Math.max(this.#now, Date.now())
    return this.#now
  }
}
