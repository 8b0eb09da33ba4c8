import { Buffer } from 'node:buffer'
import { z } from 'zod'
import type { Counted } from '../db/counted.ts'
import type { RequestContext } from './context.ts'
import { invalidValues } from './problem.ts'

/** The headers of a page of a list, for the document. */
export const pageHeaders = {
  Link: {
    schema: { type: 'string' as const },
    description: 'The next page: `<…>; rel="next"` (RFC 8288), while there is one.',
  },
  'X-Total-Count': {
    schema: { type: 'integer' as const },
    description: 'The total number of items; with `total=true`.',
  },
}

/** Where a page ended: the sort order, and the key and id of its last row. */
export interface Cursor {
  readonly sort: string
  readonly key: string
  readonly id: number
}

// No row has half a surrogate pair, and libSQL fails on it.
const cursorSchema = z.tuple([z.string(), z.string().refine((key) => key.isWellFormed()), z.int().positive()])

/** Encodes a cursor; it is opaque to clients. */
function writeCursor({ sort, key, id }: Cursor): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')
}

/** 422 for a cursor that we did not issue, or that belongs to another list. */
export const invalidCursor = () => {
  const detail = 'This cursor belongs to no list, or to one sorted otherwise: follow the Link header as it is.'
  return invalidValues([{ pointer: 'query/cursor', detail }])
}

/**
 * Decodes a cursor of a list sorted by `sort`.
 * @throws Problem 422 if we did not issue it, or it belongs to another sort order
 */
function readCursor(text: string, sort: string): Cursor {
  const { success, data } = cursorSchema.safeParse(parsed(text))
  if (!success || data[0] !== sort) throw invalidCursor()
  return { sort: data[0], key: data[1], id: data[2] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return null
  }
}

/** Makes a `Link` header (RFC 8288) to the same list, starting at `cursor`. */
function nextLink(publicUrl: string, requestUrl: string, cursor: string): string {
  const { pathname, searchParams } = new URL(requestUrl)
  searchParams.delete('skip')
  searchParams.set('cursor', cursor)
  return `<${publicUrl}${pathname}?${searchParams}>; rel="next"`
}

/** A page of a list: its rows, the cursor of the next page, if any, and the total, if requested. */
export interface Page<Row> {
  readonly rows: Row[]
  readonly next: Cursor | null
  readonly total: number | null
}

/** The query parameters of every list. */
export interface PageQuery {
  readonly limit: number
  readonly skip?: number | undefined
  readonly cursor?: string | undefined
  readonly total?: boolean | undefined
}

/**
 * Parses the cursor of a query, if it has one.
 * @throws Problem 422 if the cursor belongs to another list, or is combined with `skip`
 */
export function parseCursor({ cursor, skip }: PageQuery, sort: string): Cursor | null {
  if (cursor !== undefined && skip !== undefined) {
    throw invalidValues([{ pointer: 'query/skip', detail: 'Send skip or cursor, not both.' }])
  }
  return cursor === undefined ? null : readCursor(cursor, sort)
}

/** Makes a page of a list sorted by id. `all` has one row more than the page, if there is a next page. */
export function pageById<Row extends { id: number }>(
  { rows: all, total }: Counted<Row>,
  { limit }: PageQuery,
  sort: string,
): Page<Row> {
  const rows = all.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: last && all.length > limit ? { sort, key: '', id: last.id } : null, total }
}

/** Sets the headers of a page: the link to the next page, and the total. */
export function setPageHeaders(c: RequestContext, next: Cursor | null, total: number | null): void {
  if (next) c.header('Link', nextLink(c.var.config.PUBLIC_URL, c.req.url, writeCursor(next)))
  if (total !== null) c.header('X-Total-Count', String(total))
}
