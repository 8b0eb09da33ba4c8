/** Clients that keep a copy of a person's contacts by the list of changes. */
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { removed } from '../src/books/table.ts'
import { contacts } from '../src/contacts/table.ts'
import { changesSchema } from '../src/history/schema.ts'
import { read } from './client.ts'
import { database } from './database.ts'
import type { Person } from './people.ts'
import { path } from './vcard-requests.ts'

const db = database()
export const changes = `${path}/changes`

/** A client that keeps a copy of a book. */
export class Copy {
  readonly person: Person
  readonly book = new Map<number, unknown>()
  next: string | undefined
  constructor(person: Person) {
    this.person = person
  }
  /** Reads a page, and applies it. Returns whether there are more. */
  async readPage(limit = 100): Promise<boolean> {
    const since = this.next === undefined ? '' : `&since=${this.next}`
    const page = read(changesSchema, await this.person.get(`${changes}?limit=${limit}${since}`))
    for (const { id, contact } of page.changes) {
      if (contact === null) this.book.delete(id)
      else this.book.set(id, contact)
    }
    this.next = page.next
    return page.more
  }
  async catchUp(limit = 100): Promise<void> {
    while (await this.readPage(limit));
  }
}

export const bookOf = async (person: Person) => {
  const all = (await person.get(`${path}?limit=100`)).body as { id: number }[]
  return new Map(all.map((one) => [one.id, one]))
}
const sorted = (book: Map<number, unknown>) => [...book].toSorted(([one], [other]) => one - other)
export async function expectCopied(copy: Copy): Promise<void> {
  expect(sorted(copy.book)).toEqual(sorted(await bookOf(copy.person)))
}
/** All change numbers of a person, of contacts and of what was removed. */
export async function numbersOf({ id }: Person): Promise<number[]> {
  const living = await db.select({ seq: contacts.seq }).from(contacts).where(eq(contacts.owner_id, id))
  const gone = await db.select({ seq: removed.seq }).from(removed).where(eq(removed.owner_id, id))
  return [...living, ...gone].map(({ seq }) => seq)
}
