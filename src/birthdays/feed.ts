import { parseCards } from '../cards/parse.ts'
import { readFields } from '../cards/read.ts'
import { fullName } from '../contacts/fields.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import type { Database } from '../platform/db/database.ts'
import type { Account } from '../users/table.ts'
import { anniversariesOf, birthdaysOf, type PersonRow } from './feed-store.ts'
import { beginCalendar, type CalendarEvent, endCalendar, yearlyEvent } from './icalendar.ts'
import { parseBirthday } from './upcoming.ts'

/** The part of an account that a calendar depends on. */
type Reader = Pick<Account, 'id' | 'locale' | 'leap_day'>

/** Raised whenever the text of calendars changes for the same contacts. */
const format = 2

const words = {
  en: { calendar: 'Birthdays', birthday: 'Birthday', anniversary: 'Anniversary' },
  uk: { calendar: 'Дні народження', birthday: 'День народження', anniversary: 'Річниця' },
} as const

/**
 * Makes the ETag of a calendar: it changes with every change of the owner's contacts, and with what else the text
 * depends on.
 */
export const feedEtag = ({ locale, leap_day }: Reader, number: number, { CHANGES_EPOCH }: Configuration): string =>
  `"${format}-${CHANGES_EPOCH}-${number}-${locale}-${leap_day}"`

/**
 * Yields the text of a calendar (RFC 5545) in pieces: a yearly event for each birthday of a contact, then one for each
 * anniversary in their vCards. UIDs of events begin with 128 random bits of the owner's (`bookUid`), so that nobody
 * else can guess them, and stay the same when a contact changes.
 */
export async function* calendarOf(db: Database, reader: Reader, bookUid: string): AsyncGenerator<string> {
  const { id: ownerId, locale, leap_day } = reader
  const say = words[locale]
  yield beginCalendar(say.calendar)
  for await (const rows of birthdaysOf(db, ownerId)) {
    yield rows
      .map((row) => {
        const event = { uid: `${bookUid}-${row.id}-birthday`, date: row.birthday ?? '', what: say.birthday }
        return yearlyEvent(eventOf(row, event), leap_day)
      })
      .join('')
  }
  for await (const rows of anniversariesOf(db, ownerId)) {
    yield rows
      .flatMap((row) =>
        anniversariesIn(row.card).map((date, n) => {
          const uid = `${bookUid}-${row.id}-anniversary${n === 0 ? '' : `-${n + 1}`}`
          return yearlyEvent(eventOf(row, { uid, date, what: say.anniversary }), leap_day)
        }),
      )
      .join('')
  }
  yield endCalendar
}

/** Writes what happens, to whom and, in brackets, since which year: a yearly event cannot say an age. */
function eventOf(row: PersonRow, { uid, date, what }: { uid: string; date: string; what: string }): CalendarEvent {
  const year = parseBirthday(date)?.year ?? null
  const summary = `${what}: ${row.full_name ?? fullName(row)}${year === null ? '' : ` (${year})`}`
  return { uid, date, summary, updatedAt: row.updated_at }
}

/** The dates of the anniversaries that a vCard names, each once; what is no date is left out. */
function anniversariesIn(text: string | null): string[] {
  const [card] = text === null ? [] : parseCards(text)
  const dates = card ? readFields(card).dates : []
  const named = dates.filter(({ label, value }) => label === 'anniversary' && parseBirthday(value) !== null)
  return [...new Set(named.map(({ value }) => value))]
}
