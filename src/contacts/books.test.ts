import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pointersOf, problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { numbersOf } from '../../test/copied-books.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, lines, path, send, vcf } from '../../test/vcard-requests.ts'
import { bookSchema } from '../books/schema.ts'
import { books } from '../books/table.ts'
import { contactDetailsSchema } from './schema.ts'

const db = database()
const list = '/api/books'
const all = async (person: Person) => read(z.array(bookSchema), await person.get(list))
const slugs = async (person: Person) => (await all(person)).map(({ slug }) => slug)
const make = async (person: Person, json: unknown) => {
  const answer = await person.post(list, json)
  expect(answer.status, answer.text).toBe(201)
  return read(bookSchema, answer)
}

describe('books', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })

  it('begin with one that everybody has, which is renamed, described and coloured, and never deleted', async () => {
    const first = { slug: 'contacts', name: 'Contacts', description: null, color: null, contacts: 0 }
    expect(await all(ana)).toMatchObject([first])
    const change = { name: 'Люди', description: 'Усі', color: '#AB12cd' }
    expect((await ana.patch(`${list}/contacts`, change)).body).toMatchObject({ ...first, ...change })
    expect((await ana.patch(`${list}/contacts`, { description: null })).body).toMatchObject({
      ...{ ...first, ...change, description: null },
    })
    expect((await ana.patch(`${list}/contacts`, { color: null, description: '' })).body).toMatchObject({
      ...first,
      name: 'Люди',
    })
    expect(problemOf(await ana.delete(`${list}/contacts`))).toBe('409 first-book')
    expect(await all(boris)).toMatchObject([first])
    // What was read, edited and sent back changes what was edited.
    const [read] = await all(ana)
    expect((await ana.patch(`${list}/contacts`, { ...read, name: 'Contacts' })).body).toMatchObject(first)
  })

  it('are made with a slug of their own, or one that is made of the name, and are their owner’s alone', async () => {
    const names = [...['Родина й друзі', 'Café Straße', '  Work  ', 'Work!', '山田', 'Під’їзд — Щука', 'x'.repeat(100)]]
    const made = []
    for (const name of names) made.push((await make(ana, { name })).slug)
    expect(made).toEqual([
      ...['rodyna-y-druzi', 'cafe-strasse', 'work', 'work-2', expect.stringMatching(/^book-[0-9a-f]{8}$/)],
      ...['pidizd-shchuka', 'x'.repeat(50)],
    ])
    const chosen = await make(ana, { slug: 'own-1', name: 'Own', color: '#000000', description: 'Mine' })
    expect(chosen).toMatchObject({ slug: 'own-1', name: 'Own', color: '#000000', description: 'Mine', contacts: 0 })
    expect(problemOf(await ana.post(list, { slug: 'own-1', name: 'Again' }))).toBe('409 slug-taken')
    expect(problemOf(await ana.post(list, { slug: 'contacts', name: 'Again' }))).toBe('409 slug-taken')
    expect(await slugs(ana)).toEqual(['contacts', ...made, 'own-1'])
    expect(await slugs(boris)).toEqual(['contacts'])
    for (const answer of [
      await boris.patch(`${list}/work`, { name: 'Stolen' }),
      await boris.delete(`${list}/work`),
      await ana.patch(`${list}/none`, { name: 'x' }),
      await ana.delete(`${list}/No-Slug`),
    ]) {
      expect(problemOf(answer)).toBe('404 not-found')
    }
    expect((await make(boris, { name: 'Work' })).slug).toBe('work')
  })

  it('are refused with what is wrong, and nothing is made or changed', async () => {
    const before = await all(ana)
    for (const [body, pointer] of [
      [{}, '/name'],
      [{ name: '  ' }, '/name'],
      [{ name: '\u200b' }, '/name'],
      [{ name: 'x'.repeat(101) }, '/name'],
      [{ name: 'x', description: 'x'.repeat(1001) }, '/description'],
      [{ name: 'x', color: 'red' }, '/color'],
      [{ name: 'x', color: '#12345' }, '/color'],
      [{ name: 'x', slug: 'No' }, '/slug'],
      [{ name: 'x', slug: '-a' }, '/slug'],
      [{ name: 'x', slug: 'a--b' }, '/slug'],
      [{ name: 'x', slug: 'x'.repeat(65) }, '/slug'],
      [{ name: 'x', colour: '#123456' }, '/colour'],
    ] as const) {
      expect(pointersOf(await ana.post(list, body)), JSON.stringify(body)).toEqual([pointer])
    }
    for (const [body, pointer] of [
      [{ name: null }, '/name'],
      [{ color: '' }, '/color'],
      [{ uid: 'x' }, '/uid'],
    ] as const) {
      expect(pointersOf(await ana.patch(`${list}/work`, body))).toEqual([pointer])
    }
    for (const headers of [{ 'If-Match': '"1"' }, { 'If-None-Match': '*' }] as Record<string, string>[]) {
      expect(problemOf(await ana.patch(`${list}/work`, { name: 'x' }, { headers }))).toBe('412 precondition-failed')
      expect(problemOf(await ana.delete(`${list}/work`, { headers }))).toBe('412 precondition-failed')
    }
    expect(await all(ana)).toEqual(before)
  })

  it('are at most 20, however many are made at once, each with a slug of its own', async () => {
    const vera = await signedUp('vera')
    const answers = await Promise.all(Array.from({ length: 24 }, () => vera.post(list, { name: 'Same' })))
    for (const { status, text } of answers) expect([201, 409], text).toContain(status)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0)
    while ((await slugs(vera)).length < 20) await make(vera, { name: 'Same' })
    expect(problemOf(await vera.post(list, { name: 'One more' }))).toBe('409 too-many-books')
    expect(new Set(await slugs(vera)).size).toBe(20)
    await vera.delete(`${list}/same-2`)
    const two = await Promise.all(['a', 'b'].map((slug) => vera.post(list, { slug, name: 'x' })))
    expect(two.map(({ status }) => status).toSorted()).toEqual([201, 409])
  })

  it('raise the change number whenever they are made, changed or deleted', async () => {
    const number = async () => Math.max(0, ...(await numbersOf(boris)))
    let last = await number()
    for (const go of [
      () => boris.post(list, { slug: 'temporary', name: 'Temporary' }),
      () => boris.patch(`${list}/temporary`, { name: 'Renamed' }),
      () => boris.delete(`${list}/temporary`),
    ]) {
      expect((await go()).status).toBeLessThan(300)
      expect(await number()).toBe(last + 1)
      last += 1
    }
    await boris.delete(`${list}/temporary`)
    expect(await number()).toBe(last)
  })

  it('give a slug again, and never an id', async () => {
    const idOf = async () => {
      const [row] = await db
        .select()
        .from(books)
        .where(and(eq(books.owner_id, boris.id), eq(books.slug, 'again')))
      return row?.id ?? 0
    }
    await make(boris, { slug: 'again', name: 'Again' })
    const before = await idOf()
    await boris.delete(`${list}/again`)
    await make(boris, { slug: 'again', name: 'Again' })
    expect(await idOf()).toBeGreaterThan(before)
  })

  it('take contacts, as JSON or as vCards, and lists and searches show those of one', async () => {
    const vera = await signedUp('vera')
    await make(vera, { slug: 'work', name: 'Work' })
    await make(vera, { slug: 'home', name: 'Home' })
    expect((await vera.post(path, { first_name: 'Adam', book: 'work' })).body).toMatchObject({ book: 'work' })
    expect((await vera.post(`${path}?book=home`, { first_name: 'Bela', phone: '1' })).body).toMatchObject({
      book: 'home',
    })
    expect((await vera.post(path, { first_name: 'Carl' })).body).toMatchObject({ book: 'contacts' })
    expect((await vera.post(path, { first_name: 'Dora', book: 'contacts' })).body).toMatchObject({ book: 'contacts' })
    const text = lines('VERSION:3.0', 'FN:Adela', 'UID:b-1')
    const card = await send(vera, 'post', `${path}?book=work`, text)
    expect(card.body).toMatchObject({ book: 'work', uid: 'b-1' })
    // A UID is one contact's in a book, and another book may have it, too.
    expect(problemOf(await send(vera, 'post', `${path}?book=work`, text))).toBe('409 uid-taken')
    const { id } = read(contactDetailsSchema, await send(vera, 'post', `${path}?book=home`, text))
    expect(await vcf(vera, id)).toBe(text)
    expect(await addVcard(vera, text)).toMatchObject({ book: 'contacts' })
    await send(vera, 'post', `${path}?book=work`, lines('VERSION:4.0', 'KIND:group', 'FN:Team', 'MEMBER:b-1'))

    for (const [query, found] of [
      ['book=work', ['Adam', 'Adela']],
      ['book=work&order=desc&total=true', ['Adela', 'Adam']],
      ['book=home&sort=created', ['Bela', 'Adela']],
      ['book=contacts', ['Adela', 'Carl', 'Dora']],
      ['book=work&q=ad', ['Adam', 'Adela']],
      ['book=home&q=ad', ['Adela']],
      ['book=contacts&q=adam', []],
      ['book=home&label=Team', ['Adela']],
      ['book=home&sort=updated&fields=all', ['Bela', 'Adela']],
    ] as const) {
      const answer = await vera.get(`${path}?${query}`)
      expect(names(answer), query).toEqual(found)
      if (query.includes('total')) expect(answer.headers.get('X-Total-Count')).toBe('2')
    }
    const page = await vera.get(`${path}?book=work&limit=1`)
    const next = page.headers.get('Link')?.match(/<https:\/\/vizitka\.test([^>]+)>/)?.[1] ?? ''
    expect(names(await vera.get(next))).toEqual(['Adela'])
    expect((await all(vera)).map(({ contacts }) => contacts)).toEqual([3, 2, 2])
    const listed = z.array(contactDetailsSchema).parse((await vera.get(`${path}?fields=all&q=adam`)).body)
    expect(listed.map(({ book }) => book)).toEqual(['work'])
    const { text: whole } = await vera.get('/api/users/me/export')
    const { contacts } = z
      .looseObject({ contacts: z.array(z.looseObject({ full_name: z.string(), book: z.string() })) })
      .parse(JSON.parse(whole))
    expect(contacts.filter(({ book }) => book === 'work').map(({ full_name }) => full_name)).toEqual(['Adam', 'Adela'])
  })

  it('that are not there take and show nothing', async () => {
    await make(boris, { slug: 'hidden', name: 'Hidden' })
    await boris.post(path, { first_name: 'Secret', book: 'hidden' })
    const { id } = await add(ana, { first_name: 'Mine' })
    const count = async () => (await all(ana)).map(({ contacts }) => contacts)
    const before = await count()
    for (const book of ['none', 'hidden']) {
      expect(pointersOf(await ana.post(path, { first_name: 'x', book }))).toEqual(['/book'])
      expect(pointersOf(await ana.post(`${path}?book=${book}`, { first_name: 'x' }))).toEqual(['/book'])
      expect(pointersOf(await send(ana, 'post', `${path}?book=${book}`, lines('FN:x', 'UID:b-9')))).toEqual(['/book'])
      const keyed = { headers: { 'Idempotency-Key': book } }
      expect(pointersOf(await ana.post(path, { first_name: 'x', book }, keyed))).toEqual(['/book'])
      expect(pointersOf(await ana.patch(`${path}/${id}`, { first_name: 'x', book }))).toEqual(['/book'])
      for (const query of ['', '&q=secret', '&total=true']) {
        expect(pointersOf(await ana.get(`${path}?book=${book}${query}`))).toEqual(['query/book'])
      }
    }
    for (const book of [null, 5, '', 'No', ['work']]) {
      expect(pointersOf(await ana.patch(`${path}/${id}`, { book }))[0]).toMatch(/^\/book/)
    }
    expect(pointersOf(await ana.get(`${path}?book=No`))).toEqual(['query/book'])
    expect(pointersOf(await ana.post(`${path}?book=work`, { first_name: 'x', book: 'own-1' }))).toEqual(['/book'])
    expect(await count()).toEqual(before)
    expect((await ana.get(`${path}/${id}`)).body).toMatchObject({ first_name: 'Mine', book: 'contacts' })
  })

  it('are part of what an Idempotency-Key stands for; the first counts as none', async () => {
    const keyed = { headers: { 'Idempotency-Key': 'books-1' } }
    const first = await ana.post(path, { first_name: 'Keyed' }, keyed)
    expect((await ana.post(path, { first_name: 'Keyed', book: 'contacts' }, keyed)).text).toBe(first.text)
    const other = await ana.post(path, { first_name: 'Keyed', book: 'work' }, keyed)
    expect(problemOf(other)).toBe('422 idempotency-key-reused')
  })
})
