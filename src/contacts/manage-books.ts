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

/** A book to be made. */
export interface BookCreation extends BookChange {
  readonly name: string
  /** Left out: it is made of the name. */
  readonly slug?: string | undefined
}

const slugTaken = (): Problem =>
  new Problem(409, 'slug-taken', 'You have a book with this slug: send another slug, or none, and one is made.')

const tooMany = (): Problem =>
  new Problem(409, 'too-many-books', `You have ${maxBooks} books, and there is room for no more: delete one.`)

const busy = (): Problem => new Problem(409, 'busy', 'Others are making books of yours at this very moment: try again.')

/**
 * Makes a book.
 * @throws Problem 401 where the owner is gone; 409 `too-many-books`, `slug-taken`, `busy`
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
 * Deletes a book. All that is in it moves to the trash, of which the oldest are deleted for good where it holds more
 * than it may.
 * @throws Problem 404; 409 `first-book`
 */
export async function removeBook(
  { db, config }: Services,
  ownerId: number,
  deletion: Omit<BookDeletion, 'maxTrash'>,
): Promise<void> {
  if (deletion.slug === firstBook) {
    throw new Problem(409, 'first-book', 'Everybody has this book: delete its contacts, or rename it.')
  }
  if (!(await deleteBook(db, ownerId, { ...deletion, maxTrash: config.MAX_TRASH }))) throw bookNotFound()
}
