import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { Copy, expectCopied, numbersOf } from '../../test/copied-books.ts'
import { database, execute } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { serve } from '../../test/serving.ts'
import { addVcard, lines, path, send, vcf } from '../../test/vcard-requests.ts'
import { books, removed } from '../books/table.ts'
import { trashEntrySchema } from '../history/schema.ts'
import { versions } from '../history/table.ts'
import { contactDetailsSchema } from './schema.ts'
import { cardParts, contacts } from './table.ts'

const db = database()
const list = '/api/books'
const withBook = async (name: string): Promise<Person> => {
  const person = await signedUp(name)
  expect((await person.post(list, { slug: 'work', name: 'Work' })).status).toBe(201)
  return person
}
const trash = async (person: Person) => read(z.array(trashEntrySchema), await person.get('/api/trash?limit=100'))
const details = async (person: Person, id: number) => read(contactDetailsSchema, await person.get(`${path}/${id}`))

/** Puts many contacts into the book of somebody, by numbers of their own, as adding them does. */
async function fill({ id }: Person, count: number): Promise<void> {
  await execute(
    `INSERT INTO contacts (owner_id, book_id, first_name, created_at, updated_at,
      first_name_key, last_name_key, email_key, phone_key, name_key, birthday_key)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT ${id}, (SELECT id FROM books WHERE owner_id = ${id} AND slug = 'work'), 'No ' || i,
      '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'no ' || i, '', '', '', 'no ' || i, '~' FROM n`,
  )
}

/** A picture that is large enough to lie apart. */
const photo = `PHOTO;ENCODING=b:${'A'.repeat(3000)}`

describe('deleting a book', () => {
  it('of 300 contacts gives each a number of its own: a client that pages the changes misses none', async () => {
    const ana = await withBook('ana')
    for (let n = 0; n < 3; n++) await add(ana, { first_name: `Stays ${n}` })
    await fill(ana, 300)
    const [before, during, after] = [new Copy(ana), new Copy(ana), new Copy(ana)]
    await before.catchUp()
    await during.readPage(100)
    expect(before.book.size).toBe(303)
    expect((await ana.delete(`${list}/work`)).status).toBe(204)
    const numbers = await numbersOf(ana)
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const copy of [before, during, after]) {
      await copy.catchUp(100)
      await expectCopied(copy)
      expect(copy.book.size).toBe(3)
    }
    const { body } = await ana.get('/api/users/me/events')
    expect(body).toMatchObject([{ kind: 'book-deleted', detail: '300', device: null }, {}, {}, {}])
    expect((await ana.get('/api/trash?total=true')).headers.get('X-Total-Count')).toBe('300')
    const [{ contact } = { contact: { id: 0 } }] = await trash(ana)
    expect((await ana.post(`/api/trash/${contact.id}/restore`)).body).toMatchObject({ book: 'contacts' })
  })

  it('keeps files, versions and pictures of all that was in it, and its groups', async () => {
    const ana = await withBook('ana')
    const text = (name: string) => lines('VERSION:3.0', `FN:${name}`, `UID:${name}`, photo)
    const made = []
    for (const name of ['One', 'Two', 'Three']) {
      const { id } = read(contactDetailsSchema, await send(ana, 'post', `${path}?book=work`, text(name)))
      await ana.patch(`${path}/${id}`, { phone: '1' })
      made.push(id)
    }
    const other = await addVcard(ana, lines('VERSION:3.0', 'FN:Other', 'UID:other'))
    const crew = lines('VERSION:4.0', 'KIND:group', 'FN:Crew', 'MEMBER:One', 'MEMBER:other')
    await send(ana, 'post', `${path}?book=work`, crew)
    const plain = read(contactDetailsSchema, await ana.post(path, { first_name: 'Plain', book: 'work' }))
    await ana.patch(`${path}/${plain.id}/avatar`, undefined, { raw: upload(picture('png')) })
    const { avatar } = await details(ana, plain.id)
    expect((await details(ana, other.id)).labels).toEqual(['Crew'])
    const copy = new Copy(ana)
    await copy.catchUp()

    await ana.delete(`${list}/work`, { headers: { 'User-Agent': 'a phone' } })
    const entries = await trash(ana)
    expect(entries).toHaveLength(5)
    expect(entries[0]?.deleted_by).toMatchObject({ kind: 'session', name: 'a phone' })
    // A label that its group gave goes from who is in another book, until the group is back.
    expect((await details(ana, other.id)).labels).toEqual([])
    await copy.catchUp(2)
    await expectCopied(copy)
    expect((await ana.get(new URL(avatar).pathname)).status).toBe(200)
    const own = eq(cardParts.owner_id, ana.id)
    expect(await db.select({ id: cardParts.contact_id }).from(cardParts).where(own)).toHaveLength(3)
    expect(await db.select().from(versions).where(eq(versions.owner_id, ana.id))).toHaveLength(4)
    for (const { id } of entries) expect((await ana.post(`/api/trash/${id}/restore`)).status).toBe(200)
    expect(await vcf(ana, made[0] ?? 0)).toContain(photo)
    expect(await details(ana, made[0] ?? 0)).toMatchObject({ labels: ['Crew'], book: 'contacts' })
    expect((await details(ana, other.id)).labels).toEqual(['Crew'])
    expect((await ana.get(`${path}/${made[2]}/history`)).body).toMatchObject([{ contact: { book: 'contacts' } }])
    await copy.catchUp(2)
    await expectCopied(copy)
  })

  it('trims the trash to its bound, the oldest first', async () => {
    const ana = await withBook('ana')
    const { id } = await add(ana, { first_name: 'Older' })
    await ana.delete(`${path}/${id}`)
    await fill(ana, 10)
    const answer = await serve({ MAX_TRASH: '4' }, `${list}/work`, { method: 'DELETE', token: ana.access })
    expect(answer.status).toBe(204)
    const left = (await trash(ana)).map(({ contact }) => contact.first_name)
    expect(left).toEqual(['No 10', 'No 9', 'No 8', 'No 7'])
  })

  it('loses nothing that is added or moved at that moment, and is done once', async () => {
    const ana = await withBook('ana')
    const { id } = await add(ana, { first_name: 'Moves' })
    const [one, two, moved, ...added] = await Promise.all([
      ana.delete(`${list}/work`),
      ana.delete(`${list}/work`),
      ana.patch(`${path}/${id}`, { book: 'work' }),
      ...[1, 2, 3, 4].map((n) => ana.post(path, { first_name: `New ${n}`, book: 'work' })),
    ])
    expect([one.status, two.status].toSorted()).toEqual([204, 404])
    expect([200, 422]).toContain(moved.status)
    const made = added.filter(({ status }) => status === 201).map((answer) => read(contactDetailsSchema, answer).id)
    const gone = new Set((await trash(ana)).map((entry) => entry.id))
    for (const one of made) expect(gone.has(one)).toBe(true)
    if (!gone.has(id)) expect(await details(ana, id)).toMatchObject({ book: 'contacts' })
    const strays = await db
      .select({ id: contacts.id })
      .from(contacts)
      .where(and(eq(contacts.owner_id, ana.id), sql`${contacts.book_id} <> 0`))
    expect(strays).toEqual([])
    expect(names(await ana.get(`${path}?book=contacts`))).toEqual(gone.has(id) ? [] : ['Moves'])
    expect(problemOf(await ana.delete(`${list}/work`))).toBe('404 not-found')
  })
})

describe('a contact that is deleted plainly, as a Worker of an earlier version does,', () => {
  it('leaves word of it at a new number, and neither files nor versions; the account leaves nothing', async () => {
    const ana = await withBook('ana')
    const text = lines('VERSION:3.0', 'FN:Plain', photo)
    const all = [await addVcard(ana, text), await addVcard(ana, text)]
    for (const { id } of all) await ana.patch(`${path}/${id}`, { phone: '1', book: 'work' })
    const copy = new Copy(ana)
    await copy.catchUp()
    const before = Math.max(...(await numbersOf(ana)))
    await db.delete(contacts).where(eq(contacts.owner_id, ana.id))
    const numbers = await numbersOf(ana)
    expect(numbers.toSorted((one, other) => one - other).slice(-2)).toEqual([before + 1, before + 2])
    await copy.catchUp(1)
    expect(copy.book.size).toBe(0)
    expect(await db.select().from(cardParts).where(eq(cardParts.owner_id, ana.id))).toEqual([])
    expect(await db.select().from(versions).where(eq(versions.owner_id, ana.id))).toEqual([])
    expect(await trash(ana)).toEqual([])

    await add(ana, { first_name: 'Another' })
    // In the order of an earlier version: what was removed first, then contacts, then the account.
    await db.delete(removed).where(eq(removed.owner_id, ana.id))
    await execute(`DELETE FROM contacts WHERE owner_id = ${ana.id}`, `DELETE FROM users WHERE id = ${ana.id}`)
    expect(await db.select().from(removed).where(eq(removed.owner_id, ana.id))).toEqual([])
    expect(await db.select().from(books).where(eq(books.owner_id, ana.id))).toEqual([])
  })
})
