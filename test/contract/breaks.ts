import fc from 'fast-check'
import type { ApiDocument, Operation, Schema } from '../document.ts'
import { anyText, anyValue, forgedCursor, oddHeaders, oddIds, oddNumbers } from './odd.ts'
import { outside } from './outside.ts'
import { merged } from './values.ts'

/** One defect in an otherwise valid request. */
export type Break =
  | { readonly what: 'method'; readonly method: string }
  | { readonly what: 'path'; readonly name: string; readonly encoded: string }
  | { readonly what: 'query'; readonly name: string; readonly text: string; readonly twice: boolean }
  | { readonly what: 'header'; readonly name: string; readonly text: string }
  | { readonly what: 'media type'; readonly type: string | null }
  | { readonly what: 'bytes'; readonly how: Damage; readonly at: number }
  | { readonly what: 'body'; readonly value: unknown }
  | { readonly what: 'field'; readonly name: string; readonly how: 'drop' | 'set'; readonly value: unknown }
  | { readonly what: 'file'; readonly how: FileDamage }

/** Ways to damage the bytes of a body. */
export const damages = [
  ...([
    'cut short',
    'followed by more',
    'empty',
    'not UTF-8',
    'UTF-16',
    'with a mark of byte order',
    'nested deeply',
  ] as const),
  ...(['with one byte changed', 'too large', 'none'] as const),
] as const
export type Damage = (typeof damages)[number]

/** Ways to damage the file of a form. */
export const fileDamages = [
  ...(['text', 'missing', 'twice', 'another name', 'cut short', 'no picture', 'empty', 'with a field more'] as const),
  ...(['too large', 'too many pixels'] as const),
] as const
export type FileDamage = (typeof fileDamages)[number]

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']

const mediaTypes = [
  ...[
    'text/plain',
    'text/vcard',
    'application/xml',
    'text/json',
    'application/jsonp',
    'application/json5',
    'json',
    '',
    'x',
    '*/*',
    'application/*',
  ],
  ...[
    'application/json',
    'application/merge-patch+json',
    'application/vnd.api+json',
    'application/problem+json',
    'APPLICATION/JSON',
  ],
  ...[
    'application/json; charset=utf-8',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'application/json;',
  ],
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
  ],
]

/** Fields that no body has, and that nobody may set. */
const foreignFields = [
  ...[
    'owner_id',
    'user_id',
    'owner',
    'revision',
    'role',
    'disabled',
    'confirmed',
    'confirmed_at',
    'password_hash',
    'name_key',
  ],
  ...['__proto__', 'constructor', 'toString', 'x', '', 'a/b', 'a~b', '$ref', 'ID', 'First_name'],
]

/** Lists every way to break a request of an operation once. */
export function breaksOf(document: ApiDocument, operation: Operation): fc.Arbitrary<Break> {
  const named = (where: string) => operation.parameters.filter((one) => one.in === where).map(({ name }) => name)
  const ways: { weight: number; arbitrary: fc.Arbitrary<Break> }[] = [
    { weight: 1, arbitrary: fc.constantFrom(...methods).map((method) => ({ what: 'method', method })) },
    {
      weight: 1,
      arbitrary: headers([
        ...named('header'),
        'If-Match',
        'If-None-Match',
        'Accept',
        'Accept-Language',
        'Range',
        'Expect',
      ]),
    },
    { weight: named('query').length > 0 ? 6 : 1, arbitrary: queries(document, operation) },
    ...named('path').map((name) => ({
      weight: 4,
      arbitrary: fc
        .oneof(
          fc.constantFrom(...oddIds),
          anyText.map((text) => encodeURIComponent(text.toWellFormed())),
        )
        .filter((encoded) => encoded !== '')
        .map((encoded): Break => ({ what: 'path', name, encoded })),
    })),
  ]
  for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) {
    const whole = merged(document, schema)
    const fields = (whole.properties ?? {}) as Record<string, Schema>
    ways.push(
      {
        weight: 2,
        arbitrary: fc.record({ what: fc.constant('bytes'), how: fc.constantFrom(...damages), at: fc.nat(300) }),
      },
      { weight: 2, arbitrary: fc.constantFrom(null, ...mediaTypes).map((type) => ({ what: 'media type', type })) },
      { weight: 6, arbitrary: fieldsBroken(document, fields) },
      { weight: 1, arbitrary: anyValue.map((value) => ({ what: 'body', value })) },
    )
    if (type === 'multipart/form-data') {
      ways.push({ weight: 10, arbitrary: fc.constantFrom(...fileDamages).map((how) => ({ what: 'file', how })) })
    }
  }
  return fc.oneof(...ways)
}

const headers = (names: readonly string[]): fc.Arbitrary<Break> =>
  fc
    .tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom(...oddHeaders), fc.string({ maxLength: 40 })))
    // Clients cannot send what no header can contain.
    .filter(([, text]) => /^[\t -~]*$/.test(text))
    .map(([name, text]) => ({ what: 'header', name, text }))

/** Values beyond the limits of a schema, if it has any, and values of every other type. */
function wrongValues(document: ApiDocument, schema: Schema): fc.Arbitrary<unknown> {
  const past = outside(document, schema)
  return past.length > 0 ? fc.oneof(fc.constantFrom(...past), anyValue) : anyValue
}

function queries(document: ApiDocument, { parameters }: Operation): fc.Arbitrary<Break> {
  const existing = parameters.filter((one) => one.in === 'query')
  const foreign = fc.constantFrom('x', 'id', 'owner_id', '__proto__', '', ...existing.map(({ name }) => `${name}[]`))
  const ways = existing.map(({ name, schema }) =>
    fc.tuple(
      fc.constant(name),
      name === 'cursor'
        ? forgedCursor
        : fc.oneof(wrongValues(document, schema).map(asText), fc.constantFrom(...oddNumbers), anyText),
    ),
  )
  return fc
    .tuple(fc.oneof(...ways, fc.tuple(foreign, anyText)), fc.nat(3))
    .map(([[name, text], n]) => ({ what: 'query', name, text: text.toWellFormed(), twice: n === 0 }))
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

function fieldsBroken(document: ApiDocument, fields: Readonly<Record<string, Schema>>): fc.Arbitrary<Break> {
  const field = (name: string, how: 'drop' | 'set', value: unknown): Break => ({ what: 'field', name, how, value })
  const own = Object.entries(fields).map(([name, schema]) => ({
    weight: 4,
    arbitrary: fc.oneof(
      { weight: 3, arbitrary: wrongValues(document, schema).map((value) => field(name, 'set', value)) },
      { weight: 1, arbitrary: fc.constant(field(name, 'drop', null)) },
    ),
  }))
  const foreign = fc
    .tuple(fc.constantFrom(...foreignFields), anyValue)
    .map(([name, value]) => field(name, 'set', value))
  return fc.oneof(...own, { weight: 4, arbitrary: foreign })
}
