import fc from 'fast-check'
import { type ApiDocument, resolved, type Schema, schemaSchema, violations } from '../document.ts'
import { kinds } from '../pictures.ts'
import { texts } from '../vcards.ts'
import { normalizeAsDocumented } from './normalize.ts'
import { anyText } from './odd.ts'

/** A placeholder for a picture in a value: `format: binary` is a file, not JSON. */
export interface Picture {
  readonly picture: string
}
export const isPicture = (value: unknown): value is Picture =>
  typeof value === 'object' && value !== null && 'picture' in value

/** Values that a schema allows, of as many types as it allows; based on the vocabulary of JSON Schema 2020-12. */
export function valuesOf(document: ApiDocument, schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const whole = merged(document, schema)
  const choices = ['anyOf', 'oneOf'].flatMap((word) => schemasIn(whole[word]))
  const { anyOf: _, oneOf: __, ...base } = whole
  const made =
    choices.length > 0
      ? fc.oneof(...choices.map((choice) => valuesOf(document, both(document, base, choice), depth)))
      : plain(document, base, depth)
  // The whole may forbid what the parts allow: lengths after trimming, `oneOf`, `not`.
  return made.filter((value) => fits(document, whole, inWords(value)))
}

/** Whether a schema allows a value after it is normalized as the schema says. */
export const fits = (document: ApiDocument, schema: Schema, value: unknown): boolean =>
  violations(document, schema, normalizeAsDocumented(document, schema, value)).length === 0

/** A value with texts in place of pictures, as a schema describes them. */
function inWords(value: unknown): unknown {
  if (isPicture(value)) return value.picture
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, isPicture(one) ? one.picture : one]))
}

export const schemasIn = (list: unknown): Schema[] =>
  Array.isArray(list) ? list.map((one) => schemaSchema.parse(one)) : []

/** A schema without references and `allOf`, at its top. */
export function merged(document: ApiDocument, schema: Schema): Schema {
  const { allOf, ...own } = resolved(document, schema)
  return schemasIn(allOf).reduce((sum: Schema, part) => both(document, sum, part), own)
}

function both(document: ApiDocument, left: Schema, right: Schema): Schema {
  const other = merged(document, right)
  const required = [left.required, other.required].flatMap((names) => (Array.isArray(names) ? names : []))
  return {
    ...left,
    ...other,
    ...(left.properties || other.properties
      ? { properties: { ...(left.properties as object), ...(other.properties as object) } }
      : {}),
    ...(required.length > 0 ? { required } : {}),
  }
}

/** The JSON types that a schema allows, as far as it says. */
export function typesOf(schema: Schema): string[] {
  const named = Array.isArray(schema.type)
    ? schema.type.map(String)
    : schema.type === undefined
      ? []
      : [String(schema.type)]
  if (named.length === 0 && schema.properties) return ['object']
  if (named.length === 0 && schema.items) return ['array']
  return named
}

function plain(document: ApiDocument, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom<unknown>(...schema.enum)
  const types = typesOf(schema)
  if (types.length === 0) return depth > 2 ? fc.constant(null) : fc.jsonValue({ maxDepth: 2 })
  return fc.oneof(
    ...types.map((type) => ({ weight: type === 'null' ? 1 : 4, arbitrary: ofType(document, type, schema, depth) })),
  )
}

function ofType(document: ApiDocument, type: string, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return numbers(schema, type === 'integer')
    case 'string':
      return strings(schema)
    case 'array':
      return fc.array(valuesOf(document, schemaSchema.parse(schema.items ?? {}), depth + 1), {
        minLength: bound(schema.minItems, 0),
        maxLength: Math.max(bound(schema.minItems, 0), Math.min(bound(schema.maxItems, 3), longestOf(schema))),
      })
    default:
      return objects(document, schema, depth)
  }
}

/** The most items of a generated list: of a batch two operations, because a whole contact is slow to generate. */
const longestOf = ({ items }: Schema): number => (JSON.stringify(items ?? {}).includes('BatchOperation') ? 2 : 10)

export const bound = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise)

function numbers(schema: Schema, whole: boolean): fc.Arbitrary<number> {
  const step = bound(schema.multipleOf, whole ? 1 : 0)
  const min = Math.max(
    bound(schema.minimum, -(2 ** 53)),
    bound(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY) + (step || 1e-9),
  )
  const max = Math.min(
    bound(schema.maximum, 2 ** 53),
    bound(schema.exclusiveMaximum, Number.POSITIVE_INFINITY) - (step || 1e-9),
  )
  if (!whole) return fc.double({ min, max, noNaN: true })
  const inBounds = fc.integer({
    min: Math.max(Math.ceil(min / step), -(2 ** 31)),
    max: Math.min(Math.floor(max / step), 2 ** 31 - 1),
  })
  return fc.oneof(
    inBounds.map((n) => n * step),
    fc.constantFrom(...[min, max].filter(Number.isSafeInteger)),
  )
}

function objects(document: ApiDocument, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : [])
  const model = Object.fromEntries(
    properties.map(([name, property]) => [name, valuesOf(document, property, depth + 1)]),
  )
  const free = schema.additionalProperties
  const more =
    free === false || depth > 1
      ? fc.constant({})
      : fc.dictionary(
          fc.string({ minLength: 1 }),
          valuesOf(document, schemaSchema.parse(free === true ? {} : (free ?? {})), 3),
          {
            maxKeys: 2,
          },
        )
  return fc
    .tuple(
      fc.record(model, { requiredKeys: properties.map(([name]) => name).filter((name) => required.has(name)) }),
      more,
    )
    .map(([named, others]) => ({ ...others, ...named }))
}

// ---------------------------------------------------------------- strings

/** Formats that JSON Schema names. If there is a pattern as well, the pattern decides. */
const formats: Record<string, fc.Arbitrary<unknown>> = {
  date: fc
    .date({ min: new Date('1900-01-01'), max: new Date('2020-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  'date-time': fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  'idn-email': fc
    .tuple(
      fc.stringMatching(/^[a-z0-9][a-z0-9+_!=/'-]{0,20}$/),
      fc.stringMatching(/^[a-z0-9]{1,12}$/),
      fc.constantFrom('example.com', 'Example.ORG', 'xn--80a1acn3a.xn--j1amh', 'пошта.укр'),
    )
    .map(([local, host, top]) => `${local}@${host}.${top}`),
  uri: fc.webUrl(),
  uuid: fc.uuid(),
  binary: fc.constantFrom(...kinds).map((picture) => ({ picture })),
}

/** vCards as programs write them, without a UID, which must be unique in a book. */
export const vcards: readonly string[] = Object.values(texts).filter((text) => !/^UID/m.test(text))

function strings(schema: Schema): fc.Arbitrary<unknown> {
  const { format, contentMediaType } = schema
  if (contentMediaType === 'text/vcard') return fc.constantFrom(...vcards)
  if (typeof format === 'string' && formats[format]) return formats[format]
  const min = bound(schema.minLength, 0)
  const max = bound(schema.maxLength, min + 300)
  const free = fc.oneof(
    { weight: 6, arbitrary: anyText.map((text) => ofLength(text.toWellFormed(), min, max)) },
    { weight: 1, arbitrary: fc.constantFrom('a', 'é', '𝒳', '名').map((one) => one.repeat(max)) },
    { weight: 1, arbitrary: fc.constant('x'.repeat(min)) },
    { weight: 1, arbitrary: fc.constant(`  ${ofLength('blanks around', min, max)}\t`) },
  )
  if (typeof schema.pattern !== 'string') return free
  const pattern = new RegExp(schema.pattern, 'u')
  // If an empty text is allowed as well, mostly not empty.
  const shaped = fc.array(fc.stringMatching(pattern), { minLength: 3, maxLength: 3 })
  return fc
    .tuple(free, shaped)
    .map(([text, others]) => (text && pattern.test(text) ? text : (others.find(Boolean) ?? '')))
}

/** A text of at least `min` and at most `max` characters, as JSON Schema counts them. */
function ofLength(text: string, min: number, max: number): string {
  const characters = [...text.normalize('NFC').trim()]
  const cut = characters.slice(0, max).join('').trim()
  return cut + 'x'.repeat(Math.max(0, min - [...cut].length))
}
