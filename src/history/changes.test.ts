import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { bookOf, Copy, changes, expectCopied, numbersOf } from '../../test/copied-books.ts'
import { database, driver, remembering } from '../../test/database.ts'
import { signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { addVcard, lines, path } from '../../test/vcard-requests.ts'
import { contacts } from '../contacts/table.ts'
import { changesSchema } from './schema.ts'

const db = database()

describe('the list of changes', () => {
  it('tells a client that has read the book of each change, and no more', async () => {
    const ana = await signedUp('ana')
    const first = await add(ana, { first_name: 'One' })
    const second = await add(ana, { first_name: 'Two' })
    const copy = new Copy(ana)
    await copy.catchUp()
    await expectCopied(copy)
    const { next } = copy
    expect(read(changesSchema, await ana.get(`${changes}?since=${next}`))).toEqual({ changes: [], next, more: false })
    await ana.patch(`${path}/${first.id}`, { phone: '123' })
    await ana.delete(`${path}/${second.id}`)
    const page = read(changesSchema, await ana.get(`${changes}?since=${next}`))
    expect(page.changes.map(({ id, contact }) => [id, contact?.phone])).toEqual([
      [first.id, '123'],
      [second.id, undefined],
    ])
    await ana.post(`/api/trash/${second.id}/restore`)
    await ana.put(`${path}/${first.id}`, { first_name: 'First' })
    await ana.patch(`${path}/${first.id}/favorite`, { favorite: true })
    await copy.catchUp(1)
    await expectCopied(copy)
    const whole = await ana.get(`${changes}?fields=all`)
    expect(read(changesSchema, whole).changes[0]?.contact).toHaveProperty('uid')
  })

  it('gives every change a number of its own, also where one request changes many', async () => {
    const ana = await signedUp('ana')
    for (let n = 0; n < 30; n++) await add(ana, { first_name: `Name ${n}`, labels: ['Many'] })
    const group = lines(
      'VERSION:4.0',
      'KIND:group',
      'FN:Group',
      ...Array.from({ length: 20 }, (_, n) => `MEMBER:m-${n}`),
    )
    for (let n = 0; n < 20; n++) await addVcard(ana, lines('VERSION:3.0', `FN:Member ${n}`, `UID:m-${n}`))
    const copy = new Copy(ana)
    await copy.catchUp(7)
    await ana.patch('/api/labels/Many', { name: 'Others' })
    await addVcard(ana, group)
    await ana.patch('/api/labels/Group', { name: 'Team' })
    await copy.catchUp(7)
    await expectCopied(copy)
    const numbers = await numbersOf(ana)
    expect(new Set(numbers).size).toBe(numbers.length)
    const whole = read(changesSchema, await ana.get(`${changes}?fields=all&limit=500`)).changes
    expect(whole.filter(({ contact }) => JSON.stringify(contact).includes('"Team"'))).toHaveLength(20)
    await ana.delete('/api/labels/Team')
    await ana.delete('/api/labels/Others')
    await copy.catchUp(7)
    await expectCopied(copy)
    expect((await bookOf(ana)).size).toBe(50)
  })

  it('pages a book from before there were numbers while others write and delete, and loses nobody', async () => {
    const ana = await signedUp('ana')
    const ids: number[] = []
    for (let n = 0; n < 5; n++) ids.push((await add(ana, { first_name: `Old ${n}` })).id)
    await db.update(contacts).set({ seq: 0 }).where(eq(contacts.owner_id, ana.id))
    const copy = new Copy(ana)
    expect(await copy.readPage(2)).toBe(true)
    await ana.delete(`${path}/${ids[0]}`)
    await ana.patch(`${path}/${ids[1]}`, { phone: '1' })
    await ana.delete(`${path}/${ids[3]}`)
    await add(ana, { first_name: 'New' })
    expect(await copy.readPage(2)).toBe(true)
    await ana.patch(`${path}/${ids[4]}`, { phone: '2' })
    await ana.delete(`${path}/${ids[2]}`)
    await copy.catchUp(2)
    await expectCopied(copy)
  })

  it('brings back to a client what was restored after it heard that it was gone', async () => {
    const ana = await signedUp('ana')
    const { id } = await add(ana, { first_name: 'Back' })
    const copy = new Copy(ana)
    await copy.catchUp()
    await ana.delete(`${path}/${id}`)
    await copy.catchUp()
    expect(copy.book.size).toBe(0)
    await ana.post(`/api/trash/${id}/restore`)
    await copy.catchUp()
    await expectCopied(copy)
    // Emptying the trash is a change that shows nothing.
    await ana.delete(`${path}/${id}`)
    await ana.delete('/api/trash')
    await add(ana, { first_name: 'Other' })
    await copy.catchUp(1)
    await expectCopied(copy)
  })

  it('leaves groups out, and a contact that becomes one is gone', async () => {
    const ana = await signedUp('ana')
    const { id } = await addVcard(ana, lines('VERSION:4.0', 'FN:Person'))
    const copy = new Copy(ana)
    await copy.catchUp()
    expect(copy.book.size).toBe(1)
    const group = lines('VERSION:4.0', 'KIND:group', 'FN:Person')
    await ana.put(`${path}/${id}`, undefined, { raw: group, headers: { 'Content-Type': 'text/vcard' } })
    await copy.catchUp()
    await expectCopied(copy)
    const fresh = new Copy(ana)
    await fresh.catchUp()
    expect(fresh.book.size).toBe(0)
  })

  it('is refused to a token that is none, or from before the database was restored', async () => {
    const ana = await signedUp('ana')
    await add(ana, { first_name: 'One' })
    const { next } = read(changesSchema, await ana.get(changes))
    for (const since of [
      'x',
      'WzFd',
      Buffer.from('[0,-1]').toString('base64url'),
      Buffer.from('[0,1,1,"\\ud800",1]').toString('base64url'),
    ]) {
      expect(problemOf(await ana.get(`${changes}?since=${since}`)), since).toBe('422 invalid-values')
    }
    const later = Buffer.from('[0,1000000]').toString('base64url')
    expect(problemOf(await ana.get(`${changes}?since=${later}`))).toBe('410 changes-restart')
    const raised = await serve({ CHANGES_EPOCH: '1' }, `${changes}?since=${next}`, { token: ana.access })
    expect(raised.status).toBe(410)
    expect((await serve({ CHANGES_EPOCH: '1' }, changes, { token: ana.access })).status).toBe(200)
    expect(problemOf(await ana.get(`${changes}?limit=501`))).toBe('422 invalid-values')
    expect(problemOf(await ana.post(changes, {}))).toBe('405 method-not-allowed')
  })

  it('numbers what forgets to bring a number, such as the Worker of the version before', async () => {
    const ana = await signedUp('ana')
    const { id } = await add(ana, { first_name: 'One' })
    const before = Math.max(...(await numbersOf(ana)))
    await db
      .update(contacts)
      .set({ first_name: 'Changed', revision: sql`${contacts.revision} + 1` })
      .where(eq(contacts.id, id))
    expect(Math.max(...(await numbersOf(ana)))).toBe(before + 1)
  })

  it.skipIf(driver !== 'D1')('costs one query where nothing changed', async () => {
    const { DB, statements } = remembering()
    const ana = await signedUp('ana')
    await add(ana, { first_name: 'One' })
    const { next } = read(changesSchema, await ana.get(changes))
    expect((await serve({ DB }, `${changes}?since=${next}`, { token: ana.access })).status).toBe(200)
    expect([...statements].filter((text) => text.includes('contacts'))).toHaveLength(2)
  })
})
