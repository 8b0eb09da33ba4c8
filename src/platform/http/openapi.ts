import type { z } from 'zod'
import { problemSchema, titleOf } from './problem.ts'

/** A response that carries JSON. */
export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { 'application/json': { schema } } }
}

/** A request body of JSON, required. */
export function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } }
}

const statusDescriptions = {
  400: 'The body is not readable: not JSON, or not UTF-8.',
  401: 'Not signed in, or the token is wrong, expired or ended.',
  403: 'Signed in, but this is not allowed; or sent by a page of another site.',
  404: 'It does not exist, or is not yours.',
  409: 'It conflicts with existing data.',
  410: 'It no longer exists: `detail` says how to start again.',
  412: 'The current ETag does not match If-Match, or a change was sent and it matches If-None-Match.',
  413: 'The body is too large.',
  415: 'The media type of the body is not supported here.',
  422: 'Some values are wrong; `errors` lists them.',
  429: 'Too many requests; `Retry-After` says when to try again.',
  500: 'A bug in the service.',
  503: 'Something behind the service is down; try again soon.',
} as const

type Status = keyof typeof statusDescriptions
const statuses = Object.keys(statusDescriptions).map(Number) as Status[]

/** A response header, for the document. */
type Header = {
  schema: { type: 'string' | 'integer'; minimum?: number }
  /** Whether every such response has it. */
  required?: boolean
  description: string
}

const retryAfter: Header = {
  schema: { type: 'integer', minimum: 1 },
  description: 'In how many seconds to try again.',
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
    'Accept-Patch': { schema: { type: 'string' }, description: 'On a PATCH: the supported media types.' },
    'Accept-Encoding': { schema: { type: 'string' }, description: 'If the body was compressed: `identity`.' },
  },
  412: { ETag: { schema: { type: 'string' }, description: 'The current ETag, if known.' } },
  429: { 'Retry-After': { ...retryAfter, required: true } },
  503: { 'Retry-After': retryAfter },
}

/** One problem for each status, for the document: its code, and its sentence for a person. */
const examples: { readonly [S in Status]: readonly [code: string, detail: string] } = {
  400: ['unreadable-body', 'The body could not be read: send well-formed JSON in UTF-8.'],
  401: ['not-signed-in', 'Log in, and send the access token as a bearer token.'],
  403: ['not-permitted', 'Your role does not allow this.'],
  404: ['not-found', 'There is nothing with this id.'],
  409: ['busy', 'Several changes came at once: try again.'],
  410: [
    'changes-restart',
    'The book was restored from a backup since you last asked. Leave since out, and read all of it again.',
  ],
  412: ['changed-meanwhile', 'It has changed since you read it: read it again, then make your change.'],
  413: ['too-large', 'The body is too large: 1 MB at most.'],
  415: ['unsupported-media-type', 'Send the body as one of the media types that the documentation names.'],
  422: ['invalid-values', 'There is no such field as "colour" here: leave it out.'],
  429: ['too-many-requests', 'That was too often: try again in 4 seconds.'],
  500: [
    'internal-error',
    'Something went wrong on our side. Please try again; if it happens again, tell us the request id.',
  ],
  503: ['database-unavailable', 'Something behind the service is down: try again in a moment.'],
}

/** These problems by code, for the document's components. Operations refer to them, because most have most of them. */
export const problemExamples: readonly (readonly [code: string, example: object])[] = statuses.map((status) => {
  const [code, detail] = examples[status]
  const value = {
    type: `https://contacts.example.com/problems/${code}`,
    title: titleOf(code),
    status,
    detail,
    code,
    request_id: '0b1f6a0e-7d3c-4b8e-9a53-2f1f6a1c9d77',
    ...(status === 422 ? { errors: [{ pointer: '/colour', detail }] } : {}),
    ...(status === 429 ? { violated_policies: ['contacts-create'] } : {}),
  }
  return [code, { summary: value.title, value }]
})

type ProblemResponse = {
  description: string
  headers?: Record<string, Header>
  content: { 'application/problem+json': { schema: typeof problemSchema; examples: Record<string, { $ref: string }> } }
}

/** The problems of a route. Every route also has 429, 500 and 503. */
export function problems<const S extends Status>(...statuses: S[]): Record<S | 429 | 500 | 503, ProblemResponse> {
  const entries = [...statuses, 429 as const, 500 as const, 503 as const].map((status) => {
    const headers = problemHeaders[status]
    const [code] = examples[status]
    const named = { [code]: { $ref: `#/components/examples/${code}` } }
    const content = { 'application/problem+json': { schema: problemSchema, examples: named } }
    return [status, { description: statusDescriptions[status], ...(headers ? { headers } : {}), content }]
  })
  return Object.fromEntries(entries) as Record<S | 429 | 500 | 503, ProblemResponse>
}

/** The additional problems of any route with a body. */
export const bodyProblems = [400, 403, 413, 415, 422] as const

/** The headers of a 201. */
export const location = {
  Location: { schema: { type: 'string' as const }, required: true, description: 'The URL of the new resource.' },
}
