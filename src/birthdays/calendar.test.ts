import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { next, on } from '../../test/dates.ts'
import {
  addDays,
  isRealDate,
  type LeapDay,
  monthDaysBetween,
  type PlainDate,
  parseBirthday,
  rangesOf,
  upcoming,
} from './upcoming.ts'

describe('the keys of a window', () => {
  it('are just today for no days', () => {
    expect(monthDaysBetween(on('2026-11-21'), 0, 'mar1')).toEqual(['11-21'])
  })

  it('include the last day', () => {
    expect(monthDaysBetween(on('2026-11-29'), 3, 'mar1')).toEqual(['11-29', '11-30', '12-01', '12-02'])
  })

  it('go across New Year', () => {
    expect(monthDaysBetween(on('2026-12-30'), 3, 'mar1')).toEqual(['12-30', '12-31', '01-01', '01-02'])
    expect(monthDaysBetween(on('2026-12-31'), 1, 'mar1')).toEqual(['12-31', '01-01'])
  })

  it('bring 29 February along with the day that stands for it in a common year', () => {
    expect(monthDaysBetween(on('2026-02-28'), 0, 'feb28')).toEqual(['02-28', '02-29'])
    expect(monthDaysBetween(on('2026-02-28'), 0, 'mar1')).toEqual(['02-28'])
    expect(monthDaysBetween(on('2026-03-01'), 0, 'feb28')).toEqual(['03-01'])
    expect(monthDaysBetween(on('2026-03-01'), 0, 'mar1')).toEqual(['03-01', '02-29'])
    expect(monthDaysBetween(on('2100-02-27'), 1, 'feb28')).toEqual(['02-27', '02-28', '02-29'])
    expect(monthDaysBetween(on('1900-02-28'), 1, 'mar1')).toEqual(['02-28', '03-01', '02-29'])
  })

  it('hold 29 February only on its own day in a leap year', () => {
    for (const leapDay of ['feb28', 'mar1'] as const) {
      expect(monthDaysBetween(on('2028-02-28'), 0, leapDay)).toEqual(['02-28'])
      expect(monthDaysBetween(on('2028-02-28'), 1, leapDay)).toEqual(['02-28', '02-29'])
      expect(monthDaysBetween(on('2000-02-29'), 1, leapDay)).toEqual(['02-29', '03-01'])
      expect(monthDaysBetween(on('2028-03-01'), 0, leapDay)).toEqual(['03-01'])
    }
  })

  it('are all 366, each once, for 366 days from any day of a leap year or a common one', () => {
    for (const leapDay of ['feb28', 'mar1'] as const)
      for (const today of [
        '2026-01-01',
        '2027-02-28',
        '2027-03-01',
        '2028-02-28',
        '2028-02-29',
        '2028-03-01',
        '2099-03-02',
      ])
        expect(monthDaysBetween(on(today), 366, leapDay).toSorted(), today).toEqual(everyMonthDay)
  })

  it('are no more for a window longer than any year', () => {
    expect(monthDaysBetween(on('2026-11-21'), 1e12, 'mar1')).toHaveLength(366)
  })
})

/*
 * The oracle: somebody with a wall calendar who turns one page a day and looks for a cake on it. It does not use the
 * code under test.
 */

type Page = [year: number, month: number, day: number]

const leap = (year: number) => (year % 400 === 0 ? true : year % 100 === 0 ? false : year % 4 === 0)
const lengths = (year: number) => [31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const lengthOf = (year: number, month: number) => lengths(year)[month - 1] ?? 0

function turn([year, month, day]: Page): Page {
  if (day < lengthOf(year, month)) return [year, month, day + 1]
  return month < 12 ? [year, month + 1, 1] : [year + 1, 1, 1]
}

const two = (number: number) => (number < 10 ? `0${number}` : `${number}`)
const written = ([year, month, day]: Page) => `${'0'.repeat(4 - `${year}`.length)}${year}-${two(month)}-${two(day)}`

function cakeOn([year, month, day]: Page, key: string, leapDay: LeapDay): boolean {
  if (key === '02-29' && !leap(year)) return leapDay === 'feb28' ? month === 2 && day === 28 : month === 3 && day === 1
  return key === `${two(month)}-${two(day)}`
}

const everyMonthDay = lengths(2000).flatMap((length, month) =>
  Array.from({ length }, (_, day) => `${two(month + 1)}-${two(day + 1)}`),
)

const anyLeapDay = fc.constantFrom<LeapDay>('feb28', 'mar1')
const awkwardYear = fc.constantFrom(1899, 1900, 1904, 1999, 2000, 2001, 2023, 2024, 2025, 2027, 2028, 2096, 2099, 2100)
const anyYear = fc.oneof(awkwardYear, fc.integer({ min: 1, max: 9000 }))
const awkwardDay = fc.constantFrom('01-01', '02-27', '02-28', '03-01', '03-02', '12-30', '12-31')

const pageIn = (years: fc.Arbitrary<number>): fc.Arbitrary<Page> =>
  years.chain((year) => {
    const ofThisYear = everyMonthDay.filter((key) => key !== '02-29' || leap(year))
    const days = fc.oneof(awkwardDay, fc.constantFrom(...ofThisYear), fc.constant(leap(year) ? '02-29' : '02-28'))
    return days.map((key): Page => [year, Number(key.slice(0, 2)), Number(key.slice(3))])
  })
const anyPage = pageIn(anyYear)
const anyBirthday = fc.oneof(
  fc.oneof(awkwardDay, fc.constant('02-29'), fc.constantFrom(...everyMonthDay)).map((key) => `--${key}`),
  anyPage.map(written),
)
const toDate = ([year, month, day]: Page): PlainDate => ({ year, month, day })

/** Somebody's birthday, and today's date: mostly after the birth, sometimes up to three years before it. */
const anyBirthdayAndToday: fc.Arbitrary<[string, Page]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(...everyMonthDay, '02-29').map((key) => `--${key}`),
    anyPage,
  ),
  anyPage.chain((birth): fc.Arbitrary<[string, Page]> => {
    const earliest = Math.max(1, birth[0] - 3)
    return fc.tuple(fc.constant(written(birth)), pageIn(fc.integer({ min: earliest, max: birth[0] + 130 })))
  }),
)

describe('turning the pages of a calendar one day at a time finds', () => {
  it('the same days ahead and behind', () => {
    fc.assert(
      fc.property(anyPage, fc.integer({ min: 0, max: 1500 }), (start, days) => {
        let page = start
        for (let turned = 0; turned < days; turned++) page = turn(page)
        expect(addDays(toDate(start), days)).toEqual(toDate(page))
        expect(addDays(toDate(page), -days)).toEqual(toDate(start))
      }),
    )
  })

  it('the same dates real', () => {
    const smallNumber = fc.integer({ min: -1, max: 33 })
    fc.assert(
      fc.property(anyYear, smallNumber, smallNumber, (year, month, day) => {
        const real = month >= 1 && month <= 12 && day >= 1 && day <= lengthOf(year, month)
        expect(isRealDate({ year, month, day })).toBe(real)
        if (real) expect(parseBirthday(written([year, month, day]))).toEqual({ year, month, day })
      }),
    )
  })

  it('the same next birthday', () => {
    fc.assert(
      fc.property(anyBirthdayAndToday, anyLeapDay, ([birthday, today], leapDay) => {
        const year = birthday.startsWith('--') ? null : Number(birthday.slice(0, 4))
        let page = today
        let days = 0
        const born = () => year === null || written(page) >= birthday
        while (!born() || !cakeOn(page, birthday.slice(-5), leapDay)) {
          page = turn(page)
          days++
        }
        expect(next(birthday, written(today), leapDay)).toEqual({
          next_birthday: written(page),
          days_until: days,
          turns: year === null ? null : page[0] - year,
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('the same keys in a window', () => {
    fc.assert(
      fc.property(anyPage, fc.integer({ min: 0, max: 366 }), anyLeapDay, (today, days, leapDay) => {
        const found = new Set<string>()
        let page = today
        for (let turned = 0; turned <= days; turned++) {
          for (const key of ['02-29', `${two(page[1])}-${two(page[2])}`]) if (cakeOn(page, key, leapDay)) found.add(key)
          page = turn(page)
        }
        const keys = monthDaysBetween(toDate(today), days, leapDay)
        expect(keys.toSorted()).toEqual([...found].toSorted())
        // Also as ranges: at most two, which contain exactly these days.
        const ranges = rangesOf(keys)
        expect(ranges.length).toBeLessThanOrEqual(2)
        expect(everyMonthDay.filter((day) => ranges.some(([from, to]) => from <= day && day <= to))).toEqual(
          keys.toSorted(),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('the same people in a window, each first time there is a cake for them', () => {
    const people = fc.array(anyBirthday, { maxLength: 25 })
    fc.assert(
      fc.property(people, anyPage, fc.integer({ min: 0, max: 366 }), anyLeapDay, (birthdays, today, days, leapDay) => {
        const found: string[] = []
        let page = today
        for (let turned = 0; turned <= days; turned++) {
          birthdays.forEach((birthday, index) => {
            const born = birthday.startsWith('--') || written(page) >= birthday
            const seen = found.some((line) => line.startsWith(`${index} `))
            if (born && !seen && cakeOn(page, birthday.slice(-5), leapDay))
              found.push(`${index} ${written(page)} in ${turned}`)
          })
          page = turn(page)
        }
        const input = birthdays.map((birthday, index) => ({ birthday, index }))
        const listed = upcoming(input, toDate(today), days, leapDay)
        expect(listed.map((one) => `${one.index} ${one.next_birthday} in ${one.days_until}`)).toEqual(found)
        const keys = new Set(monthDaysBetween(toDate(today), days, leapDay))
        expect(listed.every((one) => keys.has(one.birthday.slice(-5)))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
