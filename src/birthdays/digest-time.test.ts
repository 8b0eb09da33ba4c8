import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { on } from '../../test/dates.ts'
import { firstMomentOf, nextDigest } from './digest-time.ts'

const minute = 60_000
const zones = [
  ...['UTC', 'Europe/Kyiv', 'America/New_York', 'America/St_Johns', 'America/Havana', 'Africa/Casablanca'],
  ...['Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Chatham', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'],
  ...['Pacific/Apia', 'Antarctica/Troll'],
]
/** Days on which clocks change somewhere; on one of them, Samoa had no day at all. */
const awkward = [
  ...['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04', '2026-02-15', '2026-03-22'],
  ...['2011-12-29', '2011-12-30', '2011-12-31'],
]

/** The wall clock of a zone, as `2026-03-29 08:00`. Swedes write dates as computers do. */
const clocks = new Map<string, Intl.DateTimeFormat>()
function clock(at: number, timeZone: string): string {
  const format =
    clocks.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  clocks.set(timeZone, format)
  return format.format(at)
}

const anyDay = fc.oneof(
  fc.constantFrom(...awkward),
  fc
    .date({ min: new Date('2010-01-01'), max: new Date('2035-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().replace(/T.*/, '')),
)

describe('looking at the clock each minute finds', () => {
  it('the same first moment of an hour, whether clocks skip it, show it twice, or do neither', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 0, max: 23 }), fc.constantFrom(...zones), (day, hour, tz) => {
        const wanted = `${day} ${String(hour).padStart(2, '0')}:00`
        const noon = Date.parse(`${day}T12:00:00Z`)
        const minutes = Array.from({ length: 3 * 1440 }, (_, n) => noon + (n - 1.5 * 1440) * minute)
        const exact = minutes.find((at) => clock(at, tz) === wanted)
        const after = minutes.find((at) => clock(at, tz) > wanted && clock(at - minute, tz) < wanted)
        expect(firstMomentOf(on(day), hour, tz).toISOString(), `${wanted} ${tz}`).toBe(
          new Date(exact ?? after ?? 0).toISOString(),
        )
      }),
      { numRuns: 80 },
    )
  })
})

describe('a letter each day', () => {
  it.each(zones)('is at 08:00 of every day that there is, once, in %s', (tz) => {
    for (const [start, end] of [
      ['2026-01-01', '2027-01-10'],
      ['2011-12-01', '2012-01-31'],
    ] as const) {
      const days: string[] = []
      let at = new Date(`${start}T00:00:00Z`)
      while (at < new Date(`${end}T00:00:00Z`)) {
        at = nextDigest({ frequency: 'daily', tz }, at)
        const [day = '', time] = clock(at.getTime(), tz).split(' ')
        expect(time, `${at.toISOString()} ${tz}`).toBe('08:00')
        days.push(day)
      }
      const between = Array.from({ length: days.length + 1 }, (_, n) =>
        new Date(Date.parse(`${days[0]}T00:00:00Z`) + n * 1440 * minute).toISOString().replace(/T.*/, ''),
      ).filter((day) => !(tz === 'Pacific/Apia' && day === '2011-12-30'))
      expect(days).toEqual(between.filter((_, n) => n < days.length))
    }
  })

  it('is on Mondays if it is weekly', () => {
    fc.assert(
      fc.property(anyDay, fc.constantFrom(...zones), (day, tz) => {
        const after = new Date(`${day}T15:30:00Z`)
        const at = nextDigest({ frequency: 'weekly', tz }, after)
        expect(at.getTime() - after.getTime()).toBeGreaterThan(0)
        expect(at.getTime() - after.getTime()).toBeLessThanOrEqual(7 * 1440 * minute + 60 * minute)
        const [date] = clock(at.getTime(), tz).split(' ')
        expect(new Date(`${date}T00:00:00Z`).getUTCDay()).toBe(1)
      }),
    )
  })

  it('is not on a day that had one already, as after a move to a zone further west', () => {
    const monday = new Date('2026-11-30T07:00:00Z')
    expect(nextDigest({ frequency: 'daily', tz: 'UTC', doneOn: '2026-11-30' }, monday).toISOString()).toBe(
      '2026-12-01T08:00:00.000Z',
    )
    expect(nextDigest({ frequency: 'weekly', tz: 'UTC', doneOn: '2026-11-30' }, monday).toISOString()).toBe(
      '2026-12-07T08:00:00.000Z',
    )
    expect(nextDigest({ frequency: 'daily', tz: 'UTC', doneOn: '2026-11-29' }, monday).toISOString()).toBe(
      '2026-11-30T08:00:00.000Z',
    )
  })
})
