import { z } from 'zod'
import { contactExample, contactSchema } from '../contacts/schema.ts'
import { text, whole } from '../platform/text/fields.ts'

/** Time zones that Intl has accepted, because asking it is slow. There are about 600 names, in any case. */
const validZones = new Set<string>()
const maxValidZones = 1000

/** A time zone of the runtime's IANA database. */
const timeZone = text({ max: 64 }).refine((name) => {
  try {
    // Intl also accepts offsets such as +02:00, which are not time zones: they have no daylight saving time.
    if (!validZones.has(name) && !(/^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name })))
      return false
    if (validZones.size < maxValidZones) validZones.add(name)
    return true
  } catch {
    return false
  }
}, 'must be a time zone such as Europe/Kyiv')

/** The query of a list of birthdays. */
export const birthdayQuerySchema = z.strictObject({
  days: whole(0, 366).default(7).meta({ type: 'integer', description: 'From today to today + days, inclusive.' }),
  tz: timeZone
    .default('UTC')
    .meta({ description: 'The time zone that decides which day is today: an IANA name, such as `Europe/Kyiv`.' }),
  leap_day: z
    .enum(['feb28', 'mar1'], 'must be feb28 or mar1')
    .default('mar1')
    .meta({ description: 'When people born on 29 February celebrate in a common year.' }),
  limit: whole(1, 1000).optional().meta({
    type: 'integer',
    description: 'Only this many of the soonest; without it, all of those days.',
    example: 20,
  }),
})

/** A contact with its next birthday. */
export const upcomingSchema = contactSchema
  .extend({
    next_birthday: z.iso.date(),
    days_until: z.int().min(0).max(366),
    turns: z.int().min(0).nullable().meta({ description: 'The age reached; null when the year is unknown.' }),
  })
  .meta({
    id: 'UpcomingBirthday',
    example: {
      ...contactExample,
      next_birthday: '2027-04-03',
      days_until: 133,
      turns: 109,
    },
  })
