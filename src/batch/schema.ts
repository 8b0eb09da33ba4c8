import { z } from 'zod'
import { flag } from '../platform/text/fields.ts'

/** The most operations of one batch: the number of rows that a request may write on Cloudflare's free plan. */
const maxOperations = 100

const id = z.int().positive().meta({ description: 'The id of one of your contacts.' })
const if_match = z
  .string()
  .max(500)
  .optional()
  .meta({ description: 'Like the header If-Match: the ETag of the contact as you read it.' })

/**
 * Accepts any value. The plan validates it later, so that an invalid value is the problem of its own operation and not
 * of the whole request. The OpenAPI document refers to the real schema.
 */
const checkedLater = (name: string, description: string) =>
  z
    .unknown()
    .refine((value) => value !== undefined, 'Send the values to write.')
    .meta({ allOf: [{ $ref: `#/components/schemas/${name}` }], description })

const operationSchema = z
  .strictObject({
    create: checkedLater('ContactInput', 'A contact to add.').optional(),
    update: z
      .strictObject({ id, patch: checkedLater('ContactPatch', 'A merge patch (RFC 7396).'), if_match })
      .optional(),
    delete: z.strictObject({ id, if_match }).optional(),
  })
  .refine((operation) => Object.values(operation).filter((one) => one !== undefined).length === 1, {
    error: 'Send exactly one of create, update and delete.',
  })
  .meta({ id: 'BatchOperation', minProperties: 1, maxProperties: 1, example: { create: { first_name: 'Леся' } } })

export type Operation = z.infer<typeof operationSchema>

export const batchSchema = z.strictObject({ operations: z.array(operationSchema).min(1).max(maxOperations) }).meta({
  id: 'Batch',
  example: {
    operations: [
      { create: { first_name: 'Леся', last_name: 'Українка' } },
      { update: { id: 1, patch: { phone: '+380 44 123 45 67' } } },
      { delete: { id: 2 } },
    ],
  },
})

export const batchQuerySchema = z.object({
  atomic: flag.optional().meta({
    type: 'boolean',
    description: '`true`: write either all operations or none.',
  }),
})
