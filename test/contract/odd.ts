import { Buffer } from 'node:buffer'
import fc from 'fast-check'

/**
 * Text with a special meaning in SQL, JSON, JavaScript, URLs or paths, or that is hard to fold, sort, cut or display.
 */
export const oddTexts = [
  ...[
    '',
    ' ',
    '%',
    '_',
    '*',
    '\\',
    "'",
    '"',
    '--',
    ';',
    '\u0000',
    '\ufeff',
    '\u202e',
    '\u0301',
    '\u00a0',
    '\u2028',
    '\n',
    '\t',
  ],
  ...[
    'ﷺ',
    '👩‍👩‍👧',
    'İ',
    'ß',
    'ﬁ',
    'Å',
    '\u1100\u1161',
    '٣',
    'Ⅳ',
    'é',
    'e\u0301',
    '\ud800',
    'a\udc00b',
    '𝒳'.repeat(40),
  ],
  ...['null', 'undefined', 'NaN', 'true', '[]', '{}', '__proto__', 'constructor', '1e3', '0x10', '-0', '9'.repeat(20)],
  ...["' OR 1=1 --", '") UNION SELECT * FROM users --', "'; DROP TABLE contacts; --", '?1', ':name', '$1', '{{7*7}}'],
  ...[
    '../..',
    '..\\..',
    '/etc/passwd',
    '%2e%2e%2f',
    '%00',
    'a\r\nX-Injected: yes',
    '<script>alert(1)</script>',
    'x'.repeat(300),
  ],
]

/** Text of every plane, with control characters and unpaired surrogates. */
export const anyText = fc.oneof(
  fc.constantFrom(...oddTexts),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string(),
)

/** Numbers at and beyond every limit, in their usual spelling. */
export const oddNumbers = [
  ...['0', '-1', '1.5', '-0', '+1', '01', '007', '1e3', '0x10', '1_000', ' 1', '1 ', '٣', '½', 'NaN', 'Infinity', ''],
  ...['101', '367', '1001', '1000001', '2147483648', '999999999', '9007199254740993', '9'.repeat(16), '9'.repeat(40)],
]

/** Invalid ids, as they would appear in a path: encoded, and broken. */
export const oddIds = [
  ...oddNumbers.map(encodeURIComponent).filter((text) => text !== ''),
  ...[
    '%00',
    '%2e%2e%2f1',
    '..%2f..%2fadmin%2fusers',
    '1%2f2',
    '1;2',
    '%F0%9F',
    '%zz',
    '%',
    '1%20OR%201=1',
    "1'--",
    '*',
    'me',
    'null',
  ],
  ...[
    'birthdays',
    'changes',
    'duplicates',
    'merge',
    'batch',
    'bd',
    'avatar',
    '...',
    `${'9'.repeat(300)}`,
    'a'.repeat(2000),
  ],
]

/** Header values that no sensible client sends. Without characters that no header can contain. */
export const oddHeaders = [
  ...[
    '',
    '*',
    '""',
    '"',
    "'",
    ',',
    'W/',
    'W/""',
    '"2-1"',
    'W/"2-1"',
    '"2-1","2-2"',
    '"x"',
    'x'.repeat(300),
    '"a\\"b"',
    '\\',
    '{}',
  ],
  ...['null', '0', '-1', '; DROP TABLE contacts', '<script>', 'a b', '\t', '9'.repeat(20)],
]

/** Values of every JSON type, to replace a value of another type. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: anyText },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, -0, 2 ** 53, '', [], {}, [[]], {
      a: null,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(101), 'é'.repeat(255), '𝒳'.repeat(129), 'x'.repeat(5001)) },
  { weight: 1, arbitrary: fc.jsonValue() },
)

/** Cursors that the service did not issue: well-formed or not. */
export const forgedCursor = fc.oneof(
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom('name asc', 'created desc', 'birthday asc', 'relevance asc a', 'users', 'events', 'letters'),
        anyText,
      ),
      fc.oneof(
        anyText,
        fc.constantFrom<unknown>('', '~', '02-29', '2000-01-01T00:00:00.000Z', '0 ', '999 x', null, 0, []),
      ),
      fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()),
    )
    .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url')),
  anyText,
  fc.base64String(),
)
