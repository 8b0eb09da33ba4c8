import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Gate } from './gate.ts'

const gates = env.GATE as DurableObjectNamespace<Gate>
const limit = { name: 'signup', quota: 2, windowSeconds: 60 }
const stored = (gate: DurableObjectStub<Gate>) =>
  runInDurableObject(gate, async (_, state) => ({
    keys: [...state.storage.kv.list()].map(([key]) => key),
    alarm: await state.storage.getAlarm(),
  }))

afterEach(() => {
  vi.useRealTimers()
})

describe('a gate', () => {
  it('of an address erases itself once nothing in it counts any more, and not before', async () => {
    const gate = gates.getByName('address:192.0.2.1')
    await gate.enter([limit])
    const { keys, alarm } = await stored(gate)
    expect(keys).toContain('window signup')
    expect(alarm).toBeGreaterThan(Date.now() + 60_000)
    // The alarm comes early, because more has happened meanwhile, and checks again.
    expect(await runDurableObjectAlarm(gate)).toBe(true)
    expect((await stored(gate)).keys).toContain('window signup')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 200_000 })
    expect(await runDurableObjectAlarm(gate)).toBe(true)
    expect(await stored(gate)).toEqual({ keys: [], alarm: null })
    expect((await gate.enter([limit])).standings[0]?.remaining).toBe(1)
  })

  it('of a user has no alarm, and keeps its revision forever', async () => {
    const gate = gates.getByName('user:4711')
    await gate.enter([limit])
    await gate.raise(1)
    expect((await stored(gate)).alarm).toBeNull()
    expect(await runDurableObjectAlarm(gate)).toBe(false)
  })
})
