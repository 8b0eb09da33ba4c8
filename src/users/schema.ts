import { z } from 'zod'
import { emailAddress, nameLine, readOnlyField } from '../platform/text/fields.ts'

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

export const userExample = {
  id: 1,
  username: 'Ana',
  email: 'ana@example.com',
  role: 'user' as const,
  avatar: 'https://contacts.example.com/avatars/initials/1-QQ.svg',
  confirmed: true,
  created_at: '2026-11-21T09:30:00.000Z',
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
  })
  .meta({ id: 'User', example: userExample })

export type User = z.infer<typeof userSchema>

/** The members of one's own account that can be changed. */
export const userChangesSchema = z
  .strictObject({ username: username.optional(), locale: locale.optional(), ...readOnlyOfUser, role: readOnlyField })
  .meta({ id: 'UserChanges', example: { username: 'Ana Kovalenko', locale: 'en' } })
