/** At most `quota` in any span of `windowSeconds`. */
export interface Limit {
  /** The policy's name, as clients see it. */
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
}

/**
 * One policy's sliding window: when places were taken (ms, ascending), and how many more are reserved on disk. What is
 * reserved counts as used if memory is lost, because nobody can tell whether it was.
 */
export interface SlidingWindow {
  stamps: number[]
  reserved: number
  /** Whether the disk would tell a later reader something more lenient, or less exact, than memory does. */
  unsaved: boolean
}

/** How a limit stands after a request. */
export interface LimitStatus {
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
  /** How many more are admitted at once. */
  readonly remaining: number
  /** Seconds, rounded up, until one more than that is. */
  readonly resetSeconds: number
}

/** Places reserved by one write: so that few requests wait for the disk, and losing memory costs few places. */
const blockOf = (quota: number): number => Math.max(1, Math.floor(quota / 16))

/**
 * A ledger as the disk holds it, opened at `now`: what was reserved counts as used at this moment, at the latest
 * possible.
 */
export function createWindow(
  saved: { stamps: ArrayLike<number>; open: number } | undefined,
  now: number,
): SlidingWindow {
  const stamps = Array.from(saved?.stamps ?? [])
  const reserved = saved?.open ?? 0
  const at = monotonic(stamps, now)
  for (let lost = 0; lost < reserved; lost++) stamps.push(at)
  // Written down at once, so that the wait told to a client now is the wait after the next loss of memory, too.
  return { stamps, reserved: 0, unsaved: reserved > 0 }
}

/** Whether a place is free, and how the limit stands; takes none. Forgets what has left the window. */
export function peek(ledger: SlidingWindow, limit: Limit, now: number): { free: boolean; standing: LimitStatus } {
  const at = monotonic(ledger.stamps, now)
  const spanMs = limit.windowSeconds * 1000
  const gone = ledger.stamps.findIndex((stamp) => stamp > at - spanMs)
  ledger.stamps.splice(0, gone === -1 ? ledger.stamps.length : gone)
  const used = ledger.stamps.length
  // Where the quota was lowered meanwhile, more than one has to leave first.
  const leaver = ledger.stamps[Math.max(0, used - limit.quota)]
  return {
    free: used < limit.quota,
    standing: {
      ...limit,
      remaining: Math.max(0, limit.quota - used),
      resetSeconds: leaver === undefined ? 0 : Math.max(1, Math.ceil((leaver + spanMs - at) / 1000)),
    },
  }
}

/** Takes a place that {@link peek} found free; returns when, for {@link giveBack}. */
export function take(ledger: SlidingWindow, limit: Limit, now: number): number {
  const at = monotonic(ledger.stamps, now)
  if (ledger.reserved > 0) {
    ledger.reserved -= 1
  } else {
    ledger.reserved = Math.min(blockOf(limit.quota), limit.quota - ledger.stamps.length) - 1
    ledger.unsaved = true
  }
  ledger.stamps.push(at)
  return at
}

/** Frees a place that turned out not to count. */
export function giveBack(ledger: SlidingWindow, at: number): void {
  const index = ledger.stamps.lastIndexOf(at)
  if (index === -1) return
  ledger.stamps.splice(index, 1)
  ledger.unsaved = true
}

/** Time never runs backwards here, though the clock of the next machine may be a moment behind. */
const monotonic = (stamps: readonly number[], now: number): number => Math.max(now, stamps.at(-1) ?? 0)
