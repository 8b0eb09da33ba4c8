import { DurableObject } from 'cloudflare:workers'
import { adoptRevision, raiseRevision, readRevision } from './revision.ts'
import { GateState } from './state.ts'
import type { Limit, LimitStatus } from './window.ts'

/** A gate's response to a request. */
export interface Admission {
  /** The revision that a copy of this user must have; null while the gate has none. */
  readonly revision: number | null
  readonly standings: LimitStatus[]
  /** The policies that are exceeded. If there are any, nothing was counted. */
  readonly violated: string[]
}

/**
 * A gate: exact limits and, for a user, the revision that cached copies must have. There is one for each user
 * (`user:{id}`), for each IP address of requests without a login (`address:{ip}`), and for each e-mail
 * (`email:{HMAC}`). Durable Objects are strongly consistent, so a single call answers both questions
 * (docs/architecture.md). The deployed class is auth's subclass (src/auth/login-gate.ts).
 */
export class Gate extends DurableObject {
  // A property with the methods, because a Worker can call every method of the Durable Object itself.
  protected readonly state = new GateState(this.ctx)

  /** Counts a request against all limits, or, if any is exceeded, against none. */
  async enter(limits: readonly Limit[]): Promise<Admission> {
    const { standings, violated } = await this.state.take(limits.map((limit) => ({ limit, window: limit.name })))
    return { revision: readRevision(this.ctx.storage) ?? null, standings, violated }
  }

  /**
   * Issues a revision higher than any before. It is issued before the change is written, so that no copy of the old
   * state is used again.
   */
  raise(currentRevision: number): number {
    return raiseRevision(this.ctx.storage, currentRevision)
  }

  /** Adopts a row's revision if the gate has none; returns the gate's revision. */
  adopt(revision: number): number {
    return adoptRevision(this.ctx.storage, revision)
  }

  /** Answers the health check. */
  ping(): 'pong' {
    return 'pong'
  }

  /** Deletes everything once no window in it counts any more. */
  override alarm(): Promise<void> {
    return this.state.erase()
  }
}
