import { z } from 'zod'
import { authorSchema } from '../books/schema.ts'
import {
  contactDetailsSchema,
  contactExample,
  contactSchema,
  detailsExample,
  listedContactSchema,
} from '../contacts/schema.ts'
import { idInPath, line, pageQuery, whole } from '../platform/text/fields.ts'

/** What a client may ask for of the changes. */
export const changesQuerySchema = z.strictObject({
  since: line({ min: 1, max: 500 })
    .optional()
    .meta({ description: '`next` of an earlier answer: opaque. Left out: the whole book.' }),
  fields: z
    .literal('all', 'must be all')
    .optional()
    .meta({ description: '`all`: each contact with all that it holds, as one contact is read by itself.' }),
  limit: whole(1, 500).default(100).meta({ type: 'integer', description: 'How many changes at most.', example: 100 }),
})

export const changesSchema = z
  .object({
    changes: z.array(
      z.object({
        id: z.int().positive(),
        contact: listedContactSchema.nullable().meta({ description: 'Null: it is gone.' }),
      }),
    ),
    next: z
      .string()
      .meta({ description: 'Send it as `since`: at once while `more` is true, later to hear what is new.' }),
    more: z.boolean().meta({ description: 'Whether there are more changes by now.' }),
  })
  .meta({
    id: 'Changes',
    example: {
      changes: [
        { id: 1, contact: contactExample },
        { id: 2, contact: null },
      ],
      next: 'WzAsNDJd',
      more: false,
    },
  })

export const trashQuerySchema = z.strictObject(pageQuery)
export const trashIdSchema = z.object({ id: idInPath })

/** A contact in the trash. */
export const trashEntrySchema = z
  .object({
    id: z.int().positive().meta({ description: 'The id of the contact.' }),
    contact: contactSchema,
    deleted_at: z.iso.datetime(),
    deleted_by: authorSchema.nullable(),
  })
  .meta({
    id: 'TrashEntry',
    example: {
      id: 1,
      contact: contactExample,
      deleted_at: '2026-11-21T10:30:00.000Z',
      deleted_by: { kind: 'session', id: 12, name: 'curl/8.5.0' },
    },
  })

/** A revision in a path. */
export const revisionSchema = { revision: idInPath.meta({ description: 'As the history says it.' }) }

/** A contact as it was until a change. */
export const versionSchema = z
  .object({
    revision: z.int().positive(),
    contact: contactDetailsSchema,
    changed_at: z.iso.datetime().meta({ description: 'Until then it was so.' }),
    changed_by: authorSchema.nullable().meta({ description: 'Who changed it then.' }),
  })
  .meta({
    id: 'ContactVersion',
    example: {
      revision: 3,
      contact: detailsExample,
      changed_at: '2026-11-21T10:30:00.000Z',
      changed_by: { kind: 'session', id: 12, name: 'curl/8.5.0' },
    },
  })
