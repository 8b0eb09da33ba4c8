import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'

/** One wrong value: a JSON pointer into the body (RFC 6901), or `query/limit`, and how to correct it. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}

/**
 * An expected failure: thrown anywhere below a route, and returned as `application/problem+json` (RFC 9457). `code` is
 * kebab-case, stable, and described at `/problems/{code}`. `detail` is for a person, and says what to do next.
 */
export class Problem extends Error {
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly detail: string
  readonly headers: Readonly<Record<string, string>>
  /** Headers to append to those of the same name, such as the status of another rate limit. */
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
  const detail = faults.length === 1 ? `${faults[0]?.detail}` : `${faults.length} values are wrong; see "errors".`
  return new Problem(422, 'invalid-values', detail, { members: { errors: faults } })
}

/** A problem's title, by its code. */
export const titleOf = (code: string): string => (code[0] ?? '').toUpperCase() + code.slice(1).replaceAll('-', ' ')

/** 400 for a body that is not JSON, not UTF-8, or not a form, depending on the route. */
export const unreadableBody = (wanted = 'well-formed JSON in UTF-8'): Problem =>
  new Problem(400, 'unreadable-body', `The body could not be read: send ${wanted}.`)

/** 415 for a body whose media type the route does not accept; `types` are those that it accepts. */
export const unsupportedMediaType = (
  types: readonly string[] = ['one of the media types that the documentation names'],
): Problem => new Problem(415, 'unsupported-media-type', `Send the body as ${types.join(' or ')}.`)
