/** Calendars, read by another program's parser. */
import ICAL from 'ical.js'

/** An event as a calendar program sees it. */
export interface SeenEvent {
  readonly uid: string
  readonly summary: string
  readonly start: string
  /** Whether it takes whole days, and leaves its owner free. */
  readonly isAllDay: boolean
  readonly isFree: boolean
  /** The days on which it takes place in some years, in order. */
  readonly days: (from: number, to: number) => string[]
}

/** Parses a calendar and its events. */
export function readCalendar(text: string): { readonly name: string; readonly events: SeenEvent[] } {
  const calendar = new ICAL.Component(ICAL.parse(text))
  const events = calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component)
    return {
      uid: event.uid,
      summary: event.summary,
      start: event.startDate.toString(),
      isAllDay: event.startDate.isDate && event.endDate.subtractDate(event.startDate).toSeconds() === 86_400,
      isFree: component.getFirstPropertyValue('transp') === 'TRANSPARENT',
      days: (from: number, to: number) => {
        const days: string[] = []
        const occurrences = event.iterator()
        for (let next = occurrences.next(); next && next.year <= to; next = occurrences.next()) {
          if (next.year >= from) days.push(next.toString())
        }
        return days
      },
    }
  })
  return { name: String(calendar.getFirstPropertyValue('x-wr-calname')), events }
}
