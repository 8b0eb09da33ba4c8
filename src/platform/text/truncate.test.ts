import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { truncate } from './truncate.ts'

describe('a text that is cut', () => {
  it('keeps its first characters whole, and never half of one', () => {
    expect(truncate('ab😀cd', 3)).toBe('ab😀')
    expect(truncate('😀😀😀', 2)).toBe('😀😀')
    expect(truncate('short', 200)).toBe('short')
    expect(truncate('', 5)).toBe('')
    // No database accepts half a surrogate pair, even if the client sent it.
    expect(truncate('a\ud83d', 5)).toBe('a\ufffd')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.nat(60), (text, max) => {
        expect(truncate(text, max)).toBe([...text].slice(0, max).join(''))
      }),
    )
  })
})
