import type { UserRow } from '../users/table.ts'
import { addDays, formatDate, type PlainDate, todayIn } from './upcoming.ts'

/** How often a letter says whose birthday it is. */
export type Frequency = NonNullable<UserRow['birthday_digest']>

/** The hour of the letters, in the time zone of their reader. */
const digestHour = 8
/** The days that a letter is about, from its own day on. */
const digestDays: Readonly<Record<Frequency, number>> = { daily: 1, weekly: 7 }

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How many days after its own day a letter still covers. */
export const daysAfter = (frequency: Frequency): number => digestDays[frequency] - 1

/**
 * Returns the first moment after `after` at which a letter is due: 08:00 in a time zone, daily or on Mondays. If clocks
 * skip 08:00 on that day, it is the moment after the gap; if 08:00 comes twice, it is the first. Only days later than
 * `doneOn` (`YYYY-MM-DD`) count, if given.
 * @throws RangeError if the zone is unknown
 */
export function nextDigest(
  { frequency, tz, doneOn }: { readonly frequency: Frequency; readonly tz: string; readonly doneOn?: string },
  after: Date,
): Date {
  const today = todayIn(tz, after)
  for (let ahead = 0; ; ahead++) {
    const day = addDays(today, ahead)
    if (frequency === 'weekly' && !isMonday(day)) continue
    if (doneOn !== undefined && formatDate(day) <= doneOn) continue
    const due = firstMomentOf(day, digestHour, tz)
    // A zone that moved across the date line has skipped a whole day.
    const exists = formatDate(todayIn(tz, due)) === formatDate(day)
    if (exists && due > after) return due
  }
}

/**
 * Returns the first moment at which the clocks of a zone show an hour of a day. If they skip it, returns the moment
 * after the gap.
 * @throws RangeError if the zone is unknown
 */
export function firstMomentOf({ year, month, day }: PlainDate, hour: number, tz: string): Date {
  const wall = new Date(0).setUTCFullYear(year, month - 1, day) + hour * hourMs
  const clockAt = (at: number): number => at + offsetAt(at, tz)
  // Clocks change at most once within two days, so one of the two offsets applies.
  const [before, after] = [wall - dayMs, wall + dayMs].map((at) => wall - offsetAt(at, tz)) as [number, number]
  const exact = [before, after].filter((at) => clockAt(at) === wall)
  if (exact.length > 0) return new Date(Math.min(...exact))
  // The hour is skipped: the clocks jump over it between these two moments.
  let [early, late] = [Math.min(before, after), Math.max(before, after)]
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (clockAt(middle) < wall) early = middle
    else late = middle
  }
  return new Date(late)
}

const clocks = new Map<string, Intl.DateTimeFormat>()
const maxClocks = 100

/** How far the clocks of a zone are ahead of UTC at a moment, in milliseconds. */
function offsetAt(at: number, tz: string): number {
  const parts = new Map(
    clockOf(tz)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  const displayed = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return displayed - Math.floor(at / 1000) * 1000
}

/** Returns the formatter of a zone's clock. It is cached, because creating one takes long. */
function clockOf(tz: string): Intl.DateTimeFormat {
  const cached = clocks.get(tz)
  if (cached) return cached
  const numeric = 'numeric' as const
  const clock = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone: tz,
    hourCycle: 'h23',
    ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric },
  })
  if (clocks.size >= maxClocks) clocks.clear()
  clocks.set(tz, clock)
  return clock
}

const isMonday = ({ year, month, day }: PlainDate): boolean =>
  new Date(new Date(0).setUTCFullYear(year, month - 1, day)).getUTCDay() === 1
