import { beforeAll, describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { Copy, changes, expectCopied, numbersOf } from '../../test/copied-books.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { addVcard, lines, path, photoLine, put, send, vcf } from '../../test/vcard-requests.ts'
import { changesSchema } from '../history/schema.ts'
import { contactDetailsSchema } from './schema.ts'

describe('moving a contact to another book', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    for (const slug of ['work', 'home']) await ana.post('/api/books', { slug, name: slug })
  })
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))
  const move = (id: number, book: string, more: object = {}, headers: Record<string, string> = {}) =>
    ana.patch(`${path}/${id}`, { book, ...more }, { headers })
  const next = async () => read(changesSchema, await ana.get(`${changes}?limit=500`)).next

  it('keeps all that it is, its UID and its history, and tells clients of changes of it once', async () => {
    const text = lines('VERSION:3.0', 'FN:Bela', photoLine('png'), 'X-OWN:1')
    const [card, plain] = [await addVcard(ana, text), await add(ana, { first_name: 'Plain' })]
    await ana.patch(`${path}/${plain.id}/avatar`, undefined, { raw: upload(picture('png')) })
    await ana.patch(`${path}/${plain.id}`, { phone: '1' })
    for (const id of [card.id, plain.id]) {
      const before = await details(id)
      const since = await next()
      const number = Math.max(...(await numbersOf(ana)))
      const answer = await move(id, 'work')
      expect(answer.status, answer.text).toBe(200)
      const { updated_at, ...same } = before
      expect(answer.body).toMatchObject({ ...same, book: 'work' })
      expect(read(contactDetailsSchema, answer).updated_at >= updated_at).toBe(true)
      expect(answer.headers.get('ETag')).not.toBe(before)
      // What it leaves in the book before has one number, and it has the next.
      const numbers = (await numbersOf(ana)).toSorted((one, other) => one - other)
      expect(numbers.slice(-2)).toEqual([number + 1, number + 2])
      const after = read(changesSchema, await ana.get(`${changes}?since=${since}`))
      expect(after.changes.map((one) => [one.id, one.contact?.full_name])).toEqual([[id, before.full_name]])
    }
    expect(await vcf(ana, card.id)).toBe(text)
    // Another version is its content, and not the book that it was in then.
    const restored = await ana.post(`${path}/${plain.id}/history/2/restore`)
    expect(restored.body).toMatchObject({ phone: null, book: 'work' })
    const { text: history } = await ana.get(`${path}/${plain.id}/history`)
    expect(history).toContain('"book":"contacts"')
    await ana.delete(`${path}/${plain.id}`)
    expect((await ana.post(`/api/trash/${plain.id}/restore`)).body).toMatchObject({ book: 'work' })
  })

  it('goes with other changes in one request, by PATCH or by PUT, which keeps the book that it does not name', async () => {
    const { id } = await add(ana, { first_name: 'One' })
    expect((await move(id, 'home', { phone: '22', labels: ['Moved'] })).body).toMatchObject({
      ...{ book: 'home', phone: '22', labels: ['Moved'] },
    })
    expect((await ana.put(`${path}/${id}`, { first_name: 'Two' })).body).toMatchObject({
      ...{ book: 'home', first_name: 'Two', phone: null },
    })
    const whole = await details(id)
    expect((await ana.put(`${path}/${id}`, whole)).body).toMatchObject({ book: 'home' })
    expect((await ana.put(`${path}/${id}`, { ...whole, book: 'contacts' })).body).toMatchObject({ book: 'contacts' })
    await move(id, 'work')
    expect((await put(ana, id, lines('VERSION:3.0', 'FN:Card'))).body).toMatchObject({ book: 'work' })
    expect((await ana.patch(`${path}/${id}/favorite`, { favorite: true })).body).toMatchObject({ book: 'work' })
    // To where it is already, nothing moves.
    const before = (await numbersOf(ana)).length
    expect((await move(id, 'work', { phone: '3' })).status).toBe(200)
    expect(await numbersOf(ana)).toHaveLength(before)
  })

  it('is refused where the book has its UID, also one that was given to it, and nothing is changed', async () => {
    const text = lines('VERSION:3.0', 'FN:Twin', 'UID:m-1')
    const first = await addVcard(ana, text)
    const twin = read(contactDetailsSchema, await send(ana, 'post', `${path}?book=home`, text))
    const plain = await details((await add(ana, { first_name: 'Given' })).id)
    await send(ana, 'post', `${path}?book=home`, lines('VERSION:3.0', 'FN:Same', `UID:${plain.uid}`))
    const numbers = await numbersOf(ana)
    for (const { id, uid } of [first, plain]) {
      const answer = await move(id, 'home', { phone: '9' })
      expect(problemOf(answer)).toBe('409 uid-taken')
      expect(await details(id)).toMatchObject({ uid, book: 'contacts', phone: null })
    }
    expect((await move(first.id, 'home')).body).toMatchObject({ contact: twin.id })
    expect(await numbersOf(ana)).toEqual(numbers)
    await ana.delete(`${path}/${twin.id}`)
    expect((await move(first.id, 'home')).body).toMatchObject({ uid: 'm-1', book: 'home' })
    expect(problemOf(await ana.post(`/api/trash/${twin.id}/restore`))).toBe('409 uid-taken')
  })

  it('happens only to the version that If-Match names', async () => {
    const { id } = await add(ana, { first_name: 'Tagged' })
    const etag = (await ana.get(`${path}/${id}`)).headers.get('ETag') ?? ''
    expect((await move(id, 'work', {}, { 'If-Match': etag })).status).toBe(200)
    expect(problemOf(await move(id, 'home', {}, { 'If-Match': etag }))).toBe('412 changed-meanwhile')
    expect((await details(id)).book).toBe('work')
  })

  it('leaves it its labels, and a group its members, in whatever book they are', async () => {
    const [one, two] = [
      await details((await add(ana, { first_name: 'One' })).id),
      await add(ana, { first_name: 'Two' }),
    ]
    const second = await details(two.id)
    const text = lines('VERSION:4.0', 'KIND:group', 'FN:Crew', `MEMBER:${one.uid}`, `MEMBER:${second.uid}`)
    const group = await addVcard(ana, text)
    expect((await move(one.id, 'work')).body).toMatchObject({ labels: ['Crew'], book: 'work' })
    expect((await move(group.id, 'home')).body).toMatchObject({ book: 'home' })
    expect([(await details(one.id)).labels, (await details(two.id)).labels]).toEqual([['Crew'], ['Crew']])
    expect(await vcf(ana, group.id)).toBe(text)
    // One that loses the label and moves by one request does both, and the group's vCard names it no more.
    expect((await move(one.id, 'home', { labels: ['New'] })).body).toMatchObject({ labels: ['New'], book: 'home' })
    expect(await vcf(ana, group.id)).not.toContain(one.uid)
    const taken = lines('VERSION:3.0', 'FN:Same', `UID:${second.uid}`)
    await send(ana, 'post', `${path}?book=work`, taken)
    expect(problemOf(await move(two.id, 'work', { labels: [] }))).toBe('409 uid-taken')
    expect(await details(two.id)).toMatchObject({ labels: ['Crew'], book: 'contacts' })
    expect(await vcf(ana, group.id)).toContain(second.uid)
  })

  it('loses nothing where two move it at once, and no client of changes misses it', async () => {
    const ids: number[] = []
    for (let n = 0; n < 4; n++) ids.push((await add(ana, { first_name: `No ${n}` })).id)
    const copy = new Copy(ana)
    const moves = ids.flatMap((id) => ['work', 'home'].map((book, n) => move(id, book, n ? { phone: '7' } : {})))
    const reading = copy.catchUp(2)
    const answers = await Promise.all(moves)
    for (const { status, text } of answers) expect([200, 409], text).toContain(status)
    await reading
    await copy.catchUp(2)
    await expectCopied(copy)
    for (const id of ids) {
      const { book, first_name } = await details(id)
      expect(['work', 'home']).toContain(book)
      expect(first_name).toMatch(/^No/)
    }
    const numbers = await numbersOf(ana)
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
