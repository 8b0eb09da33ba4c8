import { z } from 'zod'
import { problemOfIssues } from '../platform/http/router.ts'
import { detailsOf } from './content.ts'
import { type ContactDetails, type DetailInput, type DetailName, detailNames } from './details.ts'
import { type FieldName, fieldNames, type PartialFields } from './fields.ts'
import { type contactInputSchema, type contactPatchSchema, named } from './schema.ts'
import type { StoredRow } from './table.ts'

/** Fields and details that somebody sends. */
export type ContactValues = PartialFields & DetailInput

/** The same: as they are, or as far as the present row allows them. */
export type ContactInput = ContactValues | ((row: StoredRow) => ContactValues)

/** The values of an input for a row. */
export const inputFor = (input: ContactInput, row: StoredRow): ContactValues =>
  typeof input === 'function' ? input(row) : input

type Sent = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Sent => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The details among some values. */
export const detailsIn = (values: ContactValues): DetailInput =>
  Object.fromEntries(detailNames.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]))

/**
 * Whether a value of a list, or of the name, stands in what is stored: `path` leads to it. The place in a list does not
 * count.
 */
function isStoredDetail(details: ContactDetails, sent: Sent, path: readonly PropertyKey[]): boolean {
  const [name, place, member] = path
  const own = detailNames.find((one) => one === name)
  if (own === undefined || place === undefined) return false
  const value = sent[own]
  if (own === 'name')
    return (
      isObject(value) && new Map<PropertyKey, unknown>(Object.entries(details.name)).get(place) === value[String(place)]
    )
  const one: unknown = Array.isArray(value) ? value[Number(place)] : undefined
  const entries: readonly unknown[] = details[own]
  if (member === undefined) return entries.includes(one)
  return isObject(one) && entries.some((entry) => isObject(entry) && entry[String(member)] === one[String(member)])
}

const equal = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/**
 * Reads the JSON of a change of a contact. A member that equals what is stored changes nothing, and is not refused: a
 * vCard may hold a number such as `*21#`, a longer note than a body may bring, or blanks that a body is rid of. So what
 * is wrong with a body is said once the row is there.
 */
export function readInput(schema: typeof contactInputSchema | typeof contactPatchSchema, body: unknown): ContactInput {
  const result = schema.safeParse(body)
  const sent: Sent = isObject(body) ? body : {}
  const sentFields = fieldNames.filter((name) => sent[name] !== undefined)
  const sentDetails = detailNames.filter((name) => sent[name] !== undefined)
  const schemaOf = (name: FieldName | DetailName): z.ZodType => schema.shape[name]
  return (row) => {
    const details = result.success && sentDetails.length === 0 ? undefined : detailsOf(row)
    const isStored = (name: PropertyKey | undefined): name is FieldName =>
      fieldNames.some((field) => field === name && typeof row[field] === 'string' && sent[field] === row[field])
    const isKept = (path: readonly PropertyKey[]): boolean =>
      isStored(path[0]) || (details !== undefined && isStoredDetail(details, sent, path))
    // Whether a name is left, the change itself asks (update.ts).
    const wrong = (result.error?.issues ?? []).filter(({ path, message }) => message !== named && !isKept(path))
    if (wrong.length > 0) throw problemOfIssues(new z.ZodError(wrong), 'json')
    const changed = sentDetails.filter((name) => !equal(sent[name], details?.[name]))
    return Object.fromEntries([
      ...sentFields.map((name) => [name, isStored(name) ? row[name] : schemaOf(name).parse(sent[name])]),
      // What was not refused although it is wrong is as it is stored.
      ...changed.map((name) => [name, schemaOf(name).safeParse(sent[name]).data ?? sent[name]]),
    ])
  }
}
