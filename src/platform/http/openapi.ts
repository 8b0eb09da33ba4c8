import type { z } from 'zod'
import { problemSchema } from './problem.ts'

/** A response that carries JSON. */
export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { 'application/json': { schema } } }
}

/** A request body of JSON, required. */
export function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } }
}

const meanings = {
  400: 'The body is not readable: not JSON, or not UTF-8.',
  401: 'Not signed in, or the token is wrong, expired or ended.',
  403: 'Signed in, but this is not allowed; or sent by a page of another site.',
  404: 'Nothing of yours is there.',
  409: 'It clashes with something that exists.',
  412: 'It has changed since the ETag you sent.',
  413: 'The body is too large.',
  415: 'The body is of a media type that is not taken here.',
  422: 'Readable, but some values are wrong; `errors` names them.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  500: 'Our fault.',
  503: 'Something behind the service is down; try again soon.',
} as const

type Status = keyof typeof meanings
type ProblemResponse = {
  description: string
  content: { 'application/problem+json': { schema: typeof problemSchema } }
}

/** The problems a route can answer with; 429, 500 and 503 are every route's. */
export function problems<const S extends Status>(...statuses: S[]): Record<S | 429 | 500 | 503, ProblemResponse> {
  const entries = [...statuses, 429 as const, 500 as const, 503 as const].map((status) => [
    status,
    { description: meanings[status], content: { 'application/problem+json': { schema: problemSchema } } },
  ])
  return Object.fromEntries(entries) as Record<S | 429 | 500 | 503, ProblemResponse>
}

/** The problems that any route with a body has besides its own. */
export const bodyProblems = [400, 403, 413, 415, 422] as const

/** The headers of a 201. */
export const location = {
  Location: { schema: { type: 'string' as const }, description: 'Where the new thing is.' },
}
