/** A day of the (proleptic Gregorian) calendar, with no time and no zone. Months count from 1. */
export type PlainDate = { readonly year: number; readonly month: number; readonly day: number }

/** A date of birth; `year` is null if unknown. */
export type Birthday = { readonly year: number | null; readonly month: number; readonly day: number }

/** When people born on 29 February celebrate in a year without that day. */
export type LeapDay = 'feb28' | 'mar1'

/**
 * The next celebration of a birthday: its date, the days until then, and the age reached (null if the year is unknown).
 */
export type NextBirthday = { next_birthday: string; days_until: number; turns: number | null }

/** Within this many days everybody has a birthday: no two celebrations of a birthday are further apart. */
const maxWindowDays = 366
const millisecondsPerDay = 86_400_000

/**
 * Returns the civil date at the instant `now` in an IANA time zone (`Europe/Kyiv`).
 * @throws RangeError if the zone is unknown
 */
export function todayIn(timeZone: string, now: Date): PlainDate {
  const parts = new Map(
    calendarIn(timeZone)
      .formatToParts(now)
      .map(({ type, value }) => [type, Number(value)]),
  )
  return { year: parts.get('year') ?? 0, month: parts.get('month') ?? 0, day: parts.get('day') ?? 0 }
}

const calendars = new Map<string, Intl.DateTimeFormat>()
const maxCalendars = 100

/**
 * Returns the formatter of dates in a time zone. It is cached, because creating one takes longer than the rest of a
 * request.
 */
function calendarIn(timeZone: string): Intl.DateTimeFormat {
  const cached = calendars.get(timeZone)
  if (cached) return cached
  const options = { timeZone, year: 'numeric', month: 'numeric', day: 'numeric' } as const
  const calendar = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', options)
  if (calendars.size >= maxCalendars) calendars.clear()
  calendars.set(timeZone, calendar)
  return calendar
}

/** Whether a date exists. Years are 1 to 9999. */
export function isRealDate({ year, month, day }: PlainDate): boolean {
  return (
    Number.isInteger(year) &&
    Number.isInteger(month) &&
    Number.isInteger(day) &&
    year >= 1 &&
    year <= 9999 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(year, month)
  )
}

/** `YYYY-MM-DD` (RFC 3339, full-date). */
export function formatDate({ year, month, day }: PlainDate): string {
  return `${String(year).padStart(4, '0')}-${monthDay(month, day)}`
}

/** Returns the date a number of days later, or earlier if `days` is negative. */
export function addDays(date: PlainDate, days: number): PlainDate {
  const moved = new Date((dayNumber(date) + days) * millisecondsPerDay)
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() }
}

/**
 * Parses `YYYY-MM-DD`, or `--MM-DD` if the year is unknown (RFC 6350, section 4.3.1). Null for anything else and for
 * days that do not exist; `--02-29` exists.
 */
export function parseBirthday(text: string): Birthday | null {
  const [, yearDigits, monthDigits, dayDigits] = /^(?:(\d{4})|-)-(\d{2})-(\d{2})$/.exec(text) ?? []
  const year = yearDigits === undefined ? null : Number(yearDigits)
  const birthday = { year, month: Number(monthDigits), day: Number(dayDigits) }
  const someLeapYear = 2000
  return isRealDate({ ...birthday, year: year ?? someLeapYear }) ? birthday : null
}

/**
 * Returns the first celebration on or after `today`. `turns` is the age reached: 0 on the day of birth, null if the
 * year is unknown. If the birth is after `today`, the birth itself is the next birthday (`turns` 0), so `turns` is
 * never negative.
 */
export function nextBirthday(birthday: Birthday, today: PlainDate, leapDay: LeapDay): NextBirthday {
  const year = Math.max(today.year, birthday.year ?? today.year)
  const thisYear = celebration(birthday, year, leapDay)
  const days = dayNumber(thisYear) - dayNumber(today)
  const next = days < 0 ? celebration(birthday, year + 1, leapDay) : thisYear
  return {
    next_birthday: formatDate(next),
    days_until: days < 0 ? dayNumber(next) - dayNumber(today) : days,
    turns: birthday.year === null ? null : next.year - birthday.year,
  }
}

/**
 * Lists the birthdays (`MM-DD`) that are celebrated from `today` to `days` days later, both inclusive, without
 * repetition, soonest first. `02-29` is included if the window contains the day that replaces it in a common year. A
 * store looks up these keys, and `upcoming` decides. 366 days or more are all 366 keys.
 */
export function monthDaysBetween(today: PlainDate, days: number, leapDay: LeapDay): string[] {
  const keys = new Set<string>()
  for (let ahead = 0; ahead <= Math.min(days, maxWindowDays); ahead++) {
    const date = addDays(today, ahead)
    keys.add(monthDay(date.month, date.day))
    const leapDayCelebration = celebration({ year: null, month: 2, day: 29 }, date.year, leapDay)
    if (leapDayCelebration.month === date.month && leapDayCelebration.day === date.day) keys.add('02-29')
  }
  return [...keys]
}

/** A range of days of the year, both ends included, each `MM-DD`. */
export type MonthDayRange = readonly [from: string, to: string]

/**
 * Joins days of the year into ranges, soonest first; each is one index look-up. There is one range, or two if the days
 * cross New Year or go around the year back to today.
 * @param monthDays the result of {@link monthDaysBetween}, without gaps between the first and the last
 */
export function rangesOf(monthDays: readonly string[]): MonthDayRange[] {
  const [today, second] = monthDays
  if (today === undefined) return []
  // On a 1 March that also replaces 29 February, both are today.
  const start = second === '02-29' && today === '03-01' ? second : today
  const ranges: [string, string][] = []
  for (const day of monthDays.toSorted()) {
    const last = ranges.at(-1)
    if (last && nextDay(last[1]) === day && day !== start) last[1] = day
    else ranges.push([day, day])
  }
  return [...ranges.filter(([from]) => from >= start), ...ranges.filter(([from]) => from < start)]
}

/** The next day of the year, in a leap year. */
function nextDay(day: string): string {
  const next = addDays({ year: 2000, month: Number(day.slice(0, 2)), day: Number(day.slice(3)) }, 1)
  return monthDay(next.month, next.day)
}

/**
 * Selects the people whose next birthday is between `today` and `days` days later, both inclusive: soonest first, and
 * in the order of `people` within a day. Each appears once, even if the window contains two of their birthdays. Invalid
 * birthdays are ignored.
 */
export function upcoming<T extends { birthday: string }>(
  people: readonly T[],
  today: PlainDate,
  days: number,
  leapDay: LeapDay,
): (T & NextBirthday)[] {
  return people
    .flatMap((person) => {
      const birthday = parseBirthday(person.birthday)
      return birthday ? [{ ...person, ...nextBirthday(birthday, today, leapDay) }] : []
    })
    .filter((person) => person.days_until <= days)
    .sort((a, b) => a.days_until - b.days_until)
}

function celebration({ month, day }: Birthday, year: number, leapDay: LeapDay): PlainDate {
  if (month !== 2 || day !== 29 || isLeapYear(year)) return { year, month, day }
  return leapDay === 'feb28' ? { year, month: 2, day: 28 } : { year, month: 3, day: 1 }
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days since 1970-01-01. In UTC a day always has 24 hours. Date.UTC would read the year 99 as 1999. */
function dayNumber({ year, month, day }: PlainDate): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / millisecondsPerDay
}

function monthDay(month: number, day: number): string {
  return `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
