import { beforeAll, describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, changedLines, lines, path, vcf } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from './schema.ts'

const labelPath = (name: string): string => `/api/labels/${encodeURIComponent(name)}`

describe('labels', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const labeled = async (first_name: string, labels: string[], person = ana) => add(person, { first_name, labels })
  const counts = async (person = ana) => (await person.get('/api/labels')).body
  const having = async (label: string, person = ana) =>
    names(await person.get(`${path}?label=${encodeURIComponent(label)}`))
  const labelsOf = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`)).labels
  const everybody = async () => {
    for (const { name } of (await counts()) as { name: string }[]) await ana.delete(labelPath(name))
  }

  it('are counted, by the alphabet, and lists show who has one: exactly that one, and of nobody else', async () => {
    await labeled('A', ['Друзі', 'Work'])
    await labeled('B', ['Work', 'a;b, c'])
    await labeled('C', [])
    await labeled('D', ['Work'], boris)
    expect(await counts()).toEqual([
      { name: 'Друзі', count: 1 },
      { name: 'a;b, c', count: 1 },
      { name: 'Work', count: 2 },
    ])
    expect(await having('Work')).toEqual(['A', 'B'])
    expect(await having('a;b, c')).toEqual(['B'])
    for (const other of ['work', 'Wor', 'Друзі Work', 'a']) expect(await having(other), other).toEqual([])
    expect(await having('Work', boris)).toEqual(['D'])
    expect((await ana.get(`${path}?label=`)).status).toBe(422)
    await everybody()
    expect(await counts()).toEqual([])
  })

  it('of a vCard are its CATEGORIES, and renaming one changes no other line', async () => {
    const text = lines('VERSION:3.0', 'N:Carded;;;;', 'FN:Carded', 'CATEGORIES:Friends,Old ones', 'X-OWN:1')
    const { id } = await addVcard(ana, text)
    const plain = await labeled('B', ['Friends'])
    const answer = await ana.patch(labelPath('Friends'), { name: 'Друзі, так' })
    expect(answer.body).toEqual({ changed: 2, more: false, skipped: [] })
    expect(await labelsOf(plain.id)).toEqual(['Друзі, так'])
    expect((await labelsOf(id)).toSorted()).toEqual(['Old ones', 'Друзі, так'])
    expect(changedLines(text, await vcf(ana, id))).toHaveLength(1)
    expect(await having('Друзі, так')).toEqual(['B', 'Carded'])
    expect(await having('Friends')).toEqual([])
    // One that a contact has already is there once.
    expect((await ana.patch(labelPath('Old ones'), { name: 'Друзі, так' })).body).toEqual({
      changed: 1,
      more: false,
      skipped: [],
    })
    expect(await labelsOf(id)).toEqual(['Друзі, так'])
    expect((await ana.delete(labelPath('Друзі, так'))).body).toEqual({ changed: 2, more: false, skipped: [] })
    expect(await vcf(ana, id)).toBe(text.replace('CATEGORIES:Friends,Old ones\r\n', ''))
    expect(names(await ana.get(`${path}?q=carded`))).toEqual(['Carded'])
  })

  it('are changed for their owner alone; to what is none they are not, and of one that nobody has nothing is', async () => {
    const { id } = await labeled('A', ['Mine'])
    expect((await boris.delete(labelPath('Mine'))).body).toEqual({ changed: 0, more: false, skipped: [] })
    expect((await ana.patch(labelPath('Mine'), { name: 'Mine' })).body).toEqual({
      changed: 0,
      more: false,
      skipped: [],
    })
    expect(await labelsOf(id)).toEqual(['Mine'])
    expect(problemOf(await ana.patch(labelPath('Mine'), { name: ' ' }))).toBe('422 invalid-values')
    expect(problemOf(await ana.patch(labelPath('Mine'), {}))).toBe('422 invalid-values')
    expect(problemOf(await ana.delete(labelPath('x'.repeat(2001))))).toBe('404 not-found')
    await everybody()
  })

  it('raise the revision of the contacts that they change, so that nobody overwrites them unseen', async () => {
    const { id } = await labeled('A', ['Mine'])
    const etag = (await ana.get(`${path}/${id}`)).headers.get('ETag') ?? ''
    await ana.patch(labelPath('Mine'), { name: 'Ours' })
    expect((await ana.patch(`${path}/${id}`, { phone: '1' }, { headers: { 'If-Match': etag } })).status).toBe(412)
    await everybody()
  })
})
