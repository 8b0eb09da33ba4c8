import { Limiter, type Place, type Placement } from './limiter.ts'

/** A gate's storage, apart from the methods that a Worker can call: its limits, and when it erases itself. */
export class GateState {
  readonly storage: DurableObjectStorage
  readonly limiter: Limiter
  /** A user's gate never erases itself: its revision must stay. */
  readonly #isUsers: boolean
  #now = 0

  constructor({ id, storage }: DurableObjectState) {
    this.storage = storage
    this.limiter = new Limiter(storage, () => this.time())
    this.#isUsers = id.name?.startsWith('user:') !== false
  }

  /** The time in milliseconds. It never goes backwards. */
  time(): number {
    this.#now = Math.max(this.#now, Date.now())
    return this.#now
  }

  /** Counts against all limits or none, and keeps the gate as long as the requests count. */
  async take(places: readonly Place[]): Promise<Placement> {
    const placement = this.limiter.take(places)
    if (!this.#isUsers) await this.eraseAfter(Math.max(0, ...places.map(({ limit }) => limit.windowSeconds * 1000)))
    return placement
  }

  /**
   * Erases everything after this many milliseconds or later. The alarm is rarely moved: one that comes early checks
   * again.
   */
  async eraseAfter(ms: number): Promise<void> {
    const until = this.storage.kv.get<number>('until')
    const wanted = this.time() + ms
    if (until !== undefined && until >= wanted) return
    // Twice the time, so that a busy address writes this rarely and not on each request.
    this.storage.kv.put('until', wanted + ms)
    if ((await this.storage.getAlarm()) === null) await this.storage.setAlarm(wanted + ms)
  }

  /** Erases everything, or sets the alarm again if something still counts. */
  async erase(): Promise<void> {
    const until = this.storage.kv.get<number>('until') ?? 0
    if (until > Date.now()) return this.storage.setAlarm(until)
    this.limiter.clear()
    await this.storage.deleteAll()
  }
}
