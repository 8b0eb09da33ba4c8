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
  412: 'It is not what If-Match names, or a change was sent and it is what If-None-Match names.',
  413: 'The body is too large.',
  415: 'The body is of a media type that is not taken here.',
  422: 'Readable, but some values are wrong; `errors` names them.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  500: 'Our fault.',
  503: 'Something behind the service is down; try again soon.',
} as const

type Status = keyof typeof meanings

/** A header of an answer, for the document. */
type Header = {
  schema: { type: 'string' | 'integer'; minimum?: number }
  /** Whether every such answer has it. */
  required?: boolean
  description: string
}

const retryAfter: Header = {
  schema: { type: 'integer', minimum: 1 },
  description: 'In how many seconds to come back.',
}

const problemHeaders: { readonly [S in Status]?: Record<string, Header> } = {
  401: {
    'WWW-Authenticate': {
      schema: { type: 'string' },
      required: true,
      description: 'How to authenticate (RFC 6750): by a bearer token.',
    },
  },
  // RFC 5789, section 2.2; RFC 7694, section 3.
  415: {
    'Accept-Patch': { schema: { type: 'string' }, description: 'On a PATCH: the media types that it takes.' },
    'Accept-Encoding': { schema: { type: 'string' }, description: 'Where the body was compressed: `identity`.' },
  },
  412: { ETag: { schema: { type: 'string' }, description: 'Of what it is now, where that is known.' } },
  429: { 'Retry-After': { ...retryAfter, required: true } },
  503: { 'Retry-After': retryAfter },
}

type ProblemResponse = {
  description: string
  headers?: Record<string, Header>
  content: { 'application/problem+json': { schema: typeof problemSchema } }
}

/** The problems a route can answer with; 429, 500 and 503 are every route's. */
export function problems<const S extends Status>(...statuses: S[]): Record<S | 429 | 500 | 503, ProblemResponse> {
  const entries = [...statuses, 429 as const, 500 as const, 503 as const].map((status) => {
    const headers = problemHeaders[status]
    const content = { 'application/problem+json': { schema: problemSchema } }
    return [status, { description: meanings[status], ...(headers ? { headers } : {}), content }]
  })
  return Object.fromEntries(entries) as Record<S | 429 | 500 | 503, ProblemResponse>
}

/** The problems that any route with a body has besides its own. */
export const bodyProblems = [400, 403, 413, 415, 422] as const

/** The headers of a 201. */
export const location = {
  Location: { schema: { type: 'string' as const }, required: true, description: 'Where the new thing is.' },
}
