import { z } from 'zod'

/** The kinds of events, which are stored for a while, so that the owner of an account and admins can look back. */
export const eventKinds = [
  'signed-up',
  'email-confirmed',
  'logged-in',
  'login-failed',
  'refresh-token-stolen',
  'session-ended',
  'app-password-created',
  'app-password-revoked',
  'reset-requested',
  'trash-emptied',
  'book-deleted',
  'import-done',
  'import-undone',
  'password-reset',
  'password-changed',
  'email-change-requested',
  'email-changed',
  'role-changed',
  'disabled',
  'enabled',
  'deleted',
] as const

export const eventExample = {
  id: 12,
  kind: 'logged-in' as const,
  actor_id: null,
  address: '192.0.2.7',
  device: 'curl/8.5.0',
  detail: null,
  created_at: '2026-11-21T09:30:00.000Z',
}

/** An event of an account. */
export const eventSchema = z
  .strictObject({
    id: z.int().positive().meta({ description: 'Its number in this account, from 1.' }),
    kind: z.enum(eventKinds),
    actor_id: z.int().nullable().meta({ description: 'Who did it, if that was somebody else.' }),
    address: z.string().nullable(),
    device: z.string().nullable(),
    detail: z
      .string()
      .nullable()
      .meta({ description: 'A detail, such as the new role, or the scope of an app password.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Event', example: eventExample })
