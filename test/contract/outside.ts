import type { ApiDocument, Schema } from '../document.ts'
import { bound, fits, merged } from './values.ts'

/** Values just outside a schema: one beyond each of its limits. */
export function outside(document: ApiDocument, schema: Schema): unknown[] {
  const whole = merged(document, schema)
  const [shortest, longest] = [bound(whole.minLength, 0), bound(whole.maxLength, 0)]
  const [first] = Array.isArray(whole.enum) ? whole.enum.map(String) : []
  const candidates = [
    ...[bound(whole.minimum, 0) - 1, bound(whole.exclusiveMinimum, 0), bound(whole.maximum, 0) + 1],
    ...['', 'x'.repeat(Math.max(0, shortest - 1)), `${' '.repeat(shortest)}x`],
    ...['x'.repeat(longest + 1), '𝒳'.repeat(longest + 1), 'e\u0301'.repeat(longest + 1), 'no such thing'],
    ...[
      '\u0000',
      'a\u0007b',
      'a\u0085b',
      'a\nb',
      '2001-02-30',
      '2000-13-01',
      '--02-30',
      '1',
      '+',
      '@',
      'a@b',
      'a b@c.de',
    ],
    ...(first === undefined ? [] : [`${first} `, first.toUpperCase(), first.slice(0, -1)]),
    ...[null, true, 0, [], {}],
  ]
  return candidates.filter((value) => !fits(document, whole, value))
}
