import { z } from 'zod'
import { invalidValues } from '../platform/http/problem.ts'
import { problemOfIssues } from '../platform/http/router.ts'
import { detailsOf } from './content.ts'
import {
  type ContactDetails,
  type DetailInput,
  type DetailName,
  detailNames,
  memberInputs,
  namePart,
} from './details.ts'
import { type FieldName, fieldNames, type PartialFields } from './fields.ts'
import { type contactInputSchema, type contactPatchSchema, named } from './schema.ts'
import type { StoredRow } from './table.ts'

/** Fields and details that somebody sends, and the slug of the book that the contact is to be in. */
export type ContactValues = PartialFields & DetailInput & { readonly book?: string | undefined }

/** The same: as they are, or as far as the present row allows them. */
export type ContactInput = ContactValues | ((row: StoredRow) => ContactValues)

/** The values of an input for a row. */
export const inputFor = (input: ContactInput, row: StoredRow): ContactValues =>
  typeof input === 'function' ? input(row) : input

/**
 * The values of a body, in the book that the address names.
 * @throws Problem 422 where the body names another
 */
export function withBook(values: ContactValues, book: string | undefined): ContactValues {
  if (book === undefined || values.book === book) return values
  if (values.book === undefined) return { ...values, book }
  throw invalidValues([{ pointer: '/book', detail: 'The address names another book: leave one of the two out.' }])
}

type Sent = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Sent => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The details among some values. */
export const detailsIn = (values: ContactValues): DetailInput =>
  Object.fromEntries(detailNames.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]))

/** A value as a text that is the same for the same value, whatever the order of its members. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    isObject(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one,
  ) ?? ''

const equal = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other)

const partOf = (details: ContactDetails, part: PropertyKey): unknown =>
  new Map<PropertyKey, unknown>(Object.entries(details.name)).get(part)

/**
 * Whether what is wrong with a value of a list, or of the name, is so in what is stored: `path` leads to it. The place
 * in a list does not count, and a list that is longer than may be sent may become shorter.
 */
function isStoredDetail(details: ContactDetails, sent: Sent, path: readonly PropertyKey[]): boolean {
  const [name, place, member] = path
  const own = detailNames.find((one) => one === name)
  if (own === undefined) return false
  const value = sent[own]
  if (own === 'name') return place !== undefined && isObject(value) && partOf(details, place) === value[String(place)]
  const entries: readonly unknown[] = details[own]
  if (!Array.isArray(value)) return false
  if (place === undefined) return value.length <= entries.length
  const one: unknown = value[Number(place)]
  if (entries.some((entry) => equal(entry, one))) return true
  if (member === undefined || !isObject(one)) return false
  return entries.some((entry) => isObject(entry) && equal(entry[String(member)], one[String(member)]))
}

/** The value of a detail: what equals a stored value is that one, to the letter, and all else is cleaned. */
function readDetail(name: DetailName, value: unknown, details: ContactDetails | undefined): unknown {
  if (name === 'name') {
    if (!isObject(value)) return value
    const read = ([part, text]: readonly [string, unknown]) =>
      details && partOf(details, part) === text ? text : (namePart.safeParse(text).data ?? text)
    return Object.fromEntries(Object.entries(value).map((entry) => [entry[0], read(entry)]))
  }
  if (!Array.isArray(value)) return value
  const stored = new Set((details?.[name] ?? []).map(canonical))
  const schema: z.ZodType = memberInputs[name]
  // What was not refused although it is wrong is as it is stored, or has a value that is.
  return value.map((one: unknown) => (stored.has(canonical(one)) ? one : (schema.safeParse(one).data ?? one)))
}

/** Lists, and the fields that are their primary members. */
const primaryMembers = [
  ['emails', 'email'],
  ['phones', 'phone'],
] as const

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
  const schemaOf = (name: FieldName): z.ZodType => schema.shape[name]
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
    // A list that is sent says which of it is primary, also where it is the one that is stored.
    const primaries = primaryMembers.filter(([list, field]) => Array.isArray(sent[list]) && sent[field] === undefined)
    return Object.fromEntries([
      ...primaries.map(([, field]) => [field, row[field]]),
      ...sentFields.map((name) => [name, isStored(name) ? row[name] : schemaOf(name).parse(sent[name])]),
      ...changed.map((name) => [name, readDetail(name, sent[name], details)]),
      ['book', sent.book],
    ])
  }
}
