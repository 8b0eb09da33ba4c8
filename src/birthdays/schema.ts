import { z } from 'zod'
import { contactExample, contactSchema } from '../contacts/schema.ts'
import { whole } from '../platform/text/fields.ts'
import { leapDay, timeZone } from '../users/schema.ts'

/** The query of a list of birthdays. */
export const birthdayQuerySchema = z.strictObject({
  days: whole(0, 366).default(7).meta({ type: 'integer', description: 'From today to today + days, inclusive.' }),
  tz: timeZone
    .default('UTC')
    .meta({ description: 'The time zone that decides which day is today: an IANA name, such as `Europe/Kyiv`.' }),
  leap_day: leapDay
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
