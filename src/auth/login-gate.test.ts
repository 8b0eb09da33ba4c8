import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Gate } from './login-gate.ts'

const gates = env.GATE as DurableObjectNamespace<Gate>
const limit = { name: 'signup', quota: 2, windowSeconds: 60 }
const storedKeys = (gate: DurableObjectStub<Gate>) =>
  runInDurableObject(gate, (_, state) => [...state.storage.kv.list()].map(([key]) => key))

afterEach(() => {
  vi.useRealTimers()
})

describe('the gate of an e-mail', () => {
  it('deletes old failures by address', async () => {
    const gate = gates.getByName('email:tidy')
    const attempt = (address: string, password: string) =>
      gate.attempt({
        password,
        phc: '$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA',
        address,
        accountId: 7,
        perAddressLimit: { ...limit, name: 'login-failures' },
        perAddressHourlyLimit: { ...limit, name: 'login-failures-hour' },
        perEmailLimit: { ...limit, name: 'login-failures-email' },
      })
    await attempt('192.0.2.1', 'wrong')
    expect(await storedKeys(gate)).toEqual(
      expect.arrayContaining(['window login-failures 192.0.2.1', 'window login-failures-email']),
    )
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 86_400_000 })
    const phc = await gate.hash('right')
    const verdict = await gate.attempt({
      password: 'right',
      phc,
      address: '192.0.2.2',
      accountId: 7,
      perAddressLimit: { ...limit, name: 'login-failures' },
      perAddressHourlyLimit: { ...limit, name: 'login-failures-hour' },
      perEmailLimit: { ...limit, name: 'login-failures-email' },
    })
    expect(verdict).toMatchObject({ right: true, violated: [] })
    const keys = await storedKeys(gate)
    expect(keys).not.toContain('window login-failures 192.0.2.1')
    expect(keys).toContain(`known 7 192.0.2.2 ${phc.split('$')[3]}`)
  })

  it('remembers an address for 90 days, although alarms for shorter windows go off, and then forgets it', async () => {
    const gate = gates.getByName('email:known')
    const phc = await gate.hash('right')
    const attempt = (address: string) =>
      gate.attempt({
        password: 'right',
        phc,
        address,
        accountId: 7,
        perAddressLimit: { ...limit, name: 'login-failures' },
        perAddressHourlyLimit: { ...limit, name: 'login-failures-hour' },
        perEmailLimit: { ...limit, name: 'login-failures-email', windowSeconds: 3600 },
      })
    await attempt('192.0.2.1')
    const start = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: start + 3 * 3_600_000 })
    await runDurableObjectAlarm(gate)
    expect(await storedKeys(gate)).toContain(`known 7 192.0.2.1 ${phc.split('$')[3]}`)
    vi.setSystemTime(start + 91 * 86_400_000)
    await attempt('192.0.2.2')
    const keys = await storedKeys(gate)
    expect(keys).toContain(`known 7 192.0.2.2 ${phc.split('$')[3]}`)
    expect(keys).not.toContain(`known 7 192.0.2.1 ${phc.split('$')[3]}`)
  })

  it('does not remember the address of an account that may not log in', async () => {
    const gate = gates.getByName('email:squatter')
    const verdict = await gate.attempt({
      password: 'right',
      phc: await gate.hash('right'),
      address: '192.0.2.1',
      accountId: null,
      perAddressLimit: { ...limit, name: 'login-failures' },
      perAddressHourlyLimit: { ...limit, name: 'login-failures-hour' },
      perEmailLimit: { ...limit, name: 'login-failures-email' },
    })
    expect(verdict.right).toBe(true)
    expect((await storedKeys(gate)).filter((key) => key.startsWith('known'))).toEqual([])
  })
})
