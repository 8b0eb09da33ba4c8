import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCalendar } from '../../test/calendars.ts'
import { next } from '../../test/dates.ts'
import { beginCalendar, endCalendar, yearlyEvent } from './icalendar.ts'
import type { LeapDay } from './upcoming.ts'

const updatedAt = '2026-11-21T09:30:00.000Z'
const calendar = (...events: string[]) => beginCalendar('Birthdays') + events.join('') + endCalendar
const seen = (date: string, leapDay: LeapDay = 'mar1', summary = 'Ana') =>
  readCalendar(calendar(yearlyEvent({ uid: 'one', date, summary, updatedAt }, leapDay))).events[0]

describe('an event of a calendar', () => {
  it('takes place each year from the first, all day, and leaves its owner free', () => {
    expect(seen('1990-04-03')).toMatchObject({ start: '1990-04-03', isAllDay: true, isFree: true })
    expect(seen('1990-04-03')?.days(1989, 1992)).toEqual(['1990-04-03', '1991-04-03', '1992-04-03'])
    expect(seen('--12-31')?.days(2026, 2027)).toEqual(['2026-12-31', '2027-12-31'])
  })

  it('of 29 February is on that day in leap years, and in others on the day of its owner’s choice', () => {
    expect(seen('1988-02-29', 'mar1')?.days(2096, 2104)).toEqual([
      ...['2096-02-29', '2097-03-01', '2098-03-01', '2099-03-01', '2100-03-01'],
      ...['2101-03-01', '2102-03-01', '2103-03-01', '2104-02-29'],
    ])
    expect(seen('--02-29', 'feb28')?.days(2027, 2029)).toEqual(['2027-02-28', '2028-02-29', '2029-02-28'])
    expect(seen('1600-02-29', 'feb28')).toMatchObject({ start: '1904-02-29' })
  })

  it('falls on the days that the list of birthdays names, whatever the day and the choice', () => {
    const day = fc.date({ min: new Date('1904-01-01'), max: new Date('2020-12-31'), noInvalidDate: true })
    const leap = fc.constantFrom('1996-02-29', '--02-29', '2000-02-29')
    const date = fc.oneof(
      leap,
      day.map((one) => one.toISOString().replace(/T.*/, '')),
    )
    const years = fc.integer({ min: 2021, max: 2032 })
    fc.assert(
      fc.property(date, years, fc.constantFrom<LeapDay>('feb28', 'mar1'), (born, year, leapDay) => {
        expect(seen(born, leapDay)?.days(year, year)).toEqual([next(born, `${year}-01-01`, leapDay).next_birthday])
      }),
      { numRuns: 60 },
    )
  })

  it('says any name: other programs read it as it was, in lines of at most 75 octets and whole characters', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }).filter((text) => !/\p{Cc}/u.test(text))
    const odd = fc.constantFrom(
      'a;b,c\\d',
      'Ім’я '.repeat(30).trim(),
      '👩‍👩‍👧'.repeat(20),
      'BEGIN:VEVENT',
      `${'x'.repeat(66)}é`,
    )
    fc.assert(
      fc.property(fc.oneof(name, odd), (summary) => {
        const text = calendar(yearlyEvent({ uid: 'one', date: '--01-01', summary, updatedAt }, 'mar1'))
        expect(readCalendar(text).events[0]?.summary).toBe(summary)
        const octets = new TextEncoder().encode(text)
        for (const line of text.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75)
        // Each line by itself is UTF-8, and no line break is alone.
        expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
        expect(text).toBe(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(octets))
        for (const line of text.split('\r\n')) expect(line.isWellFormed()).toBe(true)
      }),
    )
  })

  it('cannot be left by a name with line breaks or control characters', () => {
    const summary = 'Ana\r\nEND:VEVENT\nX\u0000\u0007Y'
    const [event, ...others] = readCalendar(
      calendar(yearlyEvent({ uid: 'one', date: '--01-01', summary, updatedAt }, 'mar1')),
    ).events
    expect(others).toEqual([])
    expect(event?.summary).toBe('Ana\nEND:VEVENT\nXY')
  })

  it('says when it was changed, and nothing is written for what is no date', () => {
    const text = yearlyEvent({ uid: 'one', date: '1990-04-03', summary: 'Ana', updatedAt }, 'mar1')
    expect(text).toContain('\r\nDTSTAMP:20261121T093000Z\r\nLAST-MODIFIED:20261121T093000Z\r\n')
    expect(yearlyEvent({ uid: 'one', date: 'in spring', summary: 'Ana', updatedAt }, 'mar1')).toBe('')
  })
})
