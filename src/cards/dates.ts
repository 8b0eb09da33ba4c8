/** Days of each month, February's as in a leap year. */
const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The year by which Apple's programs say that there is none: a leap year long ago. */
const noYear = 1604

/** Dates as they stand in cards: `1996-04-15`, `19960415`, with or without a time; `--0412`, `--04-12`. */
const written =
  /^(?:(\d{4})-?(\d\d)-?(\d\d)|--(\d\d)-?(\d\d))(?:[T ]\d\d(?::?\d\d){0,2}(?:[.,]\d+)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/i

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/**
 * A date of a card as `YYYY-MM-DD`, or `--MM-DD` where its year is unknown: not written, 0000, 1604 (which iOS 17
 * writes without X-APPLE-OMIT-YEAR), or the one that `omitted` says. Null where it is no whole date (RFC 6350, section
 * 4.3).
 */
export function readDate(value: string, omitted?: string): string | null {
  const match = written.exec(value.trim())
  if (!match) return null
  const [, yearText, ...parts] = match
  const [month = '', day = ''] = parts.filter((part) => part !== undefined)
  const year = Number(yearText ?? 0)
  if (Number(day) < 1 || Number(day) > (days[Number(month) - 1] ?? 0)) return null
  if (year === 0 || year === noYear || yearText === omitted) return `--${month}-${day}`
  return month === '02' && day === '29' && !isLeap(year) ? null : `${yearText}-${month}-${day}`
}

/** Whether a text is a date as the wire has it. */
export const isDate = (text: string): boolean => /^(\d{4}|-)-\d\d-\d\d$/.test(text) && readDate(text) === text

/**
 * A date of the wire in a card's words. 4.0 has the basic form (RFC 6350, section 4.3.1), `19960415` and `--0415`.
 * Before it a date without a year cannot be said, so it is said as Apple does, by the year 1604 (and X-APPLE-OMIT-YEAR,
 * which is the caller's).
 */
export function writeDate(date: string, version: string): string {
  if (version === '4.0') return date.startsWith('--') ? `--${date.slice(2).replace('-', '')}` : date.replaceAll('-', '')
  return date.replace(/^--/, `${noYear}-`)
}

/** The parameter that goes with a date without a year, before 4.0. */
export const omitYearParam = `X-APPLE-OMIT-YEAR=${noYear}`
