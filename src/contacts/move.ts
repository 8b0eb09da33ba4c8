import { bookIdOf } from '../books/table.ts'
import type { Database } from '../platform/db/database.ts'
import { Problem } from '../platform/http/problem.ts'
import type { ContactContent } from './content.ts'
import { requireBook } from './require-book.ts'
import type { StoredRow } from './table.ts'
import { uidOf } from './uid.ts'
import { findUidHolder } from './uid-store.ts'

/**
 * Returns the content to write if a contact is to be in a book. If the contact is in another book, the content says to
 * move it.
 * @throws Problem 409 `uid-taken` if that book has another contact with the same UID; 422 if there is no such book
 */
export async function inBook(
  db: Database,
  ownerId: number,
  row: StoredRow,
  content: ContactContent,
  book: string | undefined,
): Promise<ContactContent> {
  if (book === undefined || book === row.book) return content
  await requireBook(db, ownerId, book)
  const place = { bookId: bookIdOf(ownerId, book), exceptId: row.id }
  const holder = await findUidHolder(db, ownerId, uidOf({ ...row, uid: content.uid }), place)
  if (holder === undefined) return { ...content, moveTo: book }
  const detail = `Contact ${holder} in that book has the same UID. Delete one of the two.`
  throw new Problem(409, 'uid-taken', detail, { members: { contact: holder } })
}
