import { z } from 'zod'
import { bookSchema } from '../../src/books/schema.ts'
import { books, firstBook } from '../../src/books/table.ts'
import { database } from '../database.ts'
import { decoded, type Operation, type Read } from '../document.ts'
import type { Actor, Cast } from './cast.ts'
import type { Sent } from './request.ts'

const db = database()

/** The slugs of somebody's books, as far as answers have told of them. */
export const slugsOf = ({ books }: Actor): string[] => [firstBook, ...books]

/** Keeps the books of whoever was answered, and holds the answer against them. What is in a body, book.ts compares. */
export function enterBooks({ template, method }: Operation, sent: Sent, { status, text }: Read): string[] {
  const { by } = sent
  if (!by || status >= 300 || sent.method === 'HEAD' || !template.startsWith('/api/books')) return []
  if (method === 'GET') {
    const listed = z.array(bookSchema).parse(JSON.parse(text))
    const slugs = listed.map(({ slug }) => slug).join()
    const own = [...by.book.values()].length
    const counted = listed.reduce((sum, { contacts }) => sum + contacts, 0)
    return [
      ...(slugs === slugsOf(by).join() ? [] : [`the books are ${slugs}, and were ${slugsOf(by).join()}`]),
      // Groups are in the book, and no contacts.
      ...(counted <= own ? [] : [`the books have ${counted} contacts, of ${own}`]),
    ]
  }
  if (method === 'DELETE') {
    const slug = decoded(new URL(sent.url).pathname.split('/').at(-1) ?? '')
    for (const [id, contact] of by.book) {
      if (contact.book !== slug) continue
      by.book.delete(id)
      by.ids.get('/api/contacts')?.delete(id)
    }
    return by.books.delete(slug) ? [] : [`the book ${slug} was deleted, and was none`]
  }
  const { slug } = bookSchema.parse(JSON.parse(text))
  if (method === 'POST' && slugsOf(by).includes(slug)) return [`the book ${slug} was made twice`]
  if (method === 'PATCH' && !slugsOf(by).includes(slug)) return [`the book ${slug} was changed, and is none`]
  if (slug !== firstBook) by.books.add(slug)
  return []
}

/** Holds the database against everybody's books: what differs, as sentences. */
export async function auditBooks(cast: Cast): Promise<string[]> {
  const rows = await db.select().from(books).orderBy(books.id)
  return cast.accounts.flatMap((player) => {
    const found = rows.filter((row) => row.owner_id === player.id).map((row) => row.slug)
    const wanted = slugsOf(player)
    return found.join() === wanted.join() ? [] : [`account ${player.id} has the books ${found}, not ${wanted}`]
  })
}
