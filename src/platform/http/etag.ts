import { z } from 'zod'
import { Problem } from './problem.ts'

/** Raised when a view changes its shape, so that what clients keep of the older shape no longer matches. */
const format = 2

/** The entity tag (RFC 9110, section 8.8.3) of a thing at a revision. */
export const etag = (revision: number): string => `"${format}-${revision}"`

/** The header, for the document. */
export const etagHeader = {
  ETag: {
    schema: { type: 'string' as const },
    required: true,
    description: 'Changes with the contents; send it in If-Match or If-None-Match.',
  },
}

// No examples: /docs would send them, and they are nobody's ETag.
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

/** The conditional headers of a write to what has no ETag, for the document. */
export const untaggedConditions = z.object({
  'If-Match': condition(
    '`*`, or left out. There is no ETag that it could name: by any, nothing is done, and the answer is 412.',
  ),
  'If-None-Match': condition(
    'By `*` nothing is done to what is there, and the answer is 412. There is no ETag that it could name.',
  ),
})

/** A 304, for the document. */
export const notModified = { description: 'What you hold (If-None-Match) is still right.', headers: etagHeader }

/** As much of a request's context as conditional headers need. */
interface Request {
  readonly req: { readonly method: string; header(name: string): string | undefined }
}

// Cloudflare weakens strong tags when it compresses: `W/` says nothing here.
const listed = (header: string): string[] => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** Whether the client holds this revision already (If-None-Match, RFC 9110, section 13.1.2): then answer 304. */
export function matchesIfNoneMatch(c: Request, revision: number): boolean {
  const header = c.req.header('If-None-Match')
  return header !== undefined && (header.trim() === '*' || listed(header).includes(etag(revision)))
}

const isRead = ({ req: { method } }: Request): boolean => method === 'GET' || method === 'HEAD'

/**
 * Holds a request to what it says of the thing's revision, in the order of RFC 9110, section 13.2.2: If-Match, then,
 * for a write, If-None-Match. A read that knows the revision is answered by 304: see {@link matchesIfNoneMatch}.
 * @throws Problem 412 `changed-meanwhile` or `precondition-failed`, with the current ETag
 */
export function requireMatch(c: Request, revision: number): void {
  const header = c.req.header('If-Match')
  if (header !== undefined && header.trim() !== '*' && !listed(header).includes(etag(revision))) {
    throw changedMeanwhile(revision, isRead(c) ? 'read it again.' : undefined)
  }
  if (!isRead(c) && matchesIfNoneMatch(c, revision)) {
    const detail = 'If-None-Match names what is there now, so nothing was done: leave the header out to change it.'
    throw new Problem(412, 'precondition-failed', detail, { headers: { ETag: etag(revision) } })
  }
}

/**
 * What stands against a write to something that is there and has no ETag (RFC 9110, sections 13.1.1 and 13.1.2): to be
 * asked last, when nothing else does (section 13.2.1). Null where nothing does.
 */
export function untaggedFault(c: Request): Problem | null {
  const [fault, header] = isConditional(c)
    ? ['If-Match names an ETag, and this has none', 'If-Match']
    : c.req.header('If-None-Match')?.trim() === '*'
      ? ['If-None-Match asks that nothing be there, and this is', 'If-None-Match']
      : []
  if (fault === undefined) return null
  return new Problem(412, 'precondition-failed', `${fault}, so nothing was done: leave ${header} out to change it.`)
}

/**
 * Holds a write of something that is there and has no ETag to its conditions: see {@link untaggedFault}.
 * @throws Problem 412 `precondition-failed`
 */
export function requireUntagged(c: Request): void {
  const fault = untaggedFault(c)
  if (fault) throw fault
}

/** Whether a change is wanted only of what the client saw. */
export function isConditional(c: Request): boolean {
  const header = c.req.header('If-Match')
  return header !== undefined && header.trim() !== '*'
}

/** 412 for what is no longer what the client saw; with its current ETag, where that is known. */
export function changedMeanwhile(revision?: number, next = 'read it again, then make your change.'): Problem {
  const headers: Record<string, string> = revision === undefined ? {} : { ETag: etag(revision) }
  return new Problem(412, 'changed-meanwhile', `It has changed since you read it: ${next}`, { headers })
}
