import { z } from 'zod'
import { problemOfIssues } from '../platform/http/router.ts'
import { type FieldName, fieldNames, type PartialFields } from './fields.ts'
import type { contactInputSchema, contactPatchSchema } from './schema.ts'
import type { ContactRow } from './table.ts'

/** Fields that a request sends: as they are, or as far as the present row allows them. */
export type ContactInput = PartialFields | ((row: ContactRow) => PartialFields)

/** The fields of an input for a row. */
export const inputFor = (input: ContactInput, row: ContactRow): PartialFields =>
  typeof input === 'function' ? input(row) : input

/**
 * Reads the JSON of a change of a contact. A member that equals what is stored changes nothing, and is not refused: a
 * vCard may hold a number such as `*21#`, a longer note than a body may bring, or blanks that a body is rid of. So what
 * is wrong with a body is said once the row is there.
 */
export function readInput(schema: typeof contactInputSchema | typeof contactPatchSchema, body: unknown): ContactInput {
  const result = schema.safeParse(body)
  const sent: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {}
  const schemaOf = (name: FieldName): z.ZodType => schema.shape[name]
  return (row) => {
    const isStored = (name: PropertyKey | undefined): name is FieldName =>
      fieldNames.some((field) => field === name && typeof row[field] === 'string' && sent[field] === row[field])
    const wrong = (result.error?.issues ?? []).filter(({ path }) => !isStored(path[0]))
    if (wrong.length > 0) throw problemOfIssues(new z.ZodError(wrong), 'json')
    const named = fieldNames.filter((name) => sent[name] !== undefined)
    return Object.fromEntries(
      named.map((name) => [name, isStored(name) ? row[name] : schemaOf(name).parse(sent[name])]),
    )
  }
}
