import { z } from 'zod'
import { contactExample, contactSchema } from '../contacts/schema.ts'
import { pageQuery } from '../platform/text/fields.ts'

/** The most contacts that one request dismisses, or merges into another. */
const maxContacts = 20

const id = z.int().positive()

export const duplicatesQuerySchema = z.strictObject(pageQuery)

const signSchema = z
  .object({
    kind: z.enum(['email', 'phone', 'born']).meta({
      description: '`email`: the same address; `phone`: the same last nine digits; `born`: the same name and birthday.',
    }),
    value: z.string().meta({ description: 'What they have in common, in the form in which it is compared.' }),
  })
  .meta({ id: 'Sign', example: { kind: 'phone', value: '441234567' } })

const duplicatesExample = {
  signs: [{ kind: 'phone' as const, value: '441234567' }],
  contacts: [contactExample, { ...contactExample, id: 2 }],
}

/** Contacts that seem to be the same person. */
export const duplicatesSchema = z
  .object({
    signs: z.array(signSchema).meta({ description: 'Why: each is shared by at least two of the contacts.' }),
    contacts: z.array(contactSchema).meta({ description: 'Two at least, in the order of ids.' }),
  })
  .meta({ id: 'Duplicates', example: duplicatesExample })

export const dismissalSchema = z
  .strictObject({
    ids: z
      .array(id)
      .min(2)
      .max(maxContacts)
      .meta({ description: 'The ids of contacts of which no two are the same person.' }),
  })
  .meta({ id: 'Dismissal', example: { ids: [1, 2] } })

const chosen = (what: string) => id.optional().meta({ description: `The id of the contact whose ${what} it has.` })

export const mergeSchema = z
  .strictObject({
    into: id.meta({ description: 'The id of the contact that the others are merged into.' }),
    from: z
      .array(id)
      .min(1)
      .max(maxContacts)
      .meta({ description: 'The ids of the contacts to merge into it. They go to the trash.' }),
    fields: z
      .strictObject({
        name: chosen('name'),
        email: chosen('e-mail as the primary one'),
        phone: chosen('phone as the primary one'),
        birthday: chosen('birthday'),
        avatar: chosen('picture'),
      })
      .optional()
      .meta({
        description:
          'Which contact each of these values comes from. Left out: from `into`, or else the first that has one.',
      }),
  })
  .meta({ id: 'Merge', example: { into: 1, from: [2], fields: { phone: 2 } } })
