import type { Database } from '../platform/db/database.ts'
import { invalidValues, Problem } from '../platform/http/problem.ts'
import { findBookId } from './books-store.ts'

/** 422 for a slug that none of an owner's books has. `pointer` says where the request names it. */
export const noSuchBook = (pointer = '/book'): Problem =>
  invalidValues([{ pointer, detail: 'You have no book with this slug: GET /api/books lists those that you have.' }])

/**
 * Requires that an owner has a book of a slug. `pointer` says where the request names it.
 * @throws Problem 422
 */
export async function requireBook(db: Database, ownerId: number, slug: string, pointer = '/book'): Promise<void> {
  if ((await findBookId(db, ownerId, slug)) !== undefined) return
  throw noSuchBook(pointer)
}

/** 404 for a book that a path names. */
export const bookNotFound = (): Problem => new Problem(404, 'not-found', 'You have no book with this slug.')
