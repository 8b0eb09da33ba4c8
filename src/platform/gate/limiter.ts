import { createWindow, giveBack, type Limit, type LimitStatus, peek, type SlidingWindow, take } from './window.ts'

/** The longest window that can be configured (config.ts). */
const maxWindowMs = 7 * 86_400_000

interface SavedWindow {
  readonly stamps: Float64Array
  readonly open: number
}

/** A request to count: its limit, and the name of the window. One limit may have windows for many names. */
export interface Place {
  readonly limit: Limit
  readonly window: string
}

/** A counted request, which can be given back. */
export interface TakenPlace {
  readonly window: string
  readonly at: number
}

/** The result of counting. */
export interface Placement {
  readonly standings: LimitStatus[]
  /** The policies that are exceeded. If there are any, nothing was counted. */
  readonly violated: string[]
  readonly taken: TakenPlace[]
}

/**
 * Exact sliding windows in a Durable Object's storage. Writes are not awaited: output gates hold the response until
 * they are on disk.
 */
export class Limiter {
  readonly #storage: DurableObjectStorage
  readonly #time: () => number
  readonly #windows = new Map<string, SlidingWindow>()

  constructor(storage: DurableObjectStorage, time: () => number) {
    this.#storage = storage
    this.#time = time
  }

  /** Counts against all of the limits, or, if any is exceeded, against none. */
  take(places: readonly Place[]): Placement {
    const now = this.#time()
    const peeks = places.map(({ limit, window }) => ({ limit, window, ...peek(this.#open(window), limit, now) }))
    const violated = peeks.filter(({ free }) => !free).map(({ limit }) => limit.name)
    const taken =
      violated.length > 0
        ? []
        : peeks.map(({ limit, window }) => ({ window, at: take(this.#open(window), limit, now) }))
    const standings = places.map(({ limit, window }) => peek(this.#open(window), limit, now).standing)
    for (const { window } of places) {
      this.#save(window)
      // So that a flood from ever new addresses does not fill the memory.
      if (this.#open(window).stamps.length === 0) this.#windows.delete(window)
    }
    return { standings, violated, taken }
  }

  /** Takes back requests that turned out not to count. */
  giveBack(taken: readonly TakenPlace[]): void {
    for (const { window, at } of taken) {
      giveBack(this.#open(window), at)
      this.#save(window)
    }
  }

  /** Deletes windows that have no effect any more, whatever their limit. */
  deleteOld(): void {
    for (const [key, { stamps }] of this.#storage.kv.list<SavedWindow>({ prefix: 'window ' })) {
      if ((stamps.at(-1) ?? 0) >= this.#time() - maxWindowMs) continue
      this.#storage.kv.delete(key)
      this.#windows.delete(key.slice('window '.length))
    }
  }

  /** Clears the memory, once the storage has been emptied. */
  clear(): void {
    this.#windows.clear()
  }

  #open(name: string): SlidingWindow {
    const existing = this.#windows.get(name)
    if (existing) return existing
    const window = createWindow(this.#storage.kv.get<SavedWindow>(`window ${name}`), this.#time())
    this.#windows.set(name, window)
    return window
  }

  #save(name: string): void {
    const window = this.#open(name)
    if (!window.unsaved) return
    this.#storage.kv.put(`window ${name}`, { stamps: Float64Array.from(window.stamps), open: window.reserved })
    window.unsaved = false
  }
}
