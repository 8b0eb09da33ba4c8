import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { add, batch, countOf, named, path, problemSchema, resultsSchema, summary, token } from '../../test/batches.ts'
import { type Answer, problemOf, read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { changesSchema } from '../history/schema.ts'

const nameOf = async (person: Person, id: number) =>
  z.looseObject({ full_name: z.string() }).parse((await person.get(`${path}/${id}`)).body).full_name
const pointersOf = (answer: Answer) => (read(problemSchema, answer).errors ?? []).map(({ pointer }) => pointer)

describe('a batch', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('adds, changes and deletes, a row for each, in their order', async () => {
    const [changed = 0, gone = 0] = await add(ana, 'Changed', 'Gone')
    const rows = await batch(
      ana,
      { update: { id: changed, patch: { phone: '+380 44', labels: ['Friends'] } } },
      named('New'),
      { delete: { id: gone } },
      { create: { first_name: 'With', emails: [{ value: 'a@example.com', label: 'home', primary: true }] } },
    )
    expect(summary(rows)).toEqual(['200', '201', '204', '201'])
    expect(rows[0]?.contact).toMatchObject({ id: changed, phone: '+380 44', labels: ['Friends'] })
    expect(rows[3]?.contact?.emails).toEqual([{ value: 'a@example.com', label: 'home', primary: true }])
    for (const { contact, etag } of rows.filter(({ contact }) => contact)) {
      const single = await ana.get(`${path}/${contact?.id}`)
      expect([single.body, single.headers.get('ETag')]).toEqual([contact, etag])
    }
    expect((await ana.get(`${path}/${gone}`)).status).toBe(404)
    expect((await ana.get(`${path}?q=friends`)).text).toContain('Changed')
    expect((await ana.get('/api/labels')).body).toEqual([{ name: 'Friends', count: 1 }])
    expect((await ana.get('/api/trash')).text).toContain('Gone')
    expect((await ana.post(`/api/trash/${gone}/restore`)).status).toBe(200)
  })

  it('gives each change a number of its own, also those that one statement writes', async () => {
    const since = await token(ana)
    const ids = await add(ana, 'One', 'Two', 'Three')
    await batch(
      ana,
      ...ids.map((id) => ({ update: { id, patch: { phone: '1' } } })),
      { delete: { id: ids[0] } },
      { delete: { id: ids[1] } },
    )
    const seen: number[] = []
    let next = since
    for (let page = 0; page < 5; page++) {
      const changes = read(changesSchema, await ana.get(`${path}/changes?limit=1&since=${next}`))
      seen.push(...changes.changes.map(({ id }) => id))
      next = changes.next
    }
    expect(seen).toEqual([ids[2], ids[0], ids[1]])
  })

  it('acts in the order of its rows: each meets what those before it left', async () => {
    const [id = 0] = await add(ana, 'First')
    const rows = await batch(
      ana,
      { update: { id, patch: { last_name: 'Second' } } },
      { update: { id, patch: { phone: '2' } } },
      { delete: { id } },
      { update: { id, patch: { phone: '3' } } },
      { delete: { id } },
    )
    expect(summary(rows)).toEqual(['200', '200', '204', '404 not-found', '404 not-found'])
    expect(rows[1]?.contact).toMatchObject({ last_name: 'Second', phone: '2' })
    await ana.post(`/api/trash/${id}/restore`)
    const history = z.array(z.looseObject({ contact: z.looseObject({ full_name: z.string() }) }))
    const names = read(history, await ana.get(`${path}/${id}/history`)).map(({ contact }) => contact.full_name)
    expect(names).toEqual(['First Second', 'First'])
  })

  it('answers each row with the problem that it would have alone', async () => {
    const bo = await signedUp('bo')
    const [others = 0] = await add(bo, 'Bo’s')
    const [id = 0] = await add(ana, 'Mine')
    const { headers } = await ana.get(`${path}/${id}`)
    const etag = headers.get('ETag') ?? ''
    await ana.patch(`${path}/${id}`, { phone: '1' })
    const rows = await batch(
      ana,
      { create: { first_name: ' ', email: 'nobody' } },
      { update: { id: others, patch: { phone: '1' } } },
      { delete: { id: others } },
      { update: { id, patch: { phone: '2' }, if_match: etag } },
      { delete: { id, if_match: etag } },
      { update: { id, patch: { birthday: 'soon', colour: 'red' } } },
      { create: 5 },
      named('Right'),
    )
    expect(summary(rows)).toEqual([
      ...['422 invalid-values', '404 not-found', '404 not-found', '412 changed-meanwhile', '412 changed-meanwhile'],
      ...['422 invalid-values', '422 invalid-values', '201'],
    ])
    const pointers = rows.map(({ problem }) => (problem?.errors ?? []).map(({ pointer }) => pointer))
    expect(pointers[0]?.toSorted()).toEqual(['/create/email', '/create/first_name'])
    expect(pointers[5]?.toSorted()).toEqual(['/update/patch/birthday', '/update/patch/colour'])
    expect(pointers[6]).toEqual(['/create'])
    const current = (await ana.get(`${path}/${id}`)).headers.get('ETag')
    expect([rows[3]?.etag, rows[4]?.etag]).toEqual([current, current])
    const alone = await ana.patch(`${path}/${others}`, { phone: '1' })
    expect({ ...rows[1]?.problem, request_id: '' }).toEqual({ ...read(problemSchema, alone), request_id: '' })
    expect(await nameOf(bo, others)).toBe('Bo’s')
    expect(summary(await batch(ana, { delete: { id, if_match: current } }))).toEqual(['204'])
  })

  it('adds contacts to any book, and moves them by themselves', async () => {
    const bo = await signedUp('bo')
    expect((await bo.post('/api/books', { slug: 'work', name: 'Work' })).status).toBe(201)
    const [id = 0] = await add(bo, 'Moved')
    const rows = await batch(
      bo,
      { create: { first_name: 'Colleague', book: 'work' } },
      { update: { id, patch: { phone: '1', book: 'work' } } },
      { update: { id, patch: { phone: '2', book: 'work' } } },
      { create: { first_name: 'Nowhere', book: 'none' } },
      { update: { id, patch: { book: 'none' } } },
    )
    expect(summary(rows)).toEqual(['201', '200', '200', '422 invalid-values', '422 invalid-values'])
    expect(rows[3]?.problem?.errors).toMatchObject([{ pointer: '/create/book' }])
    expect(rows[4]?.problem?.errors).toMatchObject([{ pointer: '/update/patch/book' }])
    const [made, , moved] = rows
    expect([made?.contact?.book, moved?.contact?.book, moved?.contact?.phone]).toEqual(['work', 'work', '2'])
    const listed = z.array(z.looseObject({ id: z.int() }))
    const inBook = read(listed, await bo.get(`${path}?book=work`)).map((one) => one.id)
    expect(inBook.toSorted()).toEqual([id, made?.contact?.id ?? 0].toSorted())
    const operations = [{ delete: { id: made?.contact?.id } }, { update: { id, patch: { book: 'contacts' } } }]
    expect(problemOf(await bo.post(`${path}/batch?atomic=true`, { operations }))).toBe('409 send-separately')
    expect(read(listed, await bo.get(`${path}?book=work`))).toHaveLength(2)
    // Deleted from another book, a contact is restored into it.
    expect(summary(await batch(bo, { delete: { id } }))).toEqual(['204'])
    expect((await bo.post(`/api/trash/${id}/restore`)).body).toMatchObject({ book: 'work', phone: '2' })
  })

  it('is refused whole where it is no batch', async () => {
    const bodies = [
      {},
      { operations: [] },
      { operations: Array.from({ length: 101 }, () => named('Many')) },
      { operations: [{}] },
      { operations: [{ create: {}, delete: { id: 1 } }] },
      { operations: [{ replace: { id: 1 } }] },
      { operations: [named('Right'), { update: { id: 'x', patch: {} } }] },
      { operations: [{ delete: { id: 0 } }] },
      { operations: [{ update: { id: 1 } }] },
      { operations: [named('Right')], atomic: true },
    ]
    const before = await token(ana)
    for (const body of bodies) {
      const answer = await ana.post(`${path}/batch`, body)
      expect([JSON.stringify(body), problemOf(answer)]).toEqual([JSON.stringify(body), '422 invalid-values'])
    }
    const long = await ana.post(`${path}/batch`, { operations: [named('x'.repeat(1_000_000))] })
    expect(problemOf(long)).toBe('413 too-large')
    expect(problemOf(await ana.post(`${path}/batch?atomic=yes`, { operations: [named('Right')] }))).toBe(
      '422 invalid-values',
    )
    expect(
      problemOf(await ana.post(`${path}/batch`, { operations: [named('A')] }, { headers: { 'If-Match': '"1"' } })),
    ).toBe('412 precondition-failed')
    expect((await ana.get(`${path}/batch`)).headers.get('Allow')).toBe('POST')
    expect(await token(ana)).toBe(before)
  })

  it('adds no more contacts than a book may hold, and counts those that it deletes', async () => {
    const bo = await signedUp('bo')
    const [id = 0] = await add(bo, 'First')
    const ask = async (...operations: object[]) => {
      const init = { method: 'POST', token: bo.access, json: { operations } }
      const answer = await serve({ MAX_CONTACTS: '3' }, `${path}/batch`, init)
      return summary(resultsSchema.parse(await answer.json()).results)
    }
    const full = '409 book-full'
    expect(await ask(named('2'), named('3'), named('4'), { delete: { id } }, named('5'), named('6'))).toEqual([
      '201',
      '201',
      full,
      '204',
      '201',
      full,
    ])
    expect(await countOf(bo)).toBe(3)
  })

  it('allows each row only what the role allows', async () => {
    const [id = 0] = await add(ana, 'Stays')
    const operations = [named('New'), { update: { id, patch: { phone: '1' } } }, { delete: { id } }]
    const roles = { ROLE_PERMISSIONS: JSON.stringify({ user: ['contacts:read', 'contacts:update'] }) }
    const ask = (query = '') =>
      serve(roles, `${path}/batch${query}`, { method: 'POST', token: ana.access, json: { operations } })
    const rows = resultsSchema.parse(await (await ask()).json()).results
    expect(summary(rows)).toEqual(['403 not-permitted', '200', '403 not-permitted'])
    expect((await ask('?atomic=true')).status).toBe(403)
    const reader = { ROLE_PERMISSIONS: JSON.stringify({ user: ['contacts:read'] }) }
    const refused = await serve(reader, `${path}/batch`, { method: 'POST', token: ana.access, json: { operations } })
    expect(refused.status).toBe(403)
  })
})

describe('an atomic batch', () => {
  let ana: Person
  const atomic = (...operations: object[]) => ana.post(`${path}/batch?atomic=true`, { operations })
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('does all of its rows', async () => {
    const [id = 0, gone = 0] = await add(ana, 'Was', 'Gone')
    const answer = await atomic(named('New'), { update: { id, patch: { first_name: 'Is' } } }, { delete: { id: gone } })
    expect(summary(read(resultsSchema, answer).results)).toEqual(['201', '200', '204'])
    expect(await nameOf(ana, id)).toBe('Is')
  })

  it('does none of them where one is refused, and says which and why', async () => {
    const [id = 0] = await add(ana, 'Stays')
    let before = [await token(ana), await countOf(ana)]
    const right = [named('New'), { update: { id, patch: { phone: '1' } } }, { delete: { id } }]
    const refused = async (operation: object) => {
      const answer = await atomic(...right, operation, named('After'))
      return [problemOf(answer), ...pointersOf(answer)]
    }
    expect(await refused({ create: { first_name: 'A', email: 'nobody' } })).toEqual([
      ...['422 invalid-values', '/operations/3/create/email'],
    ])
    expect(await refused({ update: { id, patch: {} } })).toEqual(['404 not-found', '/operations/3'])
    expect([await token(ana), await countOf(ana)]).toEqual(before)
    const [other = 0] = await add(ana, 'Other')
    before = [await token(ana), await countOf(ana)]
    expect(await refused({ delete: { id: other, if_match: '"1-1"' } })).toEqual([
      '412 changed-meanwhile',
      '/operations/3',
    ])
    expect([await token(ana), await countOf(ana)]).toEqual(before)
  })
})
