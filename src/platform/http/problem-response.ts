import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { ConfigurationError, configuration } from '../config/configuration.ts'
import { errorForLog } from '../safe-errors.ts'
import type { AppEnv } from './context.ts'
import { Problem, titleOf, unreadableBody, unsupportedMediaType } from './problem.ts'

/** Renders a problem. If the service is not configured yet, `type` is relative, because there is no public URL. */
export function problemResponse(c: Context<AppEnv>, problem: Problem): Response {
  let base = ''
  try {
    base = configuration(c.env).PUBLIC_URL
  } catch {
    // The problem being rendered is the configuration error itself.
  }
  for (const [name, value] of Object.entries(problem.appendedHeaders)) c.header(name, value, { append: true })
  return c.json(problemBody(problem, base, c.get('requestId')), problem.status, {
    ...{ 'Cache-Control': 'no-store', ...problem.headers },
    'Content-Type': 'application/problem+json',
  })
}

/** The body of a problem document (RFC 9457); `base` is the URL of the service. */
export const problemBody = (problem: Problem, base: string, requestId: string) => ({
  type: `${base}/problems/${problem.code}`,
  title: titleOf(problem.code),
  status: problem.status,
  detail: problem.detail,
  code: problem.code,
  request_id: requestId,
  ...problem.members,
})

/** Turns any error into a problem. An unexpected error is logged with its request id and answered with a plain 500. */
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
    'Something went wrong on our side. Please try again; if it happens again, tell us the request id.',
  )
}

// Drizzle wraps any error of a round trip.
function problemIn(error: unknown): Problem | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof Problem) return cause
  return undefined
}

/** 404 for a path that no route has. */
export function notFound(c: Context<AppEnv>): Response {
  return problemResponse(
    c,
    new Problem(404, 'not-found', 'There is nothing at this URL. The documentation is at /docs.'),
  )
}

/** 405 for a path that exists, but not with this method. */
export function wrongMethod(c: Context<AppEnv>, allowed: readonly string[]): Response {
  const allow = allowed.join(', ')
  return problemResponse(
    c,
    new Problem(405, 'method-not-allowed', `This URL supports ${allow}.`, { headers: { Allow: allow } }),
  )
}

/** Allows GET and HEAD only, for a fixed path that another route would take for an id. */
export const requireRead = requireMethod('GET', 'HEAD')

/** Allows only some methods. */
export function requireMethod(...methods: string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => (methods.includes(c.req.method) ? next() : wrongMethod(c, methods))
}

/** 413 for a body over the limit, before it is read completely. */
export function tooLarge(c: Context<AppEnv>, detail = 'The body is too large: 1 MB at most.'): Response {
  return problemResponse(c, new Problem(413, 'too-large', detail))
}
