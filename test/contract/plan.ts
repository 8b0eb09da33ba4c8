import fc from 'fast-check'
import type { ApiDocument, Operation, Parameter, Schema } from '../document.ts'
import { type Break, breaksOf } from './breaks.ts'
import { merged, valuesOf } from './values.ts'

/** The sender of a request: the user who plays this part. */
export const parts = ['user', 'other', 'moderator', 'admin', 'spare', 'hurried', 'disabled', 'nobody'] as const
export type Part = (typeof parts)[number]

/**
 * A planned request, as plain data, so that it can be printed, shrunk and repeated. Values that only the run has (ids,
 * tokens, ETags, cursors, passwords) are inserted later; see known.ts.
 */
export interface Plan {
  readonly operation: string
  readonly as: Part
  /** The index of a wrong credential to use; null for the right one. */
  readonly wrongCredential: number | null
  /** The index of a known value to use; null if all values are generated. */
  readonly existing: number | null
  readonly path: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: { readonly type: string; readonly value: unknown } | null
  readonly broken: Break | null
  /** Whether it is sent twice. */
  readonly again: boolean
}

const rolesThatMay: readonly Part[] = ['admin', 'admin', 'admin', 'moderator']

/** The parts that may send an operation. */
function rightParts(document: ApiDocument, operation: Operation): fc.Arbitrary<Part> {
  if (operation['x-permissions'].some((permission) => !permission.startsWith('contacts:')))
    return fc.constantFrom(...rolesThatMay)
  // Only users without data delete themselves; the others should have long books.
  if (operation.method === 'DELETE' && isCostly(document, operation)) return fc.constant('spare')
  return fc.constantFrom<Part>('user', 'user', 'user', 'other', 'other', 'spare', 'moderator', 'admin')
}

/** Values for the parameters of a place: for all required ones, and for a few of the others. */
function parameters(
  document: ApiDocument,
  operation: Operation,
  where: Parameter['in'],
): fc.Arbitrary<Record<string, unknown>> {
  const there = operation.parameters.filter((parameter) => parameter.in === where)
  const names = (needed: boolean) => there.filter(({ required }) => required === needed).map(({ name }) => name)
  const optional = names(false)
  const all = Object.fromEntries(there.map(({ name, schema }) => [name, valuesOf(document, schema)]))
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.subarray(optional, { maxLength: Math.min(2, optional.length) }) },
      { weight: 1, arbitrary: fc.subarray(optional) },
    )
    .chain((some) =>
      fc.record(Object.fromEntries([...names(true), ...some].map((name) => [name, all[name] ?? fc.constant('')]))),
    )
}

/** Headers that every client may send, documented or not. */
const besides = fc.record(
  {
    'Accept-Language': fc.constantFrom('uk', 'en', 'uk-UA,uk;q=0.9', 'de', '*', 'x'.repeat(50)),
    Accept: fc.constantFrom('*/*', 'application/json', 'text/html', 'application/problem+json;q=0.1'),
    // Of pages that may write; others are always refused (src/platform/http/csrf.test.ts).
    Origin: fc.constantFrom('http://localhost:3000', 'https://vizitka.test', 'null'),
  },
  { requiredKeys: [] },
)

function bodies(document: ApiDocument, operation: Operation): fc.Arbitrary<Plan['body']> {
  const { requestBody } = operation
  if (!requestBody) return fc.constant(null)
  const made = Object.entries(requestBody.content).map(([type, { schema }]) =>
    valuesOf(document, schema).map((value) => ({ type, value })),
  )
  return requestBody.required
    ? fc.oneof(...made)
    : fc.oneof({ weight: 9, arbitrary: fc.oneof(...made) }, fc.constant(null))
}

const existing = fc.nat({ max: 999 })

/** Requests that the document allows, by a permitted user. */
export const rightPlans = (document: ApiDocument, operation: Operation): fc.Arbitrary<Plan> =>
  fc.record({
    operation: fc.constant(operation.name),
    as: rightParts(document, operation),
    wrongCredential: fc.constant(null),
    existing: existing,
    path: parameters(document, operation, 'path'),
    query: parameters(document, operation, 'query'),
    headers: fc.tuple(parameters(document, operation, 'header'), besides).map(([own, more]) => ({ ...more, ...own })),
    body: bodies(document, operation),
    broken: fc.constant(null),
    again: fc.nat(7).map((n) => n === 0),
  })

/** All kinds of requests: valid ones, valid ones of the wrong user, generated ones, and those with one defect. */
function anyPlans(document: ApiDocument, operation: Operation): fc.Arbitrary<Plan> {
  const right = rightPlans(document, operation)
  const somebody = fc.constantFrom<Part>(...parts, 'user', 'other', 'hurried', 'hurried')
  return fc.oneof(
    { weight: 9, arbitrary: right },
    { weight: 2, arbitrary: fc.tuple(right, somebody).map(([plan, as]) => ({ ...plan, as })) },
    {
      weight: 2,
      arbitrary: fc.tuple(right, fc.nat({ max: 99 })).map(([plan, wrongCredential]) => ({ ...plan, wrongCredential })),
    },
    { weight: 2, arbitrary: right.map((plan) => ({ ...plan, existing: null })) },
    {
      weight: 9,
      arbitrary: fc.tuple(right, breaksOf(document, operation)).map(([plan, broken]) => ({ ...plan, broken })),
    },
  )
}

/** Whether an operation hashes a password, which takes 150 ms: its body contains one. */
export function isCostly(document: ApiDocument, { requestBody }: Operation): boolean {
  return Object.values(requestBody?.content ?? {}).some(({ schema }) =>
    Object.values((merged(document, schema).properties ?? {}) as Record<string, Schema>).some(
      ({ format }) => format === 'password',
    ),
  )
}

/** How often an operation is sent: rarely if it hashes, often if it fills a book. */
function weightOf(document: ApiDocument, operation: Operation, templates: ReadonlySet<string>): number {
  if (isCostly(document, operation)) return 3
  if (operation.method === 'POST' && templates.has(`${operation.template}/{id}`)) return 24
  return operation.method === 'DELETE' ? 5 : 8 + operation.parameters.length
}

/** Requests to every operation. */
export function plansOf(document: ApiDocument, operations: readonly Operation[]): fc.Arbitrary<Plan> {
  const templates = new Set(operations.map(({ template }) => template))
  return fc.oneof(
    ...operations.map((operation) => ({
      weight: weightOf(document, operation, templates),
      arbitrary: anyPlans(document, operation),
    })),
  )
}
