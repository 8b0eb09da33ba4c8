import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { ConfigurationError, configuration } from '../config/configuration.ts'
import { errorForLog } from '../safe-errors.ts'
import type { AppEnv } from './context.ts'
import { Problem, titleOf, unreadableBody, unsupportedMediaType } from './problem.ts'

/**
 * Renders a problem. Where the service is not configured yet, `type` is relative: there is no public address to name.
 */
export function problemResponse(c: Context<AppEnv>, problem: Problem): Response {
  let base = ''
  try {
    base = configuration(c.env).PUBLIC_URL
  } catch {
    // The problem being rendered is this very one.
  }
  for (const [name, value] of Object.entries(problem.appendedHeaders)) c.header(name, value, { append: true })
  return c.json(problemBody(problem, base, c.get('requestId')), problem.status, {
    ...{ 'Cache-Control': 'no-store', ...problem.headers },
    'Content-Type': 'application/problem+json',
  })
}

/** A problem as its document says it; `base` is the address of the service. */
export const problemBody = (problem: Problem, base: string, requestId: string) => ({
  type: `${base}/problems/${problem.code}`,
  title: titleOf(problem.code),
  status: problem.status,
  detail: problem.detail,
  code: problem.code,
  request_id: requestId,
  ...problem.members,
})

/**
 * Turns anything thrown into a problem; what is not expected is logged with its request id and answered as a bare 500.
 */
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
export const requireRead = requireMethod('GET', 'HEAD')

/** Lets nothing but some methods through. */
export function requireMethod(...methods: string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => (methods.includes(c.req.method) ? next() : wrongMethod(c, methods))
}

/** 413 for a body over the limit, before it is read whole. */
export function tooLarge(c: Context<AppEnv>, detail = 'The body is too large: 1 MB at most.'): Response {
  return problemResponse(c, new Problem(413, 'too-large', detail))
}
