import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ApiDocument, apiDocument, type Schema } from '../document.ts'
import { outside } from './outside.ts'
import { fits, valuesOf } from './values.ts'

let document: ApiDocument
beforeAll(async () => {
  document = await apiDocument()
})

describe('values made for a schema', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      kind: { const: 'x' },
      one: {
        oneOf: [
          { type: 'integer', minimum: 3, maximum: 9, multipleOf: 3 },
          { type: 'string', format: 'date' },
        ],
      },
      all: {
        allOf: [
          { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
          { required: ['b'], properties: { b: { enum: [1, 2] } } },
        ],
      },
      any: { anyOf: [{ $ref: '#/components/schemas/Address' }, { type: 'null' }] },
      list: {
        type: 'array',
        items: { type: ['string', 'null'], minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
        minItems: 1,
        maxItems: 3,
      },
      share: { type: ['number', 'null'], exclusiveMinimum: 0, exclusiveMaximum: 1 },
    },
    required: ['kind', 'all'],
    additionalProperties: false,
    minProperties: 3,
  }

  it('fit it, and are of every type that it allows', () => {
    const values = fc.sample(valuesOf(document, schema), { numRuns: 300, seed: 1 }) as Record<string, unknown>[]
    for (const value of values) expect(fits(document, schema, value)).toBe(true)
    const seen = (test: (value: Record<string, unknown>) => boolean) => values.some(test)
    expect(seen(({ one }) => typeof one === 'number') && seen(({ one }) => typeof one === 'string')).toBe(true)
    expect(seen(({ any }) => any === null) && seen(({ any }) => typeof any === 'object' && any !== null)).toBe(true)
    expect(seen(({ share }) => share === null) && seen(({ share }) => typeof share === 'number')).toBe(true)
    expect(seen((value) => !('list' in value))).toBe(true)
  })

  it('outside its limits do not fit', () => {
    const edges = { type: 'string', minLength: 2, maxLength: 4 }
    expect(outside(document, edges)).toEqual(expect.arrayContaining(['', 'x', 'xxxxx', '𝒳𝒳𝒳𝒳𝒳', null, 0]))
    expect(outside(document, { type: 'integer', minimum: 1, maximum: 100 })).toEqual(
      expect.arrayContaining([0, 101, '1']),
    )
    expect(outside(document, { type: 'string', enum: ['asc', 'desc'] })).toEqual(
      expect.arrayContaining(['asc ', 'ASC', 'as']),
    )
  })
})
