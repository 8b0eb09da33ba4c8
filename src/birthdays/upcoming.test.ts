import { describe, expect, it } from 'vitest'
import { next, on } from '../../test/dates.ts'
import { addDays, formatDate, isRealDate, parseBirthday, todayIn, upcoming } from './upcoming.ts'

describe('today', () => {
  const noonInKyiv = new Date('2026-11-21T10:00:00Z')

  it('is one date in Kiritimati and another in Honolulu at the same moment', () => {
    expect(formatDate(todayIn('Pacific/Kiritimati', noonInKyiv))).toBe('2026-11-22')
    expect(formatDate(todayIn('Europe/Kyiv', noonInKyiv))).toBe('2026-11-21')
    expect(formatDate(todayIn('Pacific/Pago_Pago', noonInKyiv))).toBe('2026-11-20')
  })

  it('turns at midnight of the zone, winter and summer', () => {
    expect(formatDate(todayIn('Europe/Kyiv', new Date('2026-12-31T21:59:59.999Z')))).toBe('2026-12-31')
    expect(formatDate(todayIn('Europe/Kyiv', new Date('2026-12-31T22:00:00Z')))).toBe('2027-01-01')
    expect(formatDate(todayIn('Europe/Kyiv', new Date('2026-06-30T20:59:59.999Z')))).toBe('2026-06-30')
    expect(formatDate(todayIn('Europe/Kyiv', new Date('2026-06-30T21:00:00Z')))).toBe('2026-07-01')
  })

  it('has a 29 February in leap years', () => {
    expect(formatDate(todayIn('UTC', new Date('2028-02-29T12:00:00Z')))).toBe('2028-02-29')
    expect(formatDate(todayIn('Asia/Tokyo', new Date('2028-02-28T15:00:00Z')))).toBe('2028-02-29')
  })

  it('does not exist in a zone that does not exist', () => {
    for (const zone of ['Europe/Atlantis', 'Kyiv', '', 'Europe/Kyiv; DROP TABLE contacts'])
      expect(() => todayIn(zone, noonInKyiv), zone).toThrow(RangeError)
  })
})

describe('a date', () => {
  it('is real when the calendar has it', () => {
    for (const real of ['2000-02-29', '2024-02-29', '1900-02-28', '2026-12-31', '2026-04-30', '1-01-01', '9999-12-31'])
      expect(isRealDate(on(real)), real).toBe(true)
    for (const unreal of [
      ...['1900-02-29', '2100-02-29', '2023-02-29', '2024-02-30', '2026-04-31', '2026-06-31', '2026-09-31'],
      ...['2026-11-31', '2026-01-32', '2026-13-01', '2026-00-10', '2026-10-00', '0-01-01', '10000-01-01'],
      ...['2026-1.5-10', '2026-01-1.5', '2026.5-01-10', 'NaN-01-01'],
    ])
      expect(isRealDate(on(unreal)), unreal).toBe(false)
  })

  it('is written with leading zeros', () => {
    expect(formatDate({ year: 33, month: 4, day: 3 })).toBe('0033-04-03')
    expect(formatDate({ year: 2026, month: 11, day: 21 })).toBe('2026-11-21')
  })

  it('moves over the ends of months, years and Februaries', () => {
    expect(formatDate(addDays(on('2026-12-31'), 1))).toBe('2027-01-01')
    expect(formatDate(addDays(on('2027-01-01'), -1))).toBe('2026-12-31')
    expect(formatDate(addDays(on('1900-02-28'), 1))).toBe('1900-03-01')
    expect(formatDate(addDays(on('2000-02-28'), 1))).toBe('2000-02-29')
    expect(formatDate(addDays(on('2100-02-28'), 1))).toBe('2100-03-01')
    expect(formatDate(addDays(on('2024-02-29'), 366))).toBe('2025-03-01')
    expect(formatDate(addDays(on('2026-03-28'), 2))).toBe('2026-03-30') // the clocks change in between
    expect(formatDate(addDays(on('99-12-31'), 1))).toBe('0100-01-01')
    expect(addDays(on('2026-11-21'), 0)).toEqual(on('2026-11-21'))
  })
})

describe('a birthday', () => {
  it('is read with a year, or without one', () => {
    expect(parseBirthday('1814-03-09')).toEqual({ year: 1814, month: 3, day: 9 })
    expect(parseBirthday('--03-09')).toEqual({ year: null, month: 3, day: 9 })
    expect(parseBirthday('2024-02-29')).toEqual({ year: 2024, month: 2, day: 29 })
    expect(parseBirthday('2000-02-29')).toEqual({ year: 2000, month: 2, day: 29 })
    expect(parseBirthday('--02-29')).toEqual({ year: null, month: 2, day: 29 })
    expect(parseBirthday('0001-01-01')).toEqual({ year: 1, month: 1, day: 1 })
  })

  it('is refused when no calendar has it', () => {
    for (const text of [
      ...['2023-02-29', '1900-02-29', '2100-02-29', '0000-01-01', '2023-13-01', '2023-00-01', '2023-01-00'],
      ...['--02-30', '--04-31', '--13-01', '--00-01', '--01-00'],
    ])
      expect(parseBirthday(text), text).toBeNull()
  })

  it('is refused when written any other way', () => {
    for (const text of [
      ...['', ' 1990-01-01', '1990-01-01 ', '1990-01-01\n', '1990-1-1', '90-01-01', '19900101', '1990/01/01'],
      ...['01.01.1990', '1990-01-01T00:00:00Z', '-01-01', '---01-01', '--0101', '+001990-01-01', '-1990-01-01'],
      ...['1990-01', '1990--01-01', '--01-01-01', '١٩٩٠-٠١-٠١', 'null'],
    ])
      expect(parseBirthday(text), JSON.stringify(text)).toBeNull()
  })
})

describe('the next birthday', () => {
  it('is today on the day itself', () => {
    expect(next('1990-11-21', '2026-11-21')).toEqual({ next_birthday: '2026-11-21', days_until: 0, turns: 36 })
  })

  it('is next year from the day after', () => {
    expect(next('1990-11-21', '2026-11-22')).toEqual({ next_birthday: '2027-11-21', days_until: 364, turns: 37 })
  })

  it('comes across New Year', () => {
    expect(next('1990-01-01', '2026-12-31')).toEqual({ next_birthday: '2027-01-01', days_until: 1, turns: 37 })
    expect(next('1990-12-31', '2027-01-01')).toEqual({ next_birthday: '2027-12-31', days_until: 364, turns: 37 })
    expect(next('1990-12-31', '2026-12-31')).toEqual({ next_birthday: '2026-12-31', days_until: 0, turns: 36 })
  })

  it('counts a 29 February on the way', () => {
    expect(next('1990-03-01', '2024-02-28').days_until).toBe(2)
    expect(next('1990-03-01', '2026-02-28').days_until).toBe(1)
    expect(next('1990-03-01', '2000-02-28').days_until).toBe(2)
    expect(next('1870-03-01', '1900-02-28').days_until).toBe(1)
    expect(next('1990-03-01', '2100-02-28').days_until).toBe(1)
  })

  it('tells no age when the year is unknown', () => {
    expect(next('--11-25', '2026-11-21')).toEqual({ next_birthday: '2026-11-25', days_until: 4, turns: null })
  })

  it('is the day of birth for someone born today, and then the first', () => {
    expect(next('2026-11-21', '2026-11-21')).toEqual({ next_birthday: '2026-11-21', days_until: 0, turns: 0 })
    expect(next('2026-11-21', '2026-11-22')).toEqual({ next_birthday: '2027-11-21', days_until: 364, turns: 1 })
  })

  it('is the day of birth for someone not born yet (it may be tomorrow already elsewhere)', () => {
    expect(next('2026-11-22', '2026-11-21')).toEqual({ next_birthday: '2026-11-22', days_until: 1, turns: 0 })
    expect(next('2027-01-01', '2026-12-31')).toEqual({ next_birthday: '2027-01-01', days_until: 1, turns: 0 })
    expect(next('2028-11-20', '2026-11-21')).toEqual({ next_birthday: '2028-11-20', days_until: 730, turns: 0 })
    expect(next('2028-02-29', '2026-11-21')).toEqual({ next_birthday: '2028-02-29', days_until: 465, turns: 0 })
  })
})

describe('born on 29 February', () => {
  it('is celebrated on the day itself in a leap year, whatever the choice', () => {
    for (const leapDay of ['feb28', 'mar1'] as const) {
      expect(next('2000-02-29', '2028-02-28', leapDay)).toEqual({
        next_birthday: '2028-02-29',
        days_until: 1,
        turns: 28,
      })
      expect(next('1880-02-29', '2000-02-29', leapDay)).toMatchObject({ next_birthday: '2000-02-29', days_until: 0 })
    }
  })

  it('is celebrated on 28 February or on 1 March in a common year', () => {
    expect(next('2000-02-29', '2026-02-27', 'feb28')).toEqual({ next_birthday: '2026-02-28', days_until: 1, turns: 26 })
    expect(next('2000-02-29', '2026-02-27', 'mar1')).toEqual({ next_birthday: '2026-03-01', days_until: 2, turns: 26 })
    expect(next('2000-02-29', '2100-02-01', 'feb28').next_birthday).toBe('2100-02-28')
    expect(next('2000-02-29', '2100-02-01', 'mar1').next_birthday).toBe('2100-03-01')
    expect(next('1880-02-29', '1900-02-01', 'feb28').next_birthday).toBe('1900-02-28')
    expect(next('1880-02-29', '1900-02-01', 'mar1').next_birthday).toBe('1900-03-01')
  })

  it('is over on 1 March with one choice, and is today with the other', () => {
    expect(next('--02-29', '2026-03-01', 'feb28')).toEqual({
      next_birthday: '2027-02-28',
      days_until: 364,
      turns: null,
    })
    expect(next('--02-29', '2026-03-01', 'mar1')).toEqual({ next_birthday: '2026-03-01', days_until: 0, turns: null })
  })

  it('finds the leap day next year from a common year', () => {
    expect(next('2000-02-29', '2027-03-01', 'feb28')).toEqual({
      next_birthday: '2028-02-29',
      days_until: 365,
      turns: 28,
    })
    expect(next('2000-02-29', '2027-03-02', 'mar1')).toEqual({
      next_birthday: '2028-02-29',
      days_until: 364,
      turns: 28,
    })
  })
})

describe('upcoming birthdays', () => {
  const friends = [
    { name: 'Олена', birthday: '1990-11-28' },
    { name: 'Ana', birthday: '--11-21' },
    { name: 'José', birthday: '1985-11-29' },
    { name: 'Żaneta', birthday: '2000-11-20' },
    { name: 'Іван', birthday: '1960-11-28' },
  ]

  it('come soonest first, those of one day in the order given, today and the last day included', () => {
    expect(upcoming(friends, on('2026-11-21'), 7, 'mar1')).toEqual([
      { name: 'Ana', birthday: '--11-21', next_birthday: '2026-11-21', days_until: 0, turns: null },
      { name: 'Олена', birthday: '1990-11-28', next_birthday: '2026-11-28', days_until: 7, turns: 36 },
      { name: 'Іван', birthday: '1960-11-28', next_birthday: '2026-11-28', days_until: 7, turns: 66 },
    ])
  })

  it('are only those of today for no days', () => {
    expect(upcoming(friends, on('2026-11-21'), 0, 'mar1').map((friend) => friend.name)).toEqual(['Ana'])
    expect(upcoming(friends, on('2026-11-22'), 0, 'mar1')).toEqual([])
  })

  it('are everybody, once, for 366 days', () => {
    for (const today of ['2027-11-21', '2028-02-29', '2028-11-21'])
      expect(
        upcoming(friends, on(today), 366, 'feb28')
          .map((friend) => friend.name)
          .toSorted(),
        today,
      ).toEqual(friends.map((friend) => friend.name).toSorted())
  })

  it('leave out the unborn beyond the window, whose key is in it', () => {
    const unborn = [{ birthday: '2028-11-25' }]
    expect(upcoming(unborn, on('2026-11-21'), 7, 'mar1')).toEqual([])
    expect(upcoming(unborn, on('2028-11-21'), 7, 'mar1')).toMatchObject([{ days_until: 4, turns: 0 }])
  })

  it('leave out what cannot be read', () => {
    expect(upcoming([{ birthday: 'soon' }], on('2026-11-21'), 366, 'mar1')).toEqual([])
  })

  it('leave the list that was given as it was', () => {
    const before = structuredClone(friends)
    upcoming(friends, on('2026-11-21'), 366, 'mar1')
    expect(friends).toEqual(before)
  })
})
