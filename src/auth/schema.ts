import { z } from 'zod'
import { characters } from '../platform/fields.ts'
import { email, locale, username, userSchema } from '../users/schema.ts'

/** A password that is being chosen. NFC when hashed; never trimmed and never cut. */
export const newPassword = z
  .string()
  .refine((text) => characters(text.normalize('NFC')) >= 8, 'must have at least 8 characters')
  .refine((text) => characters(text.normalize('NFC')) <= 128, 'must have at most 128 characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .meta({ format: 'password', minLength: 8, maxLength: 128, example: 'correct horse battery' })

/** A password that is being tried: whatever it is, it is compared, not judged. The bound keeps hashing cheap. */
const triedPassword = z
  .string()
  .min(1, 'must not be empty')
  .max(1024, 'is longer than any password here')
  .meta({ format: 'password', example: 'correct horse battery' })

const triedEmail = z.string().trim().min(1, 'must not be empty').max(254, 'must have at most 254 characters')

export const signupSchema = z
  .strictObject({ username, email, password: newPassword, locale: locale.optional() })
  .meta({ id: 'Signup' })

export const signedUpSchema = z.strictObject({ user: userSchema, detail: z.string() }).meta({ id: 'SignedUp' })

export const loginSchema = z
  .strictObject({ email: triedEmail.meta({ example: 'ana@example.com' }), password: triedPassword })
  .meta({ id: 'Login' })

/** OAuth 2.0's password form (RFC 6749, section 4.3.2); `username` is the e-mail. Its other fields are taken and ignored. */
export const loginFormSchema = z
  .object({
    grant_type: z.literal('password', 'must be "password"').optional(),
    username: triedEmail.meta({ description: 'The e-mail.', example: 'ana@example.com' }),
    password: triedPassword,
    scope: z.string().optional(),
    client_id: z.string().optional(),
    client_secret: z.string().optional(),
  })
  .meta({ id: 'LoginForm' })

export const tokensSchema = z
  .strictObject({
    access_token: z.string().meta({ description: 'A JWT: send it as `Authorization: Bearer …`.' }),
    refresh_token: z.string().meta({ description: 'Good for one new pair of tokens.' }),
    token_type: z.literal('bearer'),
    expires_in: z.int().positive().meta({ description: 'Seconds until the access token expires.' }),
  })
  .meta({ id: 'Tokens' })

export const refreshSchema = z
  .strictObject({ refresh_token: z.string().optional() })
  .meta({ id: 'Refresh', description: 'The refresh token, unless it is sent as `Authorization: Bearer …`.' })

export const tokenSchema = z
  .strictObject({ token: z.string().min(1, 'must not be empty').max(200, 'is longer than any token here') })
  .meta({
    id: 'LinkToken',
    description: 'The last part of the link in the letter.',
    example: { token: 'paste-the-last-part-of-the-link-in-the-letter' },
  })

export const addressSchema = z.strictObject({ email }).meta({ id: 'Address' })

export const detailSchema = z
  .strictObject({ detail: z.string().meta({ description: 'What happened, for a person.' }) })
  .meta({ id: 'Detail' })
