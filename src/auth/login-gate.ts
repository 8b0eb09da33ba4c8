import { z } from 'zod'
import { type GateClient, limitAnswer } from '../platform/gate/client.ts'
import { Gate as PlatformGate } from '../platform/gate/gate.ts'
import { raiseRevision, readRevision } from '../platform/gate/revision.ts'
import type { Limit, LimitStatus } from '../platform/gate/window.ts'
import type { AppAdmission } from './app-password-gate.ts'
import { dayOf, type LiveHashes } from './hash-list.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'
import { StoredHashes } from './stored-hashes.ts'

/** What a gate answers to a password. */
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

/** The gate as it is deployed: it guards logins and app passwords, too. */
export class Gate extends PlatformGate {
  readonly #hashes = new StoredHashes(this.ctx.storage)

  /**
   * Verifies a password, here, where it blocks nobody else: a place among the failures is reserved first, and given
   * back when the password is right. An address that logged in within 90 days is not bound by what strangers do to the
   * e-mail.
   */
  async attempt({ password, phc, address, accountId, ...limits }: Attempt): Promise<PasswordCheck> {
    const { perAddressLimit, perAddressHourlyLimit, perEmailLimit } = limits
    const { kv } = this.ctx.storage
    // By account: who signed up with somebody's address before them left nothing behind that counts.
    // And by the password's salt: who had the old one is not known by it once there is another.
    const knownKey = `known ${accountId} ${address} ${phc?.split('$')[3] ?? ''}`
    const knownSince = kv.get<number>(knownKey)
    const isKnown = knownSince !== undefined && knownSince > this.state.time() - knownMs
    const { standings, violated, taken } = await this.state.take([
      { limit: perAddressLimit, window: `${perAddressLimit.name} ${address}` },
      ...(isKnown
        ? []
        : [
            { limit: perAddressHourlyLimit, window: `${perAddressHourlyLimit.name} ${address}` },
            { limit: perEmailLimit, window: perEmailLimit.name },
          ]),
    ])
    if (violated.length > 0) return { standings, violated, right: false, rehashed: null }
    const { right, outdated } = await verifyPassword(password, phc)
    if (right) {
      this.state.limiter.giveBack(taken)
      if (accountId !== null) {
        kv.put(knownKey, this.state.time())
        await this.state.eraseAfter(knownMs)
      }
      this.#deleteOld()
    }
    return { standings, violated, right, rehashed: right && outdated ? await hashPassword(password) : null }
  }

  /** Hashes a password here, for the same reason. */
  hash(password: string): Promise<string> {
    return hashPassword(password)
  }

  /**
   * Counts a request by an app password, if this user's gate lists its hash: so that nobody who makes passwords up uses
   * up the user's limits.
   */
  async enterWithHash(limits: readonly Limit[], hash: string): Promise<AppAdmission> {
    const now = this.state.time()
    const status = this.#hashes.status(hash, now)
    if (status !== 'listed') {
      const revision = readRevision(this.ctx.storage) ?? null
      return { revision, standings: [], violated: [], status, isFirstToday: false }
    }
    const admission = await this.enter(limits)
    const isFirstToday = admission.violated.length === 0 && this.#hashes.use(hash, dayOf(now))
    return { ...admission, status, isFirstToday }
  }

  /** Takes over which app passwords the database had at one moment. */
  listHashes(live: LiveHashes): null {
    this.#hashes.list(live, this.state.time())
    return null
  }

  /**
   * Adds the hash of an app password that is about to be written, and issues the revision for that, in one: so that no
   * password is ever written that the gate does not list. Null where there are too many.
   */
  announceHash(hash: string, currentRevision: number, live: LiveHashes): number | null {
    this.#hashes.list(live, this.state.time())
    const revision = raiseRevision(this.ctx.storage, currentRevision)
    return this.#hashes.announce(hash, revision) ? revision : null
  }

  /** Deletes the failures of addresses long gone, and addresses that have not logged in for 90 days. */
  #deleteOld(): void {
    const { kv } = this.ctx.storage
    this.state.limiter.deleteOld()
    for (const [key, at] of kv.list<number>({ prefix: 'known ' })) if (at < this.state.time() - knownMs) kv.delete(key)
  }
}

const phc = z.string().startsWith('$scrypt$')
const checkAnswer = z.object({ right: z.boolean(), rehashed: phc.nullable(), ...limitAnswer })

/** Has an e-mail's gate verify a password. @throws Problem 503 `gate-unavailable` */
export const verifyAtGate = (gate: GateClient, attempt: Attempt): Promise<PasswordCheck> =>
  gate.call('attempt', [attempt], checkAnswer, 'hash')

/** Has a gate hash a password. @throws Problem 503 `gate-unavailable` */
export const hashAtGate = (gate: GateClient, password: string): Promise<string> =>
  gate.call('hash', [password], phc, 'hash')
