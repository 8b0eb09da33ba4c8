/** The number of days of each month, in a leap year. */
const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The year that Apple's programs write for an unknown year. */
const noYear = 1604

/** The formats of dates in cards: `1996-04-15`, `19960415`, with or without a time; `--0412`, `--04-12`. */
const written =
  /^(?:(\d{4})-?(\d\d)-?(\d\d)|--(\d\d)-?(\d\d))(?:[T ]\d\d(?::?\d\d){0,2}(?:[.,]\d+)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/i

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/**
 * Parses a date of a card (RFC 6350, section 4.3). Returns `YYYY-MM-DD`, or `--MM-DD` for an unknown year: missing,
 * 0000, 1604 (which iOS 17 writes without X-APPLE-OMIT-YEAR), or the year `omitted`. Null if it is no complete date.
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

/** Whether a text is a date in the format of the API. */
export const isDate = (text: string): boolean => /^(\d{4}|-)-\d\d-\d\d$/.test(text) && readDate(text) === text

/**
 * Formats a date of the API for a card. 4.0 has the basic format (RFC 6350, section 4.3.1), `19960415` and `--0415`.
 * Earlier versions have no date without a year, so the year is 1604, as in Apple's programs; the caller adds
 * X-APPLE-OMIT-YEAR.
 */
export function writeDate(date: string, version: string): string {
  if (version === '4.0') return date.startsWith('--') ? `--${date.slice(2).replace('-', '')}` : date.replaceAll('-', '')
  return date.replace(/^--/, `${noYear}-`)
}

/** The parameter of a date without a year before 4.0. */
export const omitYearParam = `X-APPLE-OMIT-YEAR=${noYear}`
