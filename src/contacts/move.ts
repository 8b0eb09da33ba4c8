import { bookIdOf } from '../books/table.ts'
import type { Database } from '../platform/db/database.ts'
import { Problem } from '../platform/http/problem.ts'
import type { ContactContent } from './content.ts'
import { requireBook } from './require-book.ts'
import type { StoredRow } from './table.ts'
import { uidOf } from './uid.ts'
import { findUidHolder } from './uid-store.ts'

/**
 * The content of a contact that is to be in a book: where it is in another, it moves there as it is written.
 * @throws Problem 409 `uid-taken` where that book has another contact of its UID; 422 where there is no such book
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
  const detail = `The contact ${holder} has the same UID, and is in that book already: delete one of the two.`
  throw new Problem(409, 'uid-taken', detail, { members: { contact: holder } })
}
