import { z } from 'zod'
import { emailAddress, nameLine, readOnlyField, text } from '../platform/text/fields.ts'

export const username = nameLine({ min: 2, max: 64 })
  // Admins see usernames in lists.
  .refine((text) => !/[\p{Zl}\p{Zp}]/u.test(text), 'must be on one line')
  .meta({
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$',
    description: 'Your name. Other users may have the same.',
    example: 'Ana',
  })

/** An e-mail address that a letter can be sent to, as typed. Compared without case, and with its domain in ASCII. */
export const email = emailAddress().meta({ example: 'ana@example.com' })

/** The read-only members of an account, for its owner and for admins. */
export const readOnlyOfUser = {
  id: readOnlyField,
  email: readOnlyField,
  avatar: readOnlyField,
  confirmed: readOnlyField,
  created_at: readOnlyField,
}

export const locale = z.enum(['en', 'uk'], 'must be en or uk').meta({ description: 'The language of letters.' })

/** Time zones that Intl has accepted, because asking it is slow. There are about 600 names, in any case. */
const validZones = new Set<string>()
const maxValidZones = 1000

/** A time zone of the runtime's IANA database. */
export const timeZone = text({ max: 64 }).refine((name) => {
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

/** When people born on 29 February celebrate in a common year. */
export const leapDay = z.enum(['feb28', 'mar1'], 'must be feb28 or mar1')

const digestDescription =
  'How often a letter says whose birthday it is: every day on which there is one, every Monday for the coming seven ' +
  'days, or never (null). It is sent at 08:00 in your time zone (`tz`).'
const zoneDescription = 'Your time zone, for letters about birthdays: an IANA name, such as `Europe/Kyiv`.'
const leapDayDescription =
  'When people born on 29 February celebrate in a common year, in letters and in your calendar of birthdays.'

export const userExample = {
  id: 1,
  username: 'Ana',
  email: 'ana@example.com',
  role: 'user' as const,
  avatar: 'https://contacts.example.com/avatars/initials/1-QQ.svg',
  confirmed: true,
  created_at: '2026-11-21T09:30:00.000Z',
  birthday_digest: null,
  tz: 'Europe/Kyiv',
  leap_day: 'mar1' as const,
}

/** An account, as its owner sees it. */
export const userSchema = z
  .strictObject({
    id: z.int().positive(),
    username: z.string(),
    email: z.string(),
    role: z.enum(['user', 'moderator', 'admin']),
    avatar: z.url().meta({
      description: 'The URL of the picture: an uploaded one, or else initials (or Gravatar’s).',
    }),
    confirmed: z.boolean().meta({ description: 'Whether the e-mail is confirmed.' }),
    created_at: z.iso.datetime(),
    birthday_digest: z.enum(['daily', 'weekly']).nullable().meta({ description: digestDescription }),
    tz: z.string().meta({ description: zoneDescription }),
    leap_day: z.enum(['feb28', 'mar1']).meta({ description: leapDayDescription }),
  })
  .meta({ id: 'User', example: userExample })

export type User = z.infer<typeof userSchema>

/** The members of one's own account that can be changed. */
export const userChangesSchema = z
  .strictObject({
    username: username.optional(),
    locale: locale.optional(),
    birthday_digest: z
      .enum(['daily', 'weekly'], 'must be daily, weekly or null')
      .nullable()
      .optional()
      .meta({ description: digestDescription }),
    tz: timeZone.optional().meta({ description: zoneDescription }),
    leap_day: leapDay.optional().meta({ description: leapDayDescription }),
    ...readOnlyOfUser,
    role: readOnlyField,
  })
  .meta({ id: 'UserChanges', example: { username: 'Ana Kovalenko', locale: 'en' } })
