import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Gate } from './gate.ts'
import { createWindow, giveBack, type Limit, peek, type SlidingWindow, take } from './window.ts'

const gates = env.GATE as DurableObjectNamespace<Gate>
let gateNumber = 0
const freshGate = (kind = 'user') => gates.getByName(`${kind}:window-${gateNumber++}`)

const start = Date.parse('2026-11-21T10:00:00Z')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

/**
 * One step: time passes, memory may be lost, then some requests come one after another; or the client first waits as
 * long as told.
 */
interface Step {
  readonly waitMs: number
  readonly evicted: boolean
  readonly obeys: boolean
  readonly hits: number
}

// Blocks of more than one request begin at a quota of 32.
const limits = fc.record({
  quota: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 30, max: 90 })),
  windowSeconds: fc.integer({ min: 1, max: 10 }),
})
const steps = (evicted: fc.Arbitrary<boolean>, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      waitMs: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 12_000 })),
      evicted,
      obeys: fc.boolean(),
      hits: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 45 })),
    }),
    { minLength: 1, maxLength },
  )

/** Checks that no window ever contains more than `quota` admitted requests. */
function expectNeverMore(admitted: readonly number[], { quota, windowSeconds }: Limit): void {
  for (const [index, at] of admitted.entries()) {
    const next = admitted[index + quota]
    if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(windowSeconds * 1000)
  }
}

/** The definition of a sliding window, counted naively. */
const fits = (admitted: readonly number[], now: number, { quota, windowSeconds }: Limit): boolean =>
  admitted.filter((at) => at > now - windowSeconds * 1000).length < quota

/** Runs steps against an implementation, and checks each promise on the way. */
async function play(
  limit: Limit,
  list: readonly Step[],
  come: () => Promise<{ admitted: boolean; resetSeconds: number }>,
  evict: () => Promise<void>,
): Promise<number[]> {
  const admitted: number[] = []
  let evictions = 0
  let reported: number | undefined
  for (const { waitMs, evicted, obeys, hits } of list) {
    vi.setSystemTime(Date.now() + waitMs)
    if (obeys && reported !== undefined) vi.setSystemTime(Math.max(Date.now(), reported))
    if (evicted) {
      await evict()
      evictions += 1
    }
    for (let hit = 0; hit < hits; hit++) {
      const now = Date.now()
      const answer = await come()
      if (evictions === 0 && answer.admitted !== fits(admitted, now, limit)) {
        throw new Error(`Not exact although nothing was evicted: ${JSON.stringify({ now, admitted })}`)
      }
      if (answer.admitted) {
        admitted.push(now)
        reported = undefined
      } else {
        expect(answer.resetSeconds).toBeGreaterThanOrEqual(1)
        if (reported !== undefined) expect(now, 'one who waited as long as told was refused').toBeLessThan(reported)
        // A refused request never delays the moment that an earlier one was told.
        reported ??= now + answer.resetSeconds * 1000
      }
      vi.setSystemTime(now + (hit % 3))
    }
  }
  expectNeverMore(admitted, limit)
  return admitted
}

/** The pure functions, with a disk that survives a loss of memory. */
function inMemory(limit: Limit) {
  let disk: { stamps: number[]; open: number } | undefined
  let window: SlidingWindow = createWindow(disk, Date.now())
  const save = () => {
    if (window.unsaved) disk = { stamps: [...window.stamps], open: window.reserved }
    window.unsaved = false
  }
  return {
    come: async () => {
      const { free, standing } = peek(window, limit, Date.now())
      if (free) take(window, limit, Date.now())
      save()
      return { admitted: free, resetSeconds: standing.resetSeconds }
    },
    evict: async () => {
      window = createWindow(disk, Date.now())
    },
  }
}

describe('a limit of N in W seconds', () => {
  it('never admits more than N in any W, exactly N while memory lasts, and every client that waits as told', async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps(fc.oneof(fc.constant(false), fc.boolean()), 25), async (bounds, list) => {
        vi.setSystemTime(start)
        const limit = { name: 'any', ...bounds }
        const { come, evict } = inMemory(limit)
        await play(limit, list, come, evict)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps these promises in a real Durable Object, evicted between any two requests', async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps(fc.boolean(), 12), async (bounds, list) => {
        vi.setSystemTime(start)
        const limit = { name: 'any', ...bounds }
        const gate = freshGate()
        await gate.ping()
        await play(
          limit,
          list,
          async () => {
            const { violated, standings } = await gate.enter([limit])
            return { admitted: violated.length === 0, resetSeconds: standings[0]?.resetSeconds ?? 0 }
          },
          async () => {
            await gate.ping()
            await evictDurableObject(gate)
          },
        )
      }),
      { numRuns: 40 },
    )
  })

  it('admits exactly N of many at once, and says how many are left', async () => {
    const gate = freshGate()
    const limit = { name: 'many', quota: 37, windowSeconds: 60 }
    const passes = await Promise.all(Array.from({ length: 100 }, () => gate.enter([limit])))
    const admitted = passes.filter(({ violated }) => violated.length === 0)
    expect(admitted).toHaveLength(37)
    expect(admitted.map(({ standings }) => standings[0]?.remaining)).toEqual(
      Array.from({ length: 37 }, (_, i) => 36 - i),
    )
    expect(passes.at(-1)).toMatchObject({ violated: ['many'], standings: [{ remaining: 0, resetSeconds: 60 }] })
  })

  it('loses at most one block of requests to an eviction', async () => {
    const limit = { name: 'block', quota: 64, windowSeconds: 600 }
    const gate = freshGate()
    await gate.enter([limit])
    await evictDurableObject(gate)
    // The block of four counts as used, although three of it were not.
    expect((await gate.enter([limit])).standings[0]?.remaining).toBe(64 - 4 - 1)
  })

  it('counts a request against every policy or against none', async () => {
    const gate = freshGate()
    const small = { name: 'small', quota: 1, windowSeconds: 10 }
    const large = { name: 'large', quota: 5, windowSeconds: 10 }
    expect((await gate.enter([small, large])).violated).toEqual([])
    expect((await gate.enter([small, large])).violated).toEqual(['small'])
    expect((await gate.enter([large])).standings[0]?.remaining).toBe(3)
  })

  it('holds after the limit was lowered', async () => {
    const gate = freshGate()
    for (let hit = 0; hit < 5; hit++) {
      await gate.enter([{ name: 'x', quota: 5, windowSeconds: 10 }])
      vi.setSystemTime(Date.now() + 1000)
    }
    const lowered = { name: 'x', quota: 2, windowSeconds: 10 }
    const { violated, standings } = await gate.enter([lowered])
    expect([violated, standings[0]?.resetSeconds]).toEqual([['x'], 8])
    vi.setSystemTime(Date.now() + 8000)
    expect((await gate.enter([lowered])).violated).toEqual([])
  })

  it('saves at once what it counted as used, so that the wait told now is the same after another loss of memory', () => {
    const saved = { stamps: [start], open: 3 }
    expect(createWindow(saved, start + 1000)).toEqual({
      stamps: [start, start + 1000, start + 1000, start + 1000],
      reserved: 0,
      unsaved: true,
    })
    expect(createWindow({ stamps: [start], open: 0 }, start + 1000).unsaved).toBe(false)
  })

  it('takes back a request as if it had never been counted', () => {
    const limit = { name: 'back', quota: 3, windowSeconds: 10 }
    const window = createWindow(undefined, start)
    const at = take(window, limit, start)
    take(window, limit, start + 1)
    giveBack(window, at)
    expect(peek(window, limit, start + 2).standing.remaining).toBe(2)
    giveBack(window, 12345)
    expect(peek(window, limit, start + 2).standing.remaining).toBe(2)
  })
})

describe('the revision of a user’s gate', () => {
  it('does not exist at first, is adopted once, and only rises, through any loss of memory', async () => {
    const gate = freshGate()
    expect((await gate.enter([])).revision).toBeNull()
    expect(await gate.adopt(4)).toBe(4)
    expect(await gate.adopt(9)).toBe(4)
    await evictDurableObject(gate)
    expect(await gate.raise(2)).toBe(5)
    expect(await gate.raise(10)).toBe(11)
    await evictDurableObject(gate)
    expect((await gate.enter([])).revision).toBe(11)
    expect(await gate.adopt(1)).toBe(11)
  })
})
