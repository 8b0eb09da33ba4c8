import { z } from 'zod'
import { line, trimmed } from '../platform/fields.ts'

export const username = line({ min: 2, max: 64 })
  .refine((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text), 'must have a character that can be seen')
  // Whoever runs the service reads it in lists, beside other people's.
  .refine((text) => !/[\u202a-\u202e\u2066-\u2069\p{Zl}\p{Zp}]/u.test(text), 'must not turn the direction of writing')
  .meta({
    description: 'What you are called. Others may be called the same.',
    example: 'Ana',
  })

/** An address that a letter can be sent to, as typed (trimmed). Compared without case. */
export const email = trimmed({ max: 254 })
  .pipe(z.email('must be an e-mail address, such as ana@example.com'))
  // RFC 5321, section 4.5.3.1.1: no mail server takes more.
  .refine((text) => text.indexOf('@') <= 64, 'must have at most 64 characters before the @')
  .meta({
    format: 'email',
    pattern: z.regexes.email.source,
    example: 'ana@example.com',
  })

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
      description: 'Where the picture is: the one that was given, or else one that shows initials (or Gravatar’s).',
    }),
    confirmed: z.boolean().meta({ description: 'Whether the e-mail is confirmed.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'User', example: userExample })

export type User = z.infer<typeof userSchema>

/** What may be changed of one's own account. */
export const userChangesSchema = z
  .strictObject({ username: username.optional(), locale: locale.optional() })
  .meta({ id: 'UserChanges', example: { username: 'Ana Kovalenko', locale: 'en' } })
