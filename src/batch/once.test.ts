import { describe, expect, it } from 'vitest'
import {
  add,
  batch,
  countOf,
  idsOf,
  named,
  path,
  type Rows,
  resultsSchema,
  summary,
  token,
} from '../../test/batches.ts'
import { problemOf, read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'

describe('batches at once', () => {
  it('lose no row, and write none twice, on the same contacts', async () => {
    const ana = await signedUp('ana')
    const ids = await add(ana, 'A', 'B', 'C')
    const patches = (phone: string) => ids.map((id) => ({ update: { id, patch: { phone } } }))
    const answers = await Promise.all([
      batch(ana, ...patches('1'), named('D')),
      batch(ana, ...patches('2'), named('E')),
      ...ids.map((id) => ana.patch(`${path}/${id}`, { last_name: 'Z' }).then(({ status }) => status)),
    ])
    expect(answers.slice(2)).toEqual([200, 200, 200])
    for (const rows of answers.slice(0, 2) as Rows[]) expect(summary(rows)).toEqual(['200', '200', '200', '201'])
    for (const id of ids) expect((await ana.get(`${path}/${id}`)).headers.get('ETag')).toMatch(/-4"$/)
    expect(await countOf(ana)).toBe(5)
  })

  it('are all or nothing where both are atomic and want what one alone can have', async () => {
    const ana = await signedUp('ana')
    const [id = 0] = await add(ana, 'A')
    const { headers } = await ana.get(`${path}/${id}`)
    const operations = (name: string) => [named(name), { update: { id, patch: {}, if_match: headers.get('ETag') } }]
    const answers = await Promise.all(
      ['1', '2', '3'].map((name) => ana.post(`${path}/batch?atomic=true`, { operations: operations(name) })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412])
    expect(await countOf(ana)).toBe(2)
  })
})

describe('a batch with an Idempotency-Key', () => {
  const send = (person: Person, key: string, operations: object[], query = '') =>
    person.post(`${path}/batch${query}`, { operations }, { headers: { 'Idempotency-Key': key } })

  it('is done once, however often it is sent, and answered the same with contacts as they are now', async () => {
    const ana = await signedUp('ana')
    const [id = 0, gone = 0] = await add(ana, 'Was', 'Gone')
    const operations = [
      ...[named('New'), { update: { id, patch: { phone: '1' } } }, { delete: { id: gone } }, named('Newer')],
      ...[{ create: {} }, { delete: { id: gone } }],
    ]
    const first = read(resultsSchema, await send(ana, 'key', operations)).results
    expect(summary(first)).toEqual(['201', '200', '204', '201', '422 invalid-values', '404 not-found'])
    const before = await token(ana)
    const again = read(resultsSchema, await send(ana, '"key"', operations)).results
    const plain = (rows: Rows) =>
      rows.map(({ problem, ...row }) => ({ ...row, problem: problem?.errors ?? problem?.code }))
    expect(plain(again)).toEqual(plain(first))
    expect(await token(ana)).toBe(before)

    await ana.patch(`${path}/${first[0]?.contact?.id}`, { phone: '2' })
    await ana.delete(`${path}/${first[3]?.contact?.id}`)
    await ana.delete(`${path}/${id}`)
    const later = read(resultsSchema, await send(ana, 'key', operations)).results
    expect(summary(later).slice(0, 4)).toEqual(['201', '404 not-found', '204', '404 not-found'])
    expect(later[0]?.contact?.phone).toBe('2')
  })

  it('is refused with another body, and does not add a contact of another route', async () => {
    const ana = await signedUp('ana')
    await send(ana, 'key', [named('New')])
    for (const answer of [
      await send(ana, 'key', [named('Newer')]),
      await send(ana, 'key', [named('New')], '?atomic=true'),
      await ana.post(path, { first_name: 'New' }, { headers: { 'Idempotency-Key': 'key' } }),
    ])
      expect(problemOf(answer)).toBe('422 idempotency-key-reused')
    await ana.post(path, { first_name: 'New' }, { headers: { 'Idempotency-Key': 'contact' } })
    expect(problemOf(await send(ana, 'contact', [named('New')]))).toBe('422 idempotency-key-reused')
    expect(await countOf(ana)).toBe(2)
  })

  it('is done once where it comes twice at the same time', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all([1, 2, 3].map(() => send(ana, 'key', [named('A'), named('B')])))
    const ids = answers.map((answer) => idsOf(read(resultsSchema, answer).results))
    expect([ids[1], ids[2]]).toEqual([ids[0], ids[0]])
    expect(await countOf(ana)).toBe(2)
  })

  it('that does nothing may be sent again with what is mended', async () => {
    const ana = await signedUp('ana')
    expect(summary(read(resultsSchema, await send(ana, 'key', [{ create: {} }])).results)).toEqual([
      '422 invalid-values',
    ])
    expect(summary(read(resultsSchema, await send(ana, 'key', [named('Mended')])).results)).toEqual(['201'])
  })
})
