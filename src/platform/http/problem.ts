import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { ConfigurationError, configuration } from '../config/configuration.ts'
import { errorForLog } from '../safe-errors.ts'
import type { AppEnv } from './context.ts'

/** One wrong value: a JSON pointer into the body (RFC 6901), or `query/limit`, and what to do about it. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}

/**
 * An expected failure: thrown anywhere below a route, answered as `application/problem+json` (RFC 9457).
 * `code` is kebab-case, stable and described at `/problems/{code}`; `detail` is for a person and says what to do next.
 */
export class Problem extends Error {
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly detail: string
  readonly headers: Readonly<Record<string, string>>
  /** Headers that are added to those of the same name, such as the status of one more rate limit. */
  readonly appendedHeaders: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    status: ContentfulStatusCode,
    code: string,
    detail: string,
    more: {
      readonly headers?: Record<string, string>
      readonly appendedHeaders?: Record<string, string>
      readonly members?: Record<string, unknown>
    } = {},
  ) {
    super(`${status} ${code}`)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.detail = detail
    this.headers = more.headers ?? {}
    this.appendedHeaders = more.appendedHeaders ?? {}
    this.members = more.members ?? {}
  }
}

/** The wire shape of every error (RFC 9457, section 3.1, with `code` and `request_id`). */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ format: 'uri-reference', description: 'A page that explains this kind of problem.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do next, for a person.' }),
    code: z.string().meta({ description: 'The kind of problem, for a program. Stable.' }),
    request_id: z.string().meta({ description: 'Also in X-Request-Id: name it when you ask for help.' }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'Each wrong value: a JSON pointer into the body, or `query/limit`.' }),
  })
  .meta({
    id: 'Problem',
    example: {
      type: 'https://contacts.example.com/problems/not-found',
      title: 'Not found',
      status: 404,
      detail: 'You have no contact with this id.',
      code: 'not-found',
      request_id: '0b1f6a0e-7d3c-4b8e-9a53-2f1f6a1c9d77',
    },
  })

/** 422 for values that are well-formed but wrong; `faults` says which. */
export function invalidValues(faults: readonly Fault[]): Problem {
  const detail = faults.length === 1 ? `${faults[0]?.detail}` : `${faults.length} values need mending; see "errors".`
  return new Problem(422, 'invalid-values', detail, { members: { errors: faults } })
}

/** A problem's title, by its code. */
export const titleOf = (code: string): string => (code[0] ?? '').toUpperCase() + code.slice(1).replaceAll('-', ' ')

/** Renders a problem. Where the service is not configured yet, `type` is relative: there is no public address to name. */
export function problemResponse(c: Context<AppEnv>, problem: Problem): Response {
  let base = ''
  try {
    base = configuration(c.env).PUBLIC_URL
  } catch {
    // The problem being rendered is this very one.
  }
  for (const [name, value] of Object.entries(problem.appendedHeaders)) c.header(name, value, { append: true })
  return c.json(
    {
      type: `${base}/problems/${problem.code}`,
      title: titleOf(problem.code),
      status: problem.status,
      detail: problem.detail,
      code: problem.code,
      request_id: c.get('requestId'),
      ...problem.members,
    },
    problem.status,
    { 'Cache-Control': 'no-store', ...problem.headers, 'Content-Type': 'application/problem+json' },
  )
}

/** Turns anything thrown into a problem; what is not expected is logged with its request id and answered as a bare 500. */
export function onError(error: Error, c: Context<AppEnv>): Response {
  return problemResponse(c, toProblem(error, c))
}

function toProblem(error: Error, c: Context<AppEnv>): Problem {
  const problem = problemIn(error)
  if (problem) return problem
  if (error instanceof ConfigurationError) {
    console.error(JSON.stringify({ level: 'error', configuration: error.message }))
    return new Problem(503, 'not-configured', error.message)
  }
  if (error instanceof HTTPException) {
    if (error.status === 400) {
      return error.message.startsWith('Malformed FormData') ? unreadableBody('a well-formed form') : unreadableBody()
    }
    if (error.status === 415) return unsupportedMediaType()
  }
  const { requestId } = c.var
  console.error(JSON.stringify({ level: 'error', request_id: requestId, ...errorForLog(error) }))
  return new Problem(
    500,
    'internal-error',
    'Something went wrong on our side. Please try again; if it stays, tell us the request id.',
  )
}

// Drizzle wraps whatever a round trip throws.
function problemIn(error: unknown): Problem | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof Problem) return cause
  return undefined
}

/** 400 for a body that is no JSON, or not in UTF-8; or no form, where one is taken. */
export const unreadableBody = (wanted = 'well-formed JSON in UTF-8'): Problem =>
  new Problem(400, 'unreadable-body', `The body could not be read: send ${wanted}.`)

/** 415 for a body of a media type that a route does not take; `types` are those that it does. */
export const unsupportedMediaType = (
  types: readonly string[] = ['one of the media types that the documentation names'],
): Problem => new Problem(415, 'unsupported-media-type', `Send the body as ${types.join(' or ')}.`)

/** 404 for a path that no route has. */
export function notFound(c: Context<AppEnv>): Response {
  return problemResponse(
    c,
    new Problem(404, 'not-found', 'There is nothing at this address. The documentation is at /docs.'),
  )
}

/** 405 for a path that exists, asked in a way it does not answer. */
export function wrongMethod(c: Context<AppEnv>, allowed: readonly string[]): Response {
  const allow = allowed.join(', ')
  return problemResponse(
    c,
    new Problem(405, 'method-not-allowed', `This address answers ${allow}.`, { headers: { Allow: allow } }),
  )
}

/** Lets nothing but GET and HEAD through: for a fixed path that a route would else take for an id. */
export const requireRead: MiddlewareHandler<AppEnv> = async (c, next) =>
  c.req.method === 'GET' || c.req.method === 'HEAD' ? next() : wrongMethod(c, ['GET', 'HEAD'])

/** 413 for a body over the limit, before it is read whole. */
export function tooLarge(c: Context<AppEnv>, detail = 'The body is too large: 1 MB at most.'): Response {
  return problemResponse(c, new Problem(413, 'too-large', detail))
}
