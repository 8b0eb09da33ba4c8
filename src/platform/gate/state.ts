import { Limiter, type Place, type Placement } from './limiter.ts'

/** What a gate has in its storage, apart from what others may call: its limits, and when it deletes itself. */
export class GateState {
  readonly storage: DurableObjectStorage
  readonly limiter: Limiter
  /** A user's gate never deletes itself: its revision must stay. */
  readonly #isUsers: boolean
  #now = 0

  constructor({ id, storage }: DurableObjectState) {
    this.storage = storage
    this.limiter = new Limiter(storage, () => this.time())
    this.#isUsers = id.name?.startsWith('user:') !== false
  }

  /** The time in milliseconds, which never runs backwards. */
  time(): number {
    this.#now = Math.max(this.#now, Date.now())
    return this.#now
  }

  /** Takes all of the places, or none; the gate stays as long as they count. */
  async take(places: readonly Place[]): Promise<Placement> {
    const placement = this.limiter.take(places)
    if (!this.#isUsers) await this.eraseAfter(Math.max(0, ...places.map(({ limit }) => limit.windowSeconds * 1000)))
    return placement
  }

  /**
   * Deletes everything in so many milliseconds, or later. The alarm is rarely moved: one that comes early looks again.
   */
  async eraseAfter(ms: number): Promise<void> {
    const until = this.storage.kv.get<number>('until')
    const wanted = this.time() + ms
    if (until !== undefined && until >= wanted) return
    // Twice the span, so that a busy address writes this once in a while and not on each request.
    this.storage.kv.put('until', wanted + ms)
    if ((await this.storage.getAlarm()) === null) await this.storage.setAlarm(wanted + ms)
  }

  /** Deletes everything, or sets the alarm anew where something still counts. */
  async erase(): Promise<void> {
    const until = this.storage.kv.get<number>('until') ?? 0
    if (until > Date.now()) return this.storage.setAlarm(until)
    this.limiter.clear()
    await this.storage.deleteAll()
  }
}
