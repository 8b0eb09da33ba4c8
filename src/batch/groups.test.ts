import { describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { signedUp } from '../../test/people.ts'
import { addVcard, lines, path } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { batchResultsSchema } from './view.ts'

describe('a batch of somebody who has groups of vCards', () => {
  it('changes what its rows change, groups and their members alike', async () => {
    const ana = await signedUp('ana')
    const person = await addVcard(ana, lines('VERSION:3.0', 'FN:Adam', 'UID:u-1', 'X-ODD:kept'))
    const group = await addVcard(ana, lines('VERSION:4.0', 'KIND:group', 'FN:Family', 'UID:g-1', 'MEMBER:u-1'))
    const send = async (query: string, ...operations: object[]) => ana.post(`${path}/batch${query}`, { operations })
    const batch = async (...operations: object[]) => read(batchResultsSchema, await send('', ...operations)).results
    const details = async () => read(contactDetailsSchema, await ana.get(`${path}/${person.id}`))
    const patch = (change: object) => ({ update: { id: person.id, patch: change } })

    // What leaves the group as it is.
    const [plain, labeled] = await batch(patch({ phone: '1' }), patch({ labels: ['Family', 'Old'] }))
    expect([plain?.contact?.labels, labeled?.contact?.labels]).toEqual([['Family'], ['Old', 'Family']])
    expect(await details()).toEqual(labeled?.contact)
    expect((await ana.get(`${path}?q=family`)).text).toContain('Adam')
    expect((await ana.get(`${path}/${person.id}.vcf?version=stored`)).text).toContain('X-ODD:kept')

    // What takes somebody out of it, renames it, and deletes it: each on what the others left.
    const rows = await batch(
      { update: { id: group.id, patch: { first_name: 'Kin' } } },
      patch({ last_name: 'Bell' }),
      patch({ labels: ['Old'] }),
      patch({ phone: '2' }),
      { delete: { id: group.id } },
      { create: { first_name: 'New' } },
    )
    expect(rows.map(({ status }) => status)).toEqual([200, 200, 200, 200, 204, 201])
    expect([1, 2, 3].map((at) => rows[at]?.contact?.labels)).toEqual([['Old', 'Kin'], ['Old'], ['Old']])
    expect(await details()).toEqual(rows[3]?.contact)
    expect((await ana.get('/api/labels')).body).toEqual([{ name: 'Old', count: 1 }])

    // One that is atomic does not: nothing is done, and it says so.
    await ana.post(`/api/trash/${group.id}/restore`)
    const answer = await send('?atomic=true', { create: { first_name: 'Another' } }, { delete: { id: group.id } })
    expect(problemOf(answer)).toBe('409 send-separately')
    expect((await ana.get(`${path}?q=another`)).body).toEqual([])
    const many = await batch(...Array.from({ length: 7 }, () => ({ update: { id: group.id, patch: {} } })))
    expect(many.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 409, 409])
  })
})
