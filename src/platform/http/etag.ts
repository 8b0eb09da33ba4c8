import { z } from 'zod'
import { digest } from '../crypto/keys.ts'
import { Problem } from './problem.ts'

/** The names and types of a schema's members, in order. Descriptions, examples and limits are ignored. */
function shapeOf(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).map(([name, member]) => [name, shapeOf(member)])
  }
  if (schema instanceof z.ZodArray) return ['array', shapeOf(schema.element)]
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return [schema.def.type, shapeOf(schema.unwrap())]
  }
  return schema._zod.def.type
}

/** A digest of the shape of a response. */
export const shapeDigest = (schema: z.ZodObject): string => digest(JSON.stringify(shapeOf(schema))).slice(0, 8)

/**
 * Makes the function that creates ETags (RFC 9110, section 8.8.3) for responses of a schema: a format number and the
 * revision. The format is derived from the schema's shape, so that clients' ETags no longer match after a member is
 * added, removed, renamed or moved. `formats` has numbers that were assigned by hand, by the digest of their shape.
 */
export function etagsOf(schema: z.ZodObject, formats: Readonly<Record<string, number>> = {}) {
  let format: number | undefined
  return (revision: number): string => {
    if (format === undefined) {
      const shape = shapeDigest(schema)
      format = formats[shape] ?? Number.parseInt(shape, 16)
    }
    return `"${format}-${revision}"`
  }
}

/** The ETag header, for the document. */
export const etagHeader = {
  ETag: {
    schema: { type: 'string' as const },
    required: true,
    description: 'Changes with the contents; send it in If-Match or If-None-Match.',
  },
}

// No examples: /docs would send them, and they match nothing.
const condition = (description: string) => z.string().optional().meta({ description })

/** The conditional headers of a read, for the document. */
export const readConditions = z.object({
  'If-None-Match': condition('The ETag of what you hold, such as `"2-7"`: where it is still right, the answer is 304.'),
  'If-Match': condition('The ETag of what you want, such as `"2-7"`: where it has changed since, the answer is 412.'),
})

/** The conditional headers of a write, for the document. */
export const writeConditions = z.object({
  'If-Match': condition(
    'The ETag of what you have seen, such as `"2-7"`: where it has changed since, nothing is done, and the answer is 412.',
  ),
  'If-None-Match': condition(
    'An ETag, such as `"2-7"`, or `*` for any: where it is the present one, nothing is done, and the answer is 412.',
  ),
})

/** The conditional headers of a write to a resource without an ETag, for the document. */
export const untaggedConditions = z.object({
  'If-Match': condition(
    '`*`, or left out. There is no ETag that it could name: by any, nothing is done, and the answer is 412.',
  ),
  'If-None-Match': condition(
    'By `*` nothing is done to what is there, and the answer is 412. There is no ETag that it could name.',
  ),
})

/** The 304 response, for the document. */
export const notModified = { description: 'Your copy (If-None-Match) is current.', headers: etagHeader }

/** The part of Hono's context that conditional headers need. */
interface Request {
  readonly req: { readonly method: string; header(name: string): string | undefined }
}

// Cloudflare weakens strong ETags when it compresses, so `W/` is ignored.
const listed = (header: string): string[] => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** The conditional headers of a request, for use cases, which do not see the request. */
export interface Conditions {
  readonly isRead: boolean
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

export const conditionsOf = ({ req }: Request): Conditions => ({
  isRead: req.method === 'GET' || req.method === 'HEAD',
  ifMatch: req.header('If-Match'),
  ifNoneMatch: req.header('If-None-Match'),
})

/** Whether the client already has this ETag (If-None-Match, RFC 9110, section 13.1.2): then answer 304. */
export const matchesIfNoneMatch = ({ ifNoneMatch }: Conditions, etag: string): boolean =>
  ifNoneMatch !== undefined && (ifNoneMatch.trim() === '*' || listed(ifNoneMatch).includes(etag))

/**
 * Checks a request's conditions against the resource's ETag, in the order of RFC 9110, section 13.2.2: If-Match, then,
 * for a write, If-None-Match. For a read see {@link matchesIfNoneMatch}. `others` are ETags of the same resource in
 * other formats, which If-Match accepts, too.
 * @throws Problem 412 `changed-meanwhile` or `precondition-failed`, with the current ETag
 */
export function requireMatch(conditions: Conditions, etag: string, others: readonly string[] = []): void {
  const { isRead, ifMatch } = conditions
  const current = [etag, ...others]
  if (ifMatch !== undefined && ifMatch.trim() !== '*' && !listed(ifMatch).some((tag) => current.includes(tag))) {
    throw changedMeanwhile(etag, isRead ? 'read it again.' : undefined)
  }
  if (!isRead && matchesIfNoneMatch(conditions, etag)) {
    const detail = 'If-None-Match matches the current version, so nothing was done: leave the header out to change it.'
    throw new Problem(412, 'precondition-failed', detail, { headers: { ETag: etag } })
  }
}

/**
 * Checks the conditions of a write to an existing resource without an ETag (RFC 9110, sections 13.1.1 and 13.1.2). Call
 * it last, after all other checks (section 13.2.1). Returns the problem, or null.
 */
export function untaggedFault(c: Request): Problem | null {
  const [fault, header] = isConditional(c)
    ? ['If-Match has an ETag, but this has none', 'If-Match']
    : c.req.header('If-None-Match')?.trim() === '*'
      ? ['If-None-Match requires that this does not exist, but it does', 'If-None-Match']
      : []
  if (fault === undefined) return null
  return new Problem(412, 'precondition-failed', `${fault}, so nothing was done: leave ${header} out to change it.`)
}

/**
 * Checks the conditions of a write to an existing resource without an ETag: see {@link untaggedFault}.
 * @throws Problem 412 `precondition-failed`
 */
export function requireUntagged(c: Request): void {
  const fault = untaggedFault(c)
  if (fault) throw fault
}

/** Whether the client wants to change only the version that it has seen. */
export function isConditional(c: Request): boolean {
  const header = c.req.header('If-Match')
  return header !== undefined && header.trim() !== '*'
}

/** 412 for a resource that has changed since the client saw it; with its current ETag, if known. */
export function changedMeanwhile(etag?: string, next = 'read it again, then make your change.'): Problem {
  const headers: Record<string, string> = etag === undefined ? {} : { ETag: etag }
  return new Problem(412, 'changed-meanwhile', `It has changed since you read it: ${next}`, { headers })
}
