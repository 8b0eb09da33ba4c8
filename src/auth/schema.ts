import { z } from 'zod'
import { characters, idInPath, nameLine, normalized, pasted, text } from '../platform/text/fields.ts'
import { email, locale, userExample, username, userSchema } from '../users/schema.ts'

/** The maximum length of a text that is processed as a password, in UTF-16 units. It keeps hashing cheap. */
export const maxTriedLength = 1024

/** A new password. Normalized to NFC before hashing; never trimmed or cut. */
export const newPassword = z
  .string()
  // Checked first, and alone if it fails: normalizing a megabyte of accents takes minutes.
  .max(maxTriedLength, { abort: true, error: 'must have at most 128 characters' })
  .refine((text) => characters(text.normalize('NFC')) >= 8, 'must have at least 8 characters')
  .refine((text) => characters(text.normalize('NFC')) <= 128, 'must have at most 128 characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .meta({
    format: 'password',
    minLength: 8,
    maxLength: 128,
    ...normalized('nfc'),
    description: 'Any characters. Not one of the most common passwords, and not your e-mail or username.',
    example: 'correct horse battery',
  })

/** A password to log in with: it is compared only, so no rule applies but the length. */
export const triedPassword = text({ min: 1, max: maxTriedLength }).meta({
  format: 'password',
  example: 'correct horse battery',
})

const triedEmail = pasted({ min: 1, max: 254 })
  // No stored address has half a surrogate pair, and libSQL fails on it.
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')

export const signupSchema = z.strictObject({ username, email, password: newPassword, locale: locale.optional() }).meta({
  id: 'Signup',
  example: { username: 'Ana', email: 'ana@example.com', password: 'correct horse battery', locale: 'en' },
})

export const signedUpSchema = z.strictObject({ user: userSchema, detail: z.string() }).meta({
  id: 'SignedUp',
  example: {
    user: { ...userExample, confirmed: false },
    detail: 'We have sent you a letter: open its link to confirm your address, then log in.',
  },
})

export const loginSchema = z
  .strictObject({ email: triedEmail.meta({ example: 'ana@example.com' }), password: triedPassword })
  .meta({ id: 'Login', example: { email: 'ana@example.com', password: 'correct horse battery' } })

/** OAuth 2.0's password form (RFC 6749, section 4.3.2); `username` is the e-mail. Its other fields are ignored. */
export const loginFormSchema = z
  .object({
    // A parameter without a value counts as left out (RFC 6749, section 3.2).
    grant_type: z.enum(['password', ''], 'must be "password"').optional(),
    username: triedEmail.meta({ description: 'The e-mail.', example: 'ana@example.com' }),
    password: triedPassword,
    scope: z.string().optional(),
    client_id: z.string().optional(),
    client_secret: z.string().optional(),
  })
  .meta({ id: 'LoginForm', example: { username: 'ana@example.com', password: 'correct horse battery' } })

/**
 * The User-Agent header, for the document; logging in stores it. Without a header parameter, openapi-python-client 0.29
 * generates code that cannot be imported for an operation with two media types (its issue 1451).
 */
export const loginHeadersSchema = z.object({
  'User-Agent': z.string().optional().meta({
    description: 'The device in the list of sessions. Browsers set it themselves.',
  }),
})

export const tokensSchema = z
  .strictObject({
    access_token: z.string().meta({ description: 'A JWT: send it as `Authorization: Bearer …`.' }),
    refresh_token: z.string().meta({ description: 'Can be exchanged once for new tokens.' }),
    token_type: z.literal('bearer'),
    expires_in: z.int().positive().meta({ description: 'Seconds until the access token expires.' }),
  })
  .meta({
    id: 'Tokens',
    example: {
      access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.the-claims.the-signature',
      refresh_token: '7.0.the-refresh-token-of-session-7',
      token_type: 'bearer',
      expires_in: 900,
    },
  })

export const refreshSchema = z.strictObject({ refresh_token: z.string().nullish() }).meta({
  id: 'Refresh',
  description:
    'The refresh token, unless it is sent as `Authorization: Bearer …`: then null, and an empty text, count as left out.',
  example: { refresh_token: '7.0.the-refresh-token-of-session-7' },
})

export const tokenSchema = z.strictObject({ token: text({ min: 1, max: 200 }) }).meta({
  id: 'LinkToken',
  description: 'The last part of the link in the letter.',
  example: { token: 'paste-the-last-part-of-the-link-in-the-letter' },
})

export const addressSchema = z.strictObject({ email }).meta({ id: 'Address', example: { email: 'ana@example.com' } })

export const detailSchema = z
  .strictObject({ detail: z.string().meta({ description: 'The result, as a sentence for a person.' }) })
  .meta({ id: 'Detail', example: { detail: 'We have sent you a letter: open the link in it.' } })

export const sessionExample = {
  id: 7,
  device: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  address: '192.0.2.7',
  created_at: '2026-11-21T09:30:00.000Z',
  last_used_at: '2026-11-21T10:15:00.000Z',
}

/** A session, as its owner sees it. */
export const sessionSchema = z
  .strictObject({
    id: z.int().positive(),
    device: z.string().nullable().meta({ description: 'The User-Agent of the login.' }),
    address: z.string().nullable().meta({ description: 'The IP address of the last refresh.' }),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().meta({ description: 'When its tokens were last refreshed.' }),
    current: z.boolean().meta({ description: 'Whether it is the session of this request.' }),
  })
  .meta({ id: 'Session', example: { ...sessionExample, current: true } })

/**
 * The purpose of an app password. `dav` and `dav:read` are for synchronizing address books, `feed` for calendars, `api`
 * and `api:read` for programs.
 */
export const scopes = ['dav', 'dav:read', 'feed', 'api', 'api:read'] as const

const appPasswordId = z.int().positive()
const scope = z.enum(scopes).meta({
  description:
    '`dav`: address books by CardDAV; `feed`: calendars; `api`: contacts, labels, the trash and `GET /api/users/me`. ' +
    'With `:read`, nothing is changed.',
})

export const appPasswordInputSchema = z
  .strictObject({
    name: nameLine({ min: 1, max: 60 })
      // The name appears in letters and lists.
      .refine((text) => !/[\p{Zl}\p{Zp}]/u.test(text), 'must be on one line')
      .meta({
        pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$',
        description: 'The phone or program that uses it.',
        example: 'iPhone',
      }),
    scope,
  })
  .meta({ id: 'AppPasswordInput', example: { name: 'iPhone', scope: 'dav' } })

export const appPasswordExample = {
  id: 3,
  name: 'iPhone',
  scope: 'dav' as const,
  last_used_on: '2026-11-21',
  created_at: '2026-11-21T09:30:00.000Z',
}

/** An app password, as its owner sees it: never the password itself. */
export const appPasswordSchema = z
  .strictObject({
    id: appPasswordId,
    name: z.string(),
    scope,
    last_used_on: z.iso.date().nullable().meta({ description: 'The day of its last use, in UTC.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AppPassword', example: appPasswordExample })

/** A new app password: the only response that contains it. */
export const newAppPasswordSchema = z
  .strictObject({
    id: appPasswordId,
    name: z.string(),
    scope,
    password: z.string().meta({ description: 'Shown this once. Send it as `Authorization: Bearer …`.' }),
    created_at: z.iso.datetime(),
  })
  .meta({
    id: 'NewAppPassword',
    example: {
      id: 3,
      name: 'iPhone',
      scope: 'dav',
      password: 'vz1-this-is-no-real-password',
      created_at: '2026-11-21T09:30:00.000Z',
    },
  })

export const appPasswordIdSchema = z.object({ id: idInPath })

export const sessionIdSchema = z.object({ id: idInPath })

/** The token of a link, in a path. */
export const linkTokenParamSchema = z.object({
  token: text({ max: 1000 }).meta({
    description: 'The last part of the link in the letter.',
    example: 'paste-the-last-part-of-the-link',
  }),
})

export const resetConfirmationSchema = z
  .strictObject({
    reset_password_confirmation_token: z.string().meta({ description: 'Send it with the new password.' }),
    expires_in: z.int().positive().meta({ description: 'Seconds until it expires.' }),
  })
  .meta({
    id: 'ResetConfirmation',
    example: { reset_password_confirmation_token: 'the-token-to-send-with-the-new-password', expires_in: 900 },
  })

export const resetSchema = z
  .strictObject({
    password: newPassword,
    email: pasted({ max: 1000 }).optional().meta({ description: 'If sent, it must be the account’s.' }),
    username: z.unknown().optional().meta({ description: 'Ignored: older clients send one.' }),
    end_app_passwords: z.boolean().default(true).meta({
      description: 'Whether every app password ends, too. Keep them only if nobody else can have had your password.',
    }),
  })
  .meta({ id: 'Reset', example: { password: 'correct horse battery' } })
