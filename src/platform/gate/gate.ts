import { DurableObject } from 'cloudflare:workers'
import { adoptRevision, raiseRevision, readRevision } from './revision.ts'
import { GateState } from './state.ts'
import type { Limit, LimitStatus } from './window.ts'

/** What a gate answers to a request. */
export interface Admission {
  /** What the edge may remember of this user: null while the gate has never been told. */
  readonly revision: number | null
  readonly standings: LimitStatus[]
  /** The policies that have no place left; none was taken from any. */
  readonly violated: string[]
}

/**
 * A gate: exact limits and, for a user, the revision of what the edge may remember. One a user (`user:{id}`), one an
 * anonymous address (`address:{ip}`), one an e-mail (`email:{HMAC}`). Strongly consistent, so a single call answers
 * both questions (docs/architecture.md). What is deployed is auth's subclass (src/auth/login-gate.ts).
 */
export class Gate extends DurableObject {
  // A property, and no methods: a Worker can call every method of a Durable Object.
  protected readonly state = new GateState(this.ctx)

  /** Counts a request against limits: it takes a place of each, or, where any is full, of none. */
  async enter(limits: readonly Limit[]): Promise<Admission> {
    const { standings, violated } = await this.state.take(limits.map((limit) => ({ limit, window: limit.name })))
    return { revision: readRevision(this.ctx.storage) ?? null, standings, violated }
  }

  /**
   * A revision higher than any before: issued before the change is written, so that no copy of the old state passes
   * again.
   */
  raise(currentRevision: number): number {
    return raiseRevision(this.ctx.storage, currentRevision)
  }

  /** Takes a row's revision for its own, only while it has none; returns the one it has then. */
  adopt(revision: number): number {
    return adoptRevision(this.ctx.storage, revision)
  }

  /** Says that it is there. */
  ping(): 'pong' {
    return 'pong'
  }

  /** Deletes everything once nothing in it counts any more. */
  override alarm(): Promise<void> {
    return this.state.erase()
  }
}
