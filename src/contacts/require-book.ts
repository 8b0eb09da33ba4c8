import type { Database } from '../platform/db/database.ts'
import { invalidValues, Problem } from '../platform/http/problem.ts'
import { findBookId } from './books-store.ts'

/** Makes the 422 for an unknown book. `pointer` says where the request names it. */
export const noSuchBook = (pointer = '/book'): Problem =>
  invalidValues([{ pointer, detail: 'You have no book with this slug. GET /api/books lists your books.' }])

/**
 * Requires that an owner has a book with a slug. `pointer` says where the request names it.
 * @throws Problem 422
 */
export async function requireBook(db: Database, ownerId: number, slug: string, pointer = '/book'): Promise<void> {
  if ((await findBookId(db, ownerId, slug)) !== undefined) return
  throw noSuchBook(pointer)
}

/** Makes the 404 for an unknown book in a path. */
export const bookNotFound = (): Problem => new Problem(404, 'not-found', 'You have no book with this slug.')
