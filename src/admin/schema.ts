import { z } from 'zod'
import { flag, line, pageQuery, readOnlyField } from '../platform/text/fields.ts'
import { readOnlyOfUser, userExample, userSchema } from '../users/schema.ts'

const role = z.enum(['user', 'moderator', 'admin'], 'must be user, moderator or admin')

/** What only the owner of an account sees: where they live, and which letters they want, is nobody else's business. */
const { birthday_digest: _digest, tz: _tz, leap_day: _leapDay, ...shownExample } = userExample

/** An account, as admins and moderators see it. */
export const managedUserSchema = userSchema
  .omit({ birthday_digest: true, tz: true, leap_day: true })
  .extend({ disabled: z.boolean() })
  .meta({ id: 'ManagedUser', example: { ...shownExample, disabled: false } })

export type ManagedUser = z.infer<typeof managedUserSchema>

export const userQuerySchema = z.strictObject({
  q: line({ min: 1, max: 254 })
    .optional()
    .meta({ description: 'Part of the e-mail or username, without case or accents.' }),
  role: role.optional(),
  disabled: flag
    .optional()
    .meta({ type: 'boolean', description: '`true`: only disabled accounts; `false`: only the others.' }),
  ...pageQuery,
})

export type UserQuery = z.infer<typeof userQuerySchema>

export const userManagementSchema = z
  .strictObject({ role: role.optional(), disabled: z.boolean().optional(), ...readOnlyOfUser, username: readOnlyField })
  .refine(({ role, disabled }) => role !== undefined || disabled !== undefined, 'Give a role, or disabled, or both.')
  .meta({
    id: 'UserManagement',
    anyOf: [{ required: ['role'] }, { required: ['disabled'] }],
    example: { disabled: false },
  })

export type UserManagement = z.infer<typeof userManagementSchema>

const states = ['waiting', 'sent', 'failed'] as const

export const letterQuerySchema = z.strictObject({
  state: z.enum(states, `must be one of ${states.join(', ')}`).optional(),
  ...pageQuery,
})

const moment = z.iso.datetime()

/** A letter without its text. */
export const letterSchema = z
  .strictObject({
    id: z.int().positive(),
    user_id: z.int().nullable(),
    kind: z.string(),
    recipient: z.string(),
    subject: z.string(),
    state: z.enum(states),
    attempts: z.int().meta({ description: 'How often sending was tried.' }),
    due_at: moment.nullable().meta({ description: 'When the next attempt is due.' }),
    sent_at: moment.nullable(),
    failed_at: moment.nullable().meta({ description: 'When sending failed for good.' }),
    last_error: z.string().nullable().meta({ description: 'The mail server’s last error.' }),
    created_at: moment,
  })
  .meta({
    id: 'Letter',
    example: {
      id: 3,
      user_id: 1,
      kind: 'confirm-email',
      recipient: 'ana@example.com',
      subject: 'Confirm your email',
      state: 'failed',
      attempts: 1,
      due_at: null,
      sent_at: null,
      failed_at: '2026-11-21T09:30:01.000Z',
      last_error: 'MailError: RCPT TO was answered by 550 5.1.1 No such user',
      created_at: '2026-11-21T09:30:00.000Z',
    },
  })

export type Letter = z.infer<typeof letterSchema>
