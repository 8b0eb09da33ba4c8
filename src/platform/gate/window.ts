/** At most `quota` requests in any `windowSeconds`. */
export interface Limit {
  /** The policy's name, as clients see it. */
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
}

/**
 * A policy's sliding window: the times of counted requests (ms, ascending), and how many more are reserved on disk.
 * After a loss of memory, reserved requests count as used, because nobody can tell whether they were.
 */
export interface SlidingWindow {
  stamps: number[]
  reserved: number
  /** Whether memory is stricter or more exact than what a later reader would find on disk. */
  unsaved: boolean
}

/** The status of a limit after a request. */
export interface LimitStatus {
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
  /** How many more requests are admitted now. */
  readonly remaining: number
  /** Seconds, rounded up, until one more is admitted. */
  readonly resetSeconds: number
}

/** How many requests one write reserves. Few requests wait for the disk, and a loss of memory costs few of them. */
const blockOf = (quota: number): number => Math.max(1, Math.floor(quota / 16))

/**
 * Creates a window from what the disk has, at `now`. Reserved requests count as used at this moment, the latest
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
  // Saved at once, so that the wait that a client is told now stays the same after another loss of memory.
  return { stamps, reserved: 0, unsaved: reserved > 0 }
}

/**
 * Returns whether a request is admitted, and the limit's status; counts nothing. Drops times that have left the window.
 */
export function peek(window: SlidingWindow, limit: Limit, now: number): { free: boolean; standing: LimitStatus } {
  const at = monotonic(window.stamps, now)
  const spanMs = limit.windowSeconds * 1000
  const firstCounted = window.stamps.findIndex((stamp) => stamp > at - spanMs)
  window.stamps.splice(0, firstCounted === -1 ? window.stamps.length : firstCounted)
  const used = window.stamps.length
  // If the quota was lowered, more than one request has to leave the window first.
  const oldest = window.stamps[Math.max(0, used - limit.quota)]
  return {
    free: used < limit.quota,
    standing: {
      ...limit,
      remaining: Math.max(0, limit.quota - used),
      resetSeconds: oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest + spanMs - at) / 1000)),
    },
  }
}

/** Counts a request that {@link peek} admitted; returns its time, for {@link giveBack}. */
export function take(window: SlidingWindow, limit: Limit, now: number): number {
  const at = monotonic(window.stamps, now)
  if (window.reserved > 0) {
    window.reserved -= 1
  } else {
    window.reserved = Math.min(blockOf(limit.quota), limit.quota - window.stamps.length) - 1
    window.unsaved = true
  }
  window.stamps.push(at)
  return at
}

/** Takes back a request that turned out not to count. */
export function giveBack(window: SlidingWindow, at: number): void {
  const index = window.stamps.lastIndexOf(at)
  if (index === -1) return
  window.stamps.splice(index, 1)
  window.unsaved = true
}

/** Time never goes backwards here, although the clock of the next machine may be slightly behind. */
const monotonic = (stamps: readonly number[], now: number): number => Math.max(now, stamps.at(-1) ?? 0)
