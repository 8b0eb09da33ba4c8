import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contactSchema } from '../../contacts/schema.ts'
import { etagsOf, shapeDigest } from './etag.ts'

describe('the format of ETags', () => {
  const view = z.strictObject({
    id: z.int(),
    name: z.string().nullable(),
    tags: z.array(z.strictObject({ a: z.int() })),
  })
  const { id, name, tags } = view.shape

  it('changes when a member is added, removed, renamed, moved or gets another type', () => {
    const others = [
      view.extend({ more: z.string() }),
      z.strictObject({ id, name }),
      z.strictObject({ id, title: name, tags }),
      z.strictObject({ name, id, tags }),
      view.extend({ name: z.string() }),
      view.extend({ name: z.string().optional() }),
      view.extend({ tags: z.array(z.strictObject({ a: z.int(), b: z.int() })) }),
      view.extend({ tags: z.array(z.string()) }),
      contactSchema.extend({ shoe_size: z.string().nullable() }),
    ]
    const digests = [view, contactSchema, ...others].map(shapeDigest)
    expect(new Set(digests).size).toBe(digests.length)
    expect(etagsOf(view)(7)).toMatch(/^"\d+-7"$/)
    expect(new Set([view, ...others].map((one) => etagsOf(one)(7))).size).toBe(others.length + 1)
  })

  it('stays the same when only descriptions, examples and limits change', () => {
    const other = view.extend({ name: z.string().max(5).nullable().meta({ description: 'A name.' }) })
    expect(etagsOf(other.meta({ example: {} }))(7)).toBe(etagsOf(view)(7))
  })

  it('is the number that was assigned by hand, if there is one', () => {
    expect(etagsOf(view, { [shapeDigest(view)]: 2 })(7)).toBe('"2-7"')
    expect(etagsOf(view, { '00000000': 2 })(7)).not.toBe('"2-7"')
  })
})
