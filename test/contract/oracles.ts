import { z } from 'zod'
import { explanations } from '../../src/pages/problems.ts'
import { type ApiDocument, mediaTypeOf, type Read, undocumentedParts, violations } from '../document.ts'
import type { Cast, MarkKind } from './cast.ts'
import { isExcused } from './excuses.ts'
import type { Expectation } from './expectation.ts'
import type { Sent } from './request.ts'

const problemSchema = z.looseObject({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string() })).default([]),
  violated_policies: z.array(z.string()).default([]),
})
type Problem = z.infer<typeof problemSchema>

/** Lists every promise that a response breaks, as sentences. */
export function faultsOf(
  document: ApiDocument,
  expectation: Expectation,
  sent: Sent,
  answer: Read,
  cast: Cast,
): string[] {
  const { status } = answer
  const faults: string[] = []
  if (status >= 500) faults.push(`a ${status}`)
  if (status >= 200 && status < 300 && expectation.forbidden.length > 0)
    faults.push(`${status} to what the document forbids: ${expectation.forbidden.join('; ')}`)
  const problem = problemOf(answer, faults)
  faults.push(...misfits(document, expectation, sent, answer))
  if (problem) faults.push(...problemFaults(document, problem, expectation, sent, answer))
  faults.push(...leaks(expectation, sent, answer, cast))
  faults.push(...headersLacking(expectation, sent, answer))
  return faults
}

/** Lists missing headers that every response, or every response of its kind, must have. */
function headersLacking({ operation, older }: Expectation, { method }: Sent, { status, headers }: Read): string[] {
  const faults: string[] = []
  if (!headers.get('X-Request-Id')) faults.push('no X-Request-Id')
  if (status >= 300) return faults
  const [limit] = operation?.['x-rate-limits'] ?? []
  if (limit && !headers.get('RateLimit-Policy')?.includes(`"${limit.policy}"`))
    faults.push(`no word of ${limit.policy}`)
  const personal = (older || operation?.security?.length) && (method === 'GET' || method === 'HEAD')
  if (personal && !/\b(private|no-store)\b/.test(headers.get('Cache-Control') ?? '')) faults.push('a cache may keep it')
  return faults
}

/** Checks that the document describes the response. */
function misfits(
  document: ApiDocument,
  { operation, older, documented }: Expectation,
  { method }: Sent,
  answer: Read,
): string[] {
  const { status, headers, text } = answer
  if (older) return method === 'GET' ? undocumentedParts(document, older, answer) : []
  if (method === 'OPTIONS') return [204, 404, 405].includes(status) ? [] : [`OPTIONS is ${status}`]
  if (!operation) {
    const wanted = documented ? [405] : [404, 405, 413]
    if (!wanted.includes(status) && status !== 413) return [`${status} where ${wanted.join(' or ')} is right`]
    if (status === 405 && !headers.get('Allow')) return ['405 without Allow']
    return fitsProblem(document, answer)
  }
  // An unexpected body is refused before any route sees it.
  if (!operation.requestBody && (status === 413 || status === 400)) return fitsProblem(document, answer)
  if (method !== 'HEAD') return undocumentedParts(document, operation, answer)
  if (text !== '') return ['HEAD has a body']
  return operation.responses[String(status)] ? [] : [`HEAD is ${status}, which GET never is`]
}

const fitsProblem = (document: ApiDocument, { text }: Read): string[] =>
  text === '' || violations(document, { $ref: '#/components/schemas/Problem' }, JSON.parse(text)).length === 0
    ? []
    : ['the problem does not fit its schema']

function problemOf({ status, headers, text }: Read, faults: string[]): Problem | undefined {
  if (status < 400 || text === '') return undefined
  const type = mediaTypeOf(headers.get('Content-Type'))
  if (type !== 'application/problem+json') {
    faults.push(`${status} is ${type}`)
    return undefined
  }
  return problemSchema.parse(JSON.parse(text))
}

function problemFaults(
  document: ApiDocument,
  { code, type, status: output, request_id, errors, violated_policies }: Problem,
  expectation: Expectation,
  sent: Sent,
  answer: Read,
): string[] {
  const { status, headers } = answer
  const faults: string[] = []
  if (!Object.hasOwn(explanations, code)) faults.push(`the code ${code} is explained nowhere`)
  if (type !== `https://vizitka.test/problems/${code}`) faults.push(`the type ${type} is not the page of ${code}`)
  if (output !== status) faults.push(`the problem says ${output}`)
  if (request_id !== headers.get('X-Request-Id')) faults.push('the problem names another request')
  if (status === 401 && !headers.get('WWW-Authenticate')?.startsWith('Bearer'))
    faults.push('401 without WWW-Authenticate')
  if (status === 429 && !(Number(headers.get('Retry-After')) >= 1)) faults.push('429 without Retry-After')
  if (status === 429 && violated_policies.length === 0) faults.push('429 that names no policy')
  if (status === 422 && errors.length === 0) faults.push('422 that names no value')
  const { operation, forbidden, unspoken } = expectation
  const right = forbidden.length === 0 && unspoken.length === 0 && code !== 'idempotency-key-reused'
  if (!operation || !right || ![400, 413, 415, 422].includes(status)) return faults
  const unexplained = errors.filter(({ pointer }) => !isExcused(document, operation, sent, pointer))
  // No schema describes the content of a file.
  const aboutFile = status !== 400 && operation.requestBody?.content['multipart/form-data']
  if (unexplained.length > 0 || (errors.length === 0 && !aboutFile))
    faults.push(
      `${status} to what the document allows: ${unexplained.map(({ pointer }) => pointer).join(', ') || code}`,
    )
  return faults
}

// ---------------------------------------------------------------- whose is it

/** The routes that show another user's data to those who may manage accounts. */
const shownTo: Readonly<Record<MarkKind, readonly string[]>> = {
  book: [],
  account: ['users:read', 'users:disable', 'outbox:manage'],
  trace: ['events:read'],
}

/** Finds other users' markers in a response: in its body, headers or cursors. */
function leaks({ operation, forbidden }: Expectation, sent: Sent, { headers, text }: Read, cast: Cast): string[] {
  const output = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  const cursors = [...output.matchAll(/[?&]cursor=([\w-]+)/g)].map(([, cursor]) =>
    Buffer.from(cursor ?? '', 'base64url').toString(),
  )
  const own = sent.by ?? undefined
  // A response may repeat the request.
  const requested = new Set(cast.marksIn(requestText(sent)).map(({ mark }) => mark))
  return cast
    .marksIn([output, ...cursors, text].join('\n'))
    .filter(({ mark, actor, kind }) => {
      // A request without a login may be told whom it concerns: docs/security.md.
      if (actor === own || requested.has(mark) || actor.id === 0) return false
      const permitted =
        forbidden.length === 0 && operation?.['x-permissions'].some((one) => shownTo[kind].includes(one))
      return !permitted
    })
    .map(
      ({ mark, actor, kind }) =>
        `what is of the ${kind} of account ${actor.id} (${mark}) in an answer to ${own ? `account ${own.id}` : 'nobody'}`,
    )
}

export function requestText({ url, headers, body }: Sent): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  return [
    decodeURIComponent(url.replace(/%(?![0-9a-f]{2})/gi, '%25').replace(/%[89a-f][0-9a-f]/gi, '?')),
    ...lines,
    body ? new TextDecoder().decode(body) : '',
  ].join('\n')
}
