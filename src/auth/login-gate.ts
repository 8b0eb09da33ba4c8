import { z } from 'zod'
import { type GateClient, limitAnswer } from '../platform/gate/client.ts'
import { Gate as PlatformGate } from '../platform/gate/gate.ts'
import { raiseRevision, readRevision } from '../platform/gate/revision.ts'
import type { Limit, LimitStatus } from '../platform/gate/window.ts'
import type { AppAdmission } from './app-password-gate.ts'
import { dayOf, type LiveHashes } from './hash-list.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'
import { StoredHashes } from './stored-hashes.ts'

/** The result of checking a password. */
export interface PasswordCheck {
  readonly standings: LimitStatus[]
  readonly violated: string[]
  readonly right: boolean
  /** A new hash, if the password is right but its hash has a lower cost than today's. */
  readonly rehashed: string | null
}

/** A password to be verified, and the caller's address. */
export interface Attempt {
  readonly password: string
  /** The hash to verify against; null for an account that does not exist, which takes the same time. */
  readonly phc: string | null
  readonly address: string
  /** The account, if it may log in. Only then is the address remembered after a right password. */
  readonly accountId: number | null
  /** Failures of this e-mail from this address. */
  readonly perAddressLimit: Limit
  /**
   * The same over a longer time, so that one address cannot use up perEmailLimit. Does not apply to a known address.
   */
  readonly perAddressHourlyLimit: Limit
  /** Failures of this e-mail from all addresses. Does not apply to a known address. */
  readonly perEmailLimit: Limit
}

/** How long an address that has logged in counts as known. */
const knownMs = 90 * 86_400_000

/** The deployed gate class: it also guards logins and app passwords. */
export class Gate extends PlatformGate {
  readonly #hashes = new StoredHashes(this.ctx.storage)

  /**
   * Verifies a password inside the gate, where it blocks nobody else. Counts a failure first and takes it back if the
   * password is right. Limits per e-mail do not apply to an address that logged in within 90 days.
   */
  async attempt({ password, phc, address, accountId, ...limits }: Attempt): Promise<PasswordCheck> {
    const { perAddressLimit, perAddressHourlyLimit, perEmailLimit } = limits
    const { kv } = this.ctx.storage
    // The key contains the account's id, so that somebody who signed up with this e-mail before its owner leaves
    // nothing behind. It contains the password's salt, so that an address is no longer known after the password
    // changes.
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

  /** Hashes a password inside the gate, where it blocks nobody else. */
  hash(password: string): Promise<string> {
    return hashPassword(password)
  }

  /**
   * Counts a request with an app password, if its hash is in this user's list. Made-up passwords therefore use up none
   * of the user's limits.
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

  /** Updates the list of app passwords from the database. */
  listHashes(live: LiveHashes): null {
    this.#hashes.list(live, this.state.time())
    return null
  }

  /**
   * Adds the hash of an app password that is about to be written, and issues its revision, in one call: so no password
   * is written that the list does not have. Null if the list is full.
   */
  announceHash(hash: string, currentRevision: number, live: LiveHashes): number | null {
    this.#hashes.list(live, this.state.time())
    const revision = raiseRevision(this.ctx.storage, currentRevision)
    return this.#hashes.announce(hash, revision) ? revision : null
  }

  /** Deletes old failures by address, and addresses that have not logged in for 90 days. */
  #deleteOld(): void {
    const { kv } = this.ctx.storage
    this.state.limiter.deleteOld()
    for (const [key, at] of kv.list<number>({ prefix: 'known ' })) if (at < this.state.time() - knownMs) kv.delete(key)
  }
}

const phc = z.string().startsWith('$scrypt$')
const checkAnswer = z.object({ right: z.boolean(), rehashed: phc.nullable(), ...limitAnswer })

/**
 * Verifies a password in an e-mail's gate.
 * @throws Problem 503 `gate-unavailable`
 */
export const verifyAtGate = (gate: GateClient, attempt: Attempt): Promise<PasswordCheck> =>
  gate.call('attempt', [attempt], checkAnswer, 'hash')

/**
 * Hashes a password in a gate.
 * @throws Problem 503 `gate-unavailable`
 */
export const hashAtGate = (gate: GateClient, password: string): Promise<string> =>
  gate.call('hash', [password], phc, 'hash')
