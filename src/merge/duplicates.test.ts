import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, faults, lines, path } from '../../test/vcard-requests.ts'
import { exportSchema } from '../account/schema.ts'
import { findSharing } from './duplicates-store.ts'
import { groupBySigns } from './group-by-signs.ts'
import { duplicatesSchema } from './schema.ts'

const card = (name: string, ...more: string[]) => lines('VERSION:3.0', `N:${name};;;;`, `FN:${name}`, ...more)

describe('the list of duplicates', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const page = async (query = '', who = ana) => {
    const answer = await who.get(`${path}/duplicates${query}`)
    expect(answer.status, answer.text).toBe(200)
    return answer
  }
  const list = async (query = '', who = ana) => read(z.array(duplicatesSchema), await page(query, who))
  const groups = async (who = ana) =>
    (await list('?limit=100', who)).map(({ signs, contacts }) => [
      contacts.map(({ full_name }) => full_name),
      signs.map(({ kind, value }) => `${kind} ${value}`),
    ])
  const ids = async (who = ana) =>
    (await list('?limit=100', who)).map(({ contacts }) => contacts.map(({ id }) => id).toSorted((a, b) => a - b))

  it('has those that share an e-mail, the last nine digits of a phone, or name and birthday', async () => {
    await add(ana, { first_name: 'E1', email: 'One@Example.com' })
    await addVcard(ana, card('E2', 'EMAIL:two@example.com', 'EMAIL;TYPE=home:mailto:ONE@example.com'))
    await add(ana, { first_name: 'I1', email: 'ana@пошта.укр' })
    await add(ana, { first_name: 'I2', email: 'ana@xn--80a1acn3a.xn--j1amh' })
    await add(ana, { first_name: 'P1', phone: '+380 44 123 45 67' })
    await addVcard(ana, card('P2', 'TEL:112', 'TEL:+380 99 999 99 99', 'TEL:(044) 123-45-67'))
    await add(ana, { first_name: 'Олесь', last_name: 'Гончар', birthday: '1918-04-03' })
    await addVcard(ana, card('Олесь Гончар', 'BDAY:19180403'))
    // None of these is a sign.
    await add(ana, { first_name: 'N1', phone: '112', email: '441234567@example.com' })
    await add(ana, { first_name: 'N2', phone: '+380 44 123 45 67 ext. 5', birthday: '--04-03' })
    await addVcard(ana, card('N3', 'TEL:112'))
    await add(ana, { first_name: 'N2', birthday: '1990-04-03' })
    await add(boris, { first_name: 'Theirs', email: 'one@example.com' })
    expect(await groups()).toEqual([
      [['E1', 'E2'], ['email one@example.com']],
      [['I1', 'I2'], ['email ana@xn--80a1acn3a.xn--j1amh']],
      [['P1', 'P2'], ['phone 441234567']],
      [['Олесь Гончар', 'Олесь Гончар'], ['born 1918-04-03 олесь гончар']],
    ])
    expect(await groups(boris)).toEqual([])
  })

  it('comes in pages, with the number of groups', async () => {
    const first = await page('?limit=3&total=true')
    expect([read(z.array(z.unknown()), first).length, first.headers.get('X-Total-Count')]).toEqual([3, '4'])
    const next = /<https:\/\/vizitka\.test([^>]+)>/.exec(first.headers.get('Link') ?? '')?.[1] ?? ''
    const second = await ana.get(next)
    expect(read(z.array(duplicatesSchema), second)[0]?.signs[0]?.kind).toBe('born')
    expect(second.headers.get('Link')).toBeNull()
    expect(await list('?skip=3')).toEqual(read(z.array(duplicatesSchema), second))
  })

  it('leaves out groups of vCards, the trash, and what more than 20 contacts share', async () => {
    const eve = await signedUp('eve')
    const one = await add(eve, { first_name: 'One', email: 'one@example.com' })
    await addVcard(eve, card('Group', 'KIND:group', 'EMAIL:one@example.com', 'TEL:+380441234567'))
    const two = await add(eve, { first_name: 'Two', email: 'one@example.com' })
    expect(await ids(eve)).toEqual([[one.id, two.id]])
    await eve.delete(`${path}/${two.id}`)
    expect(await ids(eve)).toEqual([])
    const create = (n: number) => ({ create: { first_name: `C${n}`, phone: '+380 44 000 00 00' } })
    await eve.post(`${path}/batch`, { operations: Array.from({ length: 20 }, (_, n) => create(n)) })
    expect((await ids(eve)).map((group) => group.length)).toEqual([20])
    const colleagues = []
    for (const email of ['x@example.com', 'x@example.com', 'y@example.com', 'y@example.com'])
      colleagues.push((await add(eve, { first_name: 'Another', phone: '+380 44 000 00 00', email })).id)
    // Each pair by its e-mail, and not all four by the number that all 24 have.
    expect(await list('', eve)).toMatchObject([
      { signs: [{ kind: 'email', value: 'x@example.com' }], contacts: [{ id: colleagues[0] }, { id: colleagues[1] }] },
      { signs: [{ kind: 'email', value: 'y@example.com' }], contacts: [{ id: colleagues[2] }, { id: colleagues[3] }] },
    ])
  })

  it('is made of at most a thousand contacts', async () => {
    const eve = await signedUp('eve')
    const create = (n: number) => ({ create: { first_name: `C${n}`, email: `${Math.floor(n / 20)}@example.com` } })
    const operations = Array.from({ length: 1020 }, (_, n) => create(n))
    for (let from = 0; from < 1020; from += 60)
      expect((await eve.post(`${path}/batch`, { operations: operations.slice(from, from + 60) })).status).toBe(200)
    expect((await page('?limit=1&total=true', eve)).headers.get('X-Total-Count')).toBe('50')
    const last = await list('?limit=1&skip=49', eve)
    expect(last[0]?.contacts).toHaveLength(20)
  })

  it('forgets a pair for ever that its owner says is distinct', async () => {
    const eve = await signedUp('eve')
    const [a, b, c] = [
      await add(eve, { first_name: 'A', email: 'same@example.com' }),
      await add(eve, { first_name: 'B', email: 'same@example.com' }),
      await add(eve, { first_name: 'C', email: 'same@example.com' }),
    ]
    const dismiss = (list: readonly number[], who = eve) => who.post(`${path}/duplicates/dismiss`, { ids: list })
    expect(await ids(eve)).toEqual([[a.id, b.id, c.id]])
    for (let times = 0; times < 2; times++) expect((await dismiss([b.id, a.id])).status).toBe(204)
    expect(await ids(eve)).toEqual([
      [a.id, c.id],
      [b.id, c.id],
    ])
    expect(await findSharing(database(), eve.id)).toHaveLength(1)
    expect((await dismiss([a.id, b.id, c.id, c.id])).status).toBe(204)
    expect(await ids(eve)).toEqual([])
    // It no longer has a place among the 500 signs.
    expect(await findSharing(database(), eve.id)).toEqual([])
    await eve.patch(`${path}/${a.id}`, { phone: '+380 44 123 45 67' })
    await eve.patch(`${path}/${b.id}`, { phone: '+380 44 123 45 67' })
    expect(await ids(eve)).toEqual([])
    const exported = read(exportSchema, await eve.get('/api/users/me/export'))
    expect(exported.distinct_contacts.map(({ contacts }) => contacts)).toEqual([
      [a.id, b.id],
      [a.id, c.id],
      [b.id, c.id],
    ])
    expect(problemOf(await dismiss([a.id, 999_999_999]))).toBe('404 not-found')
    expect(problemOf(await dismiss([a.id, b.id], boris))).toBe('404 not-found')
    expect(faults(await dismiss([a.id]))).toEqual(['/ids'])
    const conditional = { headers: { 'If-Match': '"1-1"' } }
    const answer = await eve.post(`${path}/duplicates/dismiss`, { ids: [a.id, b.id] }, conditional)
    expect(problemOf(answer)).toBe('412 precondition-failed')
    const merged = await eve.post(`${path}/merge`, { into: a.id, from: [b.id] })
    expect(merged.status).toBe(200)
  })
})

describe('grouping by signs', () => {
  const of = (signs: Record<number, string>, distinct: [number, number][] = []) =>
    groupBySigns(
      Object.entries(signs).map(([id, text]) => ({ id: Number(id), signs: text.split(' ') })),
      distinct,
    ).map(({ ids, signs }) => `${ids} ${signs}`)

  it('joins those that share a sign with the same other', () => {
    expect(of({ 1: 'a', 2: 'a b', 3: 'b', 4: 'c', 5: 'd', 6: 'd' })).toEqual(['1,2,3 a,b', '5,6 d'])
  })

  it('never puts two into one group that are distinct', () => {
    expect(of({ 1: 'a', 2: 'a b', 3: 'b' }, [[1, 3]])).toEqual(['1,2 a', '2,3 b'])
    expect(of({ 1: 'a', 2: 'a' }, [[1, 2]])).toEqual([])
    expect(of({ 1: 'a', 2: 'a b', 3: 'b c', 4: 'c' }, [[1, 4]])).toEqual(['1,2,3 a,b', '3,4 c'])
  })
})
