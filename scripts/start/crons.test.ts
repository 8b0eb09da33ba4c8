import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parseCron, startClock } from './crons.ts'

describe('the clock', () => {
  it('evaluates cron expressions in UTC', () => {
    const sunday = new Date('2026-11-22T09:17:00Z')
    for (const cron of ['* * * * *', '17 * * * *', '*/17 9 * * *', '2-59/15 * * * *', '0,17 8-10 22 11 1']) {
      expect(parseCron(cron).match(sunday), cron).toBe(true)
    }
    for (const cron of ['16 * * * *', '*/15 * * * *', '17 8 * * *', '17 9 21 * *', '17 9 * 10 *', '17 9 * * 2-7']) {
      expect(parseCron(cron).match(sunday), cron).toBe(false)
    }
    for (const cron of ['* * * *', '60 * * * *', '* * * * * *', ''])
      expect(() => parseCron(cron)).toThrow(/cannot read/)
  })

  it('runs each job when it is due, at most one time a minute, until it is stopped', async () => {
    const called: (string | null)[] = []
    const service = createServer((request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://service')
      if (pathname === '/cdn-cgi/local/scheduled') called.push(searchParams.get('cron'))
      answer.end('ok')
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const address = service.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: new Date('2026-11-21T09:15:59.500Z') })
    onTestFinished(() => {
      vi.useRealTimers()
      service.close()
    })

    const stop = startClock(url, ['* * * * *', '17 * * * *'])
    vi.advanceTimersByTime(1000)
    await vi.waitFor(() => expect(called).toEqual(['* * * * *']))
    vi.advanceTimersByTime(60_000)
    await vi.waitFor(() => expect(called.toSorted()).toEqual(['* * * * *', '* * * * *', '17 * * * *']))
    stop()
    vi.advanceTimersByTime(180_000)
    await fetch(url) // Any earlier request would have arrived before this one.
    expect(called).toHaveLength(3)
  })
})
