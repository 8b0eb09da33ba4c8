import { bytesToHex, randomBytes } from '@noble/hashes/utils.js'
import { sessionEnded } from '../auth/session.ts'
import { freeSlug, slugFor } from '../books/slug.ts'
import { firstBook } from '../books/table.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import {
  type BookChange,
  type BookDeletion,
  type BookRow,
  deleteBook,
  insertBook,
  listBooks,
  maxBooks,
  updateBook,
} from './books-store.ts'
import { bookNotFound } from './require-book.ts'

/** A book to create. */
export interface BookCreation extends BookChange {
  readonly name: string
  /** If left out, it is made from the name. */
  readonly slug?: string | undefined
}

const slugTaken = (): Problem =>
  new Problem(409, 'slug-taken', 'You already have a book with this slug. Send another one, or leave it out.')

const tooMany = (): Problem =>
  new Problem(409, 'too-many-books', `You have ${maxBooks} books, which is the maximum. Delete one first.`)

const busy = (): Problem =>
  new Problem(409, 'busy', 'Another request is creating books of yours at the same time. Try again.')

/**
 * Creates a book.
 * @throws Problem 401 if the owner is gone; 409 `too-many-books`, `slug-taken`, `busy`
 */
export function createBook({ db }: Services, ownerId: number, { slug, ...book }: BookCreation): Promise<BookRow> {
  const uid = bytesToHex(randomBytes(16))
  const wanted = slug ?? slugFor(book.name)
  return retryOnConflict(async () => {
    const before = new Set((await listBooks(db, ownerId)).map((one) => one.slug))
    if (before.size === 0) throw sessionEnded()
    if (before.size >= maxBooks) throw tooMany()
    if (slug !== undefined && before.has(slug)) throw slugTaken()
    return insertBook(db, ownerId, { ...book, uid, slug: freeSlug(wanted, before) })
  }, busy)
}

/**
 * Changes the name, the description or the colour of a book.
 * @throws Problem 404
 */
export async function changeBook({ db }: Services, ownerId: number, slug: string, change: BookChange) {
  const book = await updateBook(db, ownerId, slug, change)
  if (!book) throw bookNotFound()
  return book
}

/**
 * Deletes a book and moves its contacts to the trash. If the trash then exceeds its limit, its oldest contacts are
 * deleted permanently.
 * @throws Problem 404; 409 `first-book`
 */
export async function removeBook(
  { db, config }: Services,
  ownerId: number,
  deletion: Omit<BookDeletion, 'maxTrash'>,
): Promise<void> {
  if (deletion.slug === firstBook) {
    throw new Problem(409, 'first-book', 'The first book cannot be deleted. You can delete its contacts, or rename it.')
  }
  if (!(await deleteBook(db, ownerId, { ...deletion, maxTrash: config.MAX_TRASH }))) throw bookNotFound()
}
