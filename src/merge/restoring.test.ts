import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, lines, path, photoLine, put, vcf } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { trashEntrySchema, versionSchema } from '../history/schema.ts'

const card = (name: string, ...more: string[]) => lines('VERSION:3.0', `N:${name};;;;`, `FN:${name}`, ...more)

describe('restoring a contact that was merged away', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })
  const details = async (id: number) => {
    const { updated_at: _, ...rest } = read(contactDetailsSchema, await ana.get(`${path}/${id}`))
    return rest
  }
  const merge = async (into: number, ...from: number[]) =>
    expect((await ana.post(`${path}/merge`, { into, from })).status).toBe(200)
  const restore = async (id: number) => {
    const answer = await ana.post(`/api/trash/${id}/restore`)
    expect(answer.status, answer.text).toBe(200)
    return answer.body
  }
  const pair = async () => {
    const one = await add(ana, { first_name: 'Ада', phone: '+380 44 111 11 11' })
    const two = await addVcard(ana, card('Adele', 'TEL;TYPE=CELL:+380442222222', photoLine('png'), 'X-A;B=C:d'))
    await ana.patch(`${path}/${two.id}/favorite`, { favorite: true })
    return [one.id, two.id] as const
  }

  it('undoes the merge: both are what they were before', async () => {
    const [one, two] = await pair()
    const before = [await details(one), await details(two), await vcf(ana, two)]
    await merge(one, two)
    expect(await restore(two)).toMatchObject({ id: two, into: 'restored', unmerged: [] })
    expect([await details(one), await details(two), await vcf(ana, two)]).toEqual(before)
    expect(read(z.array(versionSchema), await ana.get(`${path}/${one}/history`))).toHaveLength(2)
  })

  it('puts a star back, too, when nothing else was new', async () => {
    const one = await add(ana, { first_name: 'Star' })
    const two = await add(ana, { first_name: 'Star', favorite: true })
    await merge(one.id, two.id)
    expect((await details(one.id)).favorite).toBe(true)
    await restore(two.id)
    expect((await details(one.id)).favorite).toBe(false)
  })

  it('leaves the other as it is if it has changed since, and says so', async () => {
    const [one, two] = await pair()
    await merge(one, two)
    await ana.patch(`${path}/${one}`, { additional: 'new' })
    const before = await details(one)
    expect(await restore(two)).toMatchObject({ id: two, into: 'changed-since' })
    expect(await details(one)).toEqual(before)
    const [three, four] = await pair()
    await merge(three, four)
    await ana.delete(`${path}/${three}`)
    expect(await restore(four)).toMatchObject({ into: 'changed-since' })
    expect((await ana.get(`${path}/${three}`)).status).toBe(404)
  })

  it('undoes the whole merge of several, and the others are deleted like any other', async () => {
    const [one, two] = await pair()
    const three = (await add(ana, { first_name: 'Third', email: 'third@example.com' })).id
    const before = await details(one)
    await merge(one, two, three)
    expect(await restore(two)).toMatchObject({ into: 'restored', unmerged: [three] })
    expect(await details(one)).toEqual(before)
    const entries = read(z.array(trashEntrySchema), await ana.get('/api/trash'))
    expect(entries.find(({ id }) => id === three)).toMatchObject({ merged_into: null })
    expect(await restore(three)).not.toHaveProperty('into')
    expect(await details(one)).toEqual(before)
  })

  it('undoes merges one after another, the last first', async () => {
    const [one, two] = await pair()
    const three = (await add(ana, { first_name: 'Third', email: 'third@example.com' })).id
    const states = [await details(one)]
    await merge(one, two)
    states.push(await details(one))
    await merge(one, three)
    expect(await restore(three)).toMatchObject({ into: 'restored' })
    expect(await details(one)).toEqual(states[1])
    expect(await restore(two)).toMatchObject({ into: 'restored' })
    expect(await details(one)).toEqual(states[0])
    // One that was merged further, and restored.
    const four = (await add(ana, { first_name: 'Fourth', phone: '+380 44 444 44 44' })).id
    await merge(one, two)
    await merge(four, one)
    expect(await restore(one)).toMatchObject({ into: 'restored' })
    expect(await restore(two)).toMatchObject({ into: 'restored' })
    expect(await details(one)).toEqual(states[0])
  })

  it('says so if the version before is gone, as after very many merges', async () => {
    const one = (await add(ana, { first_name: 'Many' })).id
    const [from, states] = [[] as number[], [] as unknown[]]
    for (let n = 0; n < 11; n++) {
      from.push((await add(ana, { first_name: 'Many', phone: `+380 44 555 00 ${n + 10}` })).id)
      states.push(await details(one))
      await merge(one, from.at(-1) ?? 0)
    }
    const answers: unknown[] = []
    for (const [at, id] of [...from.entries()].reverse()) {
      const before = await details(one)
      const { into } = z.looseObject({ into: z.string() }).parse(await restore(id))
      expect(await details(one), `${at}`).toEqual(into === 'restored' ? states[at] : before)
      answers.push(into)
    }
    // Of 11 merges and 10 undone ones, the history has 20 versions.
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 'restored'), 'changed-since'])
  })

  it('happens only as a whole: if the contact cannot be restored, the other stays merged', async () => {
    const one = await add(ana, { first_name: 'Whole' })
    const two = await addVcard(ana, card('Whole', 'UID:whole-2', 'TEL:+380449999999'))
    await merge(one.id, two.id)
    const merged = await details(one.id)
    const holder = await addVcard(ana, card('Holder', 'UID:whole-2'))
    expect(problemOf(await ana.post(`/api/trash/${two.id}/restore`))).toBe('409 uid-taken')
    expect(await details(one.id)).toEqual(merged)
    expect((await put(ana, holder.id, card('Holder', 'UID:whole-3'))).status).toBe(200)
    expect(await restore(two.id)).toMatchObject({ into: 'restored' })
  })
})
