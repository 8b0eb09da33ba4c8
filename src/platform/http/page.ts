import { Buffer } from 'node:buffer'
import { z } from 'zod'
import { invalid } from './problem.ts'

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

const cursorSchema = z.tuple([z.string(), z.string(), z.int().positive()])

/** A cursor as it travels: opaque to clients. */
export function writeCursor({ sort, key, id }: Cursor): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')
}

/**
 * Reads a cursor of a list sorted by `sort`.
 * @throws Problem 422 when it is not one of ours, or of a list sorted otherwise
 */
export function readCursor(text: string, sort: string): Cursor {
  const { success, data } = cursorSchema.safeParse(parsed(text))
  if (!success || data[0] !== sort) {
    const detail = 'This cursor belongs to no list, or to one sorted otherwise: follow the Link header as it is.'
    throw invalid([{ pointer: 'query/cursor', detail }])
  }
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
export function nextLink(publicUrl: string, requestUrl: string, cursor: string): string {
  const { pathname, searchParams } = new URL(requestUrl)
  searchParams.delete('skip')
  searchParams.set('cursor', cursor)
  return `<${publicUrl}${pathname}?${searchParams}>; rel="next"`
}
