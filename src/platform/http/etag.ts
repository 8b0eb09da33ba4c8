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

/** The request's headers of a route that answers 304, for the document. */
export const ifNoneMatch = z.object({
  'If-None-Match': z.string().optional().meta({
    description: 'The ETag of what you hold, such as `"2-7"`: where it is still right, the answer is 304.',
  }),
})

/** The request's headers of a route that answers 412, for the document. */
export const ifMatch = z.object({
  'If-Match': z.string().optional().meta({
    // No example: /docs would send it, and it is nobody's ETag.
    description:
      'The ETag of what you have seen, such as `"2-7"`: where it has changed since, nothing is done, and the answer is 412.',
  }),
})

/** A 304, for the document. */
export const notModified = { description: 'What you hold (If-None-Match) is still right.', headers: etagHeader }

/** As much of a request's context as conditional headers need. */
interface Request {
  readonly req: { header(name: string): string | undefined }
}

// Cloudflare weakens strong tags when it compresses: `W/` says nothing here.
const listed = (header: string): string[] => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** Whether the client holds this revision already (If-None-Match, RFC 9110, section 13.1.2): then answer 304. */
export function isKnown(c: Request, revision: number): boolean {
  const header = c.req.header('If-None-Match')
  return header !== undefined && (header.trim() === '*' || listed(header).includes(etag(revision)))
}

/**
 * Refuses to change what is no longer what the client saw (If-Match, RFC 9110, section 13.1.1).
 * @throws Problem 412 `changed-meanwhile`, with the current ETag
 */
export function requireMatch(c: Request, revision: number): void {
  const header = c.req.header('If-Match')
  if (header === undefined || header.trim() === '*' || listed(header).includes(etag(revision))) return
  throw changedMeanwhile(revision)
}

/** Whether a change is wanted only of what the client saw. */
export function isConditional(c: Request): boolean {
  const header = c.req.header('If-Match')
  return header !== undefined && header.trim() !== '*'
}

/** 412 for a change of what is no longer what the client saw; with its current ETag, where that is known. */
export function changedMeanwhile(revision?: number): Problem {
  const headers: Record<string, string> = revision === undefined ? {} : { ETag: etag(revision) }
  const detail = 'It has changed since you read it: read it again, then make your change.'
  return new Problem(412, 'changed-meanwhile', detail, { headers })
}
