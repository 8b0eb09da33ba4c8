import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { configuration } from '../config.ts'
import { contactSchema } from './schema.ts'
import { idempotencyKeys } from './table.ts'

const db = database()
const path = '/api/contacts'
const countOf = async (person: Person) => Number((await person.get(`${path}?total=true`)).headers.get('X-Total-Count'))
const keysOf = (person: Person) => db.select().from(idempotencyKeys).where(eq(idempotencyKeys.owner_id, person.id))

describe('a book', () => {
  /** What a person is answered who adds contacts where a book holds few. */
  const addTo = (person: Person, max: number, json: unknown, headers = {}) =>
    serve({ MAX_CONTACTS: String(max) }, path, { method: 'POST', token: person.access, json, headers })

  it('is full at MAX_CONTACTS, of its owner’s alone, and has room again when one is deleted', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    for (const first_name of ['1', '2', '3', '4', '5']) await boris.post(path, { first_name })
    const made: number[] = []
    for (const first_name of ['One', 'Two', 'Three']) {
      const answer = await addTo(ana, 3, { first_name })
      expect(answer.status).toBe(201)
      made.push(contactSchema.parse(await answer.json()).id)
    }
    const full = await addTo(ana, 3, { first_name: 'Four' })
    expect(full.status).toBe(409)
    expect(await full.json()).toMatchObject({
      code: 'book-full',
      detail: 'Your books are full: they hold 3 contacts in all. Delete some, then add others.',
    })
    expect(await countOf(ana)).toBe(3)
    // What is there can be changed, and a higher bound is obeyed at once.
    expect((await ana.patch(`${path}/${made[0]}`, { phone: '1' })).status).toBe(200)
    expect((await addTo(ana, 4, { first_name: 'Four' })).status).toBe(201)
    expect((await addTo(ana, 3, { first_name: 'Five' })).status).toBe(409)
    for (const id of made.slice(0, 2)) await ana.delete(`${path}/${id}`)
    expect((await addTo(ana, 3, { first_name: 'Five' })).status).toBe(201)
    expect((await addTo(ana, 3, { first_name: 'Six' })).status).toBe(409)
  })

  it('never holds more, when many are added at once, with keys and without', async () => {
    const ana = await signedUp('ana')
    for (const keyed of [false, true]) {
      const before = await countOf(ana)
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          addTo(ana, before + 7, { first_name: `No ${n}` }, keyed ? { 'Idempotency-Key': `key-${n}` } : {}),
        ),
      )
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).toHaveLength(7)
      expect(statuses.filter((status) => status === 409)).toHaveLength(23)
      expect(await countOf(ana)).toBe(before + 7)
    }
    expect(await keysOf(ana)).toHaveLength(7)
  })

  it('that is full still answers what is sent again, and keeps no key of what it refused', async () => {
    const ana = await signedUp('ana')
    const key = (name: string) => ({ 'Idempotency-Key': name })
    const first = await addTo(ana, 1, { first_name: 'Only' }, key('first'))
    const again = await addTo(ana, 1, { first_name: 'Only' }, key('first'))
    expect([again.status, await again.text()]).toEqual([201, await first.text()])
    expect((await addTo(ana, 1, { first_name: 'Other' }, key('second'))).status).toBe(409)
    expect((await addTo(ana, 2, { first_name: 'Another' }, key('second'))).status).toBe(201)
  })

  it('has a bound that is a whole number, 50,000 where nobody says', () => {
    const set = (MAX_CONTACTS: string) => {
      const bindings = { ...env, MAX_CONTACTS }
      return configuration(bindings).MAX_CONTACTS
    }
    expect([set(''), set('7')]).toEqual([50_000, 7])
    for (const wrong of ['0', '-1', '1.5', 'many', '1000001'])
      expect(() => set(wrong), wrong).toThrow(/MAX_CONTACTS must/)
  })
})
