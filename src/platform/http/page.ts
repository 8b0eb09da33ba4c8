import { Buffer } from 'node:buffer'
import { z } from 'zod'
import type { Counted } from '../db/counted.ts'
import type { RequestContext } from './context.ts'
import { invalidValues } from './problem.ts'

/** The headers of a page, for the document. */
export const pageHeaders = {
  Link: {
    schema: { type: 'string' as const },
    description: 'The next page: `<…>; rel="next"` (RFC 8288), while there is one.',
  },
  'X-Total-Count': {
    schema: { type: 'integer' as const },
    description: 'How many there are in all; with `total=true`.',
  },
}

/** Where a page ended: the sort it belongs to, and the key and id of its last row. */
export interface Cursor {
  readonly sort: string
  readonly key: string
  readonly id: number
}

// Half a surrogate pair is in no row, and libSQL fails over it.
const cursorSchema = z.tuple([z.string(), z.string().refine((key) => key.isWellFormed()), z.int().positive()])

/** A cursor as it travels: opaque to clients. */
function writeCursor({ sort, key, id }: Cursor): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')
}

/** 422 for a cursor that is not one of ours, or of another list. */
export const invalidCursor = () => {
  const detail = 'This cursor belongs to no list, or to one sorted otherwise: follow the Link header as it is.'
  return invalidValues([{ pointer: 'query/cursor', detail }])
}

/**
 * Reads a cursor of a list sorted by `sort`.
 * @throws Problem 422 when it is not one of ours, or of a list sorted otherwise
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

/** A `Link` header (RFC 8288) to the same list from `cursor` on. */
function nextLink(publicUrl: string, requestUrl: string, cursor: string): string {
  const { pathname, searchParams } = new URL(requestUrl)
  searchParams.delete('skip')
  searchParams.set('cursor', cursor)
  return `<${publicUrl}${pathname}?${searchParams}>; rel="next"`
}

/**
 * A page of a list: its rows, where the next one begins, if there is one, and how many rows there are in all, if asked.
 */
export interface Page<Row> {
  readonly rows: Row[]
  readonly next: Cursor | null
  readonly total: number | null
}

/** What every list may be asked for. */
export interface PageQuery {
  readonly limit: number
  readonly skip?: number | undefined
  readonly cursor?: string | undefined
  readonly total?: boolean | undefined
}

/**
 * Where a list's page begins, if its query holds a cursor.
 * @throws Problem 422 when the cursor belongs to another list, or comes with `skip`
 */
export function parseCursor({ cursor, skip }: PageQuery, sort: string): Cursor | null {
  if (cursor !== undefined && skip !== undefined) {
    throw invalidValues([{ pointer: 'query/skip', detail: 'Send skip or cursor, not both.' }])
  }
  return cursor === undefined ? null : readCursor(cursor, sort)
}

/** Makes a page of a list in the order of ids, of its rows and one more, which tells whether a next page exists. */
export function pageById<Row extends { id: number }>(
  { rows: all, total }: Counted<Row>,
  { limit }: PageQuery,
  sort: string,
): Page<Row> {
  const rows = all.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: last && all.length > limit ? { sort, key: '', id: last.id } : null, total }
}

/** Sets the headers of a page: its next page, and the total. */
export function setPageHeaders(c: RequestContext, next: Cursor | null, total: number | null): void {
  if (next) c.header('Link', nextLink(c.var.config.PUBLIC_URL, c.req.url, writeCursor(next)))
  if (total !== null) c.header('X-Total-Count', String(total))
}
