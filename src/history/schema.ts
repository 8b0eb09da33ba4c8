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

/** The query parameters of a request for changes. */
export const changesQuerySchema = z.strictObject({
  since: line({ min: 1, max: 500 })
    .optional()
    .meta({ description: '`next` of an earlier response (opaque). Leave it out to read all contacts.' }),
  fields: z
    .literal('all', 'must be all')
    .optional()
    .meta({ description: '`all`: each contact with all details, as in the response for a single contact.' }),
  limit: whole(1, 500)
    .default(100)
    .meta({ type: 'integer', description: 'The maximum number of changes.', example: 100 }),
})

export const changesSchema = z
  .object({
    changes: z.array(
      z.object({
        id: z.int().positive(),
        contact: listedContactSchema.nullable().meta({ description: 'Null if it was deleted.' }),
      }),
    ),
    next: z
      .string()
      .meta({ description: 'Send it as `since`: at once if `more` is true, otherwise later, for new changes.' }),
    more: z.boolean().meta({ description: 'Whether there are more changes now.' }),
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
    merged_into: z
      .int()
      .positive()
      .nullable()
      .meta({ description: 'The id of the contact that it was merged into; null if it was deleted.' }),
  })
  .meta({
    id: 'TrashEntry',
    example: {
      id: 1,
      contact: contactExample,
      deleted_at: '2026-11-21T10:30:00.000Z',
      deleted_by: { kind: 'session', id: 12, name: 'curl/8.5.0' },
      merged_into: null,
    },
  })

/** A contact that was restored from the trash. */
export const restoredSchema = contactDetailsSchema
  .extend({
    into: z
      .enum(['restored', 'changed-since'])
      .optional()
      .meta({
        description:
          'If it had been merged into another contact: whether that one is what it was before again, or has changed ' +
          'since and stays as it is.',
      }),
    unmerged: z
      .array(z.int().positive())
      .optional()
      .meta({
        description:
          'With `"into": "restored"`: the ids of other contacts that were merged at the same time. They stay in the ' +
          'trash, and what they said is no longer in the contact that they were merged into.',
      }),
  })
  .meta({ id: 'RestoredContact', example: detailsExample })

/** A revision in a path. */
export const revisionSchema = { revision: idInPath.meta({ description: 'A `revision` from the history.' }) }

/** A contact as it was before a change. */
export const versionSchema = z
  .object({
    revision: z.int().positive(),
    contact: contactDetailsSchema,
    changed_at: z.iso.datetime().meta({ description: 'When this version was replaced.' }),
    changed_by: authorSchema.nullable().meta({ description: 'Who made that change.' }),
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
