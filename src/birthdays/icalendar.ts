import { isAscii } from '../platform/text/email.ts'
import { type Birthday, type LeapDay, parseBirthday } from './upcoming.ts'

/** What an event of a calendar says. All of it comes from people, so all of it is escaped. */
export interface CalendarEvent {
  /** Unique in the world, and the same for as long as the event exists. */
  readonly uid: string
  /** `YYYY-MM-DD`, or `--MM-DD` if the year is unknown. */
  readonly date: string
  readonly summary: string
  /** RFC 3339, in UTC. */
  readonly updatedAt: string
}

/** The start of an event without a year: a leap year, because 29 February must exist in it. */
const yearOfUnknown = 2000
/** Older events start in this leap year, because some programs know no earlier one. Their summary has the real year. */
const earliestYear = 1904

/** How many octets a line may have (RFC 5545, section 3.1). */
const longestLine = 75
const lineBreak = '\r\n'

/** The first lines of a calendar. Programs ask for it again after six hours. */
export const beginCalendar = (name: string): string =>
  lines([
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Vizitka//Birthdays//EN',
    'CALSCALE:GREGORIAN',
    // RFC 7986, and the older properties that say the same.
    textLine('NAME', name),
    textLine('X-WR-CALNAME', name),
    'REFRESH-INTERVAL;VALUE=DURATION:PT6H',
    'X-PUBLISHED-TTL:PT6H',
  ])

export const endCalendar = `END:VCALENDAR${lineBreak}`

/**
 * Writes an event that takes place on a day of each year (RFC 5545, section 3.6.1), all day, without making its owner
 * busy. Empty for what is no date.
 */
export function yearlyEvent({ uid, date, summary, updatedAt }: CalendarEvent, leapDay: LeapDay): string {
  const day = parseBirthday(date)
  if (!day) return ''
  const changedAt = updatedAt.replace(/\.\d+/, '').replace(/[-:]/g, '')
  return lines([
    'BEGIN:VEVENT',
    textLine('UID', uid),
    `DTSTAMP:${changedAt}`,
    `LAST-MODIFIED:${changedAt}`,
    `DTSTART;VALUE=DATE:${firstDay(day)}`,
    `RRULE:${ruleOf(day, leapDay)}`,
    textLine('SUMMARY', summary),
    'TRANSP:TRANSPARENT',
    'END:VEVENT',
  ])
}

const firstDay = ({ year, month, day }: Birthday): string =>
  [Math.max(year ?? yearOfUnknown, earliestYear), month, day].map((part) => String(part).padStart(2, '0')).join('')

/**
 * The rule of RFC 5545, section 3.3.10. A yearly event that starts on 29 February would take place only in leap years.
 * The last day of February, and the 60th day of a year, are 29 February in leap years, and 28 February or 1 March in
 * others.
 */
function ruleOf({ month, day }: Birthday, leapDay: LeapDay): string {
  if (month !== 2 || day !== 29) return 'FREQ=YEARLY'
  return leapDay === 'feb28' ? 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1' : 'FREQ=YEARLY;BYYEARDAY=60'
}

/** Escapes a text (RFC 5545, section 3.3.11). Other control characters than line breaks and tabs are removed. */
const escapeText = (text: string): string =>
  text
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\r\n|[\r\n]/g, '\\n')
    .replace(/[^\P{Cc}\t]/gu, '')

/** Writes a line with a text, which may be long. All other lines are short. */
const textLine = (name: string, text: string): string => fold(`${name}:${escapeText(text)}`)

const lines = (contents: readonly string[]): string => contents.join(lineBreak) + lineBreak

/** Folds a line after at most 75 octets, never within a character (RFC 5545, section 3.1). */
function fold(line: string): string {
  if (line.length <= longestLine && isAscii(line)) return line
  let folded = ''
  let octets = 0
  for (const character of line) {
    const size = octetsOf(character)
    if (octets + size > longestLine) {
      folded += `${lineBreak} `
      octets = 1
    }
    folded += character
    octets += size
  }
  return folded
}

/** How many octets a character has in UTF-8. */
function octetsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4
}
