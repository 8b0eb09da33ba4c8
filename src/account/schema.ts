import { z } from 'zod'
import { eventExample, eventSchema } from '../audit/schema.ts'
import {
  appPasswordExample,
  appPasswordSchema,
  newPassword,
  sessionExample,
  sessionSchema,
  triedPassword,
} from '../auth/schema.ts'
import { contactExample, contactSchema } from '../contacts/schema.ts'
import { trashEntrySchema, versionSchema } from '../history/schema.ts'
import { pageQuery } from '../platform/text/fields.ts'
import { importSchema } from '../transfer/schema.ts'
import { email, locale, userExample, userSchema } from '../users/schema.ts'

const current_password = triedPassword.meta({
  description: 'The current password: a stolen token alone must not be enough.',
  format: 'password',
  example: 'correct horse battery',
})

export const passwordChangeSchema = z
  .strictObject({
    current_password,
    password: newPassword,
    end_app_passwords: z.boolean().default(false).meta({
      description: 'Whether every app password ends, too: true if somebody else may have had the old password.',
    }),
  })
  .meta({ id: 'PasswordChange', example: { current_password: 'correct horse battery', password: 'staple by staple' } })

export const emailChangeSchema = z
  .strictObject({ email, current_password })
  .meta({ id: 'EmailChange', example: { email: 'ana.new@example.com', current_password: 'correct horse battery' } })

export const deletionSchema = z
  .strictObject({ current_password })
  .meta({ id: 'Deletion', example: { current_password: 'correct horse battery' } })

export const eventQuerySchema = z.strictObject(pageQuery)

const moment = z.iso.datetime()

/** All data of an account. */
export const exportSchema = z
  .strictObject({
    exported_at: moment,
    account: userSchema.extend({ locale, confirmed_at: moment.nullable() }).meta({ id: 'ExportedUser' }),
    sessions: z.array(sessionSchema.omit({ current: true }).meta({ id: 'ExportedSession' })),
    app_passwords: z.array(appPasswordSchema),
    links: z
      .array(
        z.strictObject({
          purpose: z.string(),
          expires_at: moment,
          created_at: moment,
        }),
      )
      .meta({ description: 'Links in letters to you; never the links themselves.' }),
    letters: z
      .array(
        z.strictObject({
          kind: z.string(),
          recipient: z.string(),
          subject: z.string(),
          created_at: moment,
          sent_at: moment.nullable(),
          failed_at: moment.nullable(),
        }),
      )
      .meta({ description: 'Letters of the last 30 days to your own address.' }),
    events: z.array(eventSchema),
    books: z.array(
      z.strictObject({
        slug: z.string(),
        uid: z.string(),
        name: z.string(),
        description: z.string().nullable(),
        color: z.string().nullable(),
        created_at: moment,
      }),
    ),
    contacts: z.array(contactSchema.extend({ book: z.string() })),
    vcards: z
      .array(z.strictObject({ contact: z.int(), vcard: z.string() }))
      .meta({ description: 'Of each contact that came as a vCard: its id, and the vCard, line for line.' }),
    trash: z.array(trashEntrySchema.extend({ vcard: z.string().nullable() })),
    versions: z.array(versionSchema.extend({ vcard: z.string().nullable() })),
    imports: z.array(importSchema),
    distinct_contacts: z
      .array(z.object({ contacts: z.array(z.int()), created_at: z.iso.datetime() }))
      .meta({ description: 'Pairs of contacts that you said are not the same person.' }),
  })
  .meta({
    id: 'Export',
    example: {
      exported_at: '2026-11-21T10:15:00.000Z',
      account: { ...userExample, locale: 'en', confirmed_at: '2026-11-21T09:31:00.000Z' },
      sessions: [sessionExample],
      app_passwords: [appPasswordExample],
      links: [
        {
          purpose: 'reset-password',
          expires_at: '2026-11-21T11:10:00.000Z',
          created_at: '2026-11-21T10:10:00.000Z',
        },
      ],
      letters: [
        {
          kind: 'confirm-email',
          recipient: 'ana@example.com',
          subject: 'Confirm your email',
          created_at: '2026-11-21T09:30:00.000Z',
          sent_at: '2026-11-21T09:30:01.000Z',
          failed_at: null,
        },
      ],
      events: [eventExample],
      books: [
        {
          slug: 'contacts',
          uid: '0b1f6a0e7d3c4b8e9a532f1f6a1c9d77',
          name: 'Contacts',
          description: null,
          color: null,
          created_at: '2026-11-21T09:30:00.000Z',
        },
      ],
      contacts: [{ ...contactExample, book: 'contacts' }],
      vcards: [
        {
          contact: contactExample.id,
          vcard: 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Гончар;Олесь;;;\r\nFN:Олесь Гончар\r\nEND:VCARD\r\n',
        },
      ],
      trash: [],
      versions: [],
      imports: [],
      distinct_contacts: [],
    },
  })

export type Export = z.infer<typeof exportSchema>
