import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, apiDocument, problemOf, read } from '../../test/client.ts'
import { database, driver, remembering } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { timestamp } from '../platform/db/columns.ts'
import { runScheduled } from '../schedule.ts'
import { contactSchema } from './schema.ts'
import { idempotencyKeys } from './table.ts'

const db = database()
const path = '/api/contacts'
const contact = (answer: Answer) => read(contactSchema, answer)
const faultSchema = z.looseObject({ errors: z.array(z.object({ pointer: z.string(), detail: z.string() })) })
const pointers = (answer: Answer) => read(faultSchema, answer).errors.map(({ pointer }) => pointer)

/** Adds a contact under a key, sent as it is. */
const add = (person: Person, key: string, json: unknown) =>
  person.post(path, json, { headers: { 'Idempotency-Key': key } })
const countOf = async (person: Person) => Number((await person.get(`${path}?total=true`)).headers.get('X-Total-Count'))
const keysOf = (person: Person) => db.select().from(idempotencyKeys).where(eq(idempotencyKeys.owner_id, person.id))
const keyOf = (person: Person, key: string) =>
  and(eq(idempotencyKeys.owner_id, person.id), eq(idempotencyKeys.key, key))
const hoursAgo = (hours: number) => timestamp(Date.now() - hours * 3_600_000)

describe('a request with an Idempotency-Key', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('adds one contact, however often it is sent', async () => {
    const before = await countOf(ana)
    const first = await add(ana, 'often', { first_name: 'Once', phone: '1' })
    const { id } = contact(first)
    for (const same of [
      { first_name: 'Once', phone: '1' },
      { phone: ' 1 ', last_name: null, first_name: 'Once ', email: '' },
      { ...contact(first), favorite: undefined },
    ]) {
      const again = await add(ana, 'often', same)
      expect([again.status, again.body]).toEqual([201, first.body])
      for (const header of ['ETag', 'Location', 'Cache-Control']) {
        expect(again.headers.get(header)).toBe(first.headers.get(header))
      }
      expect(again.headers.get('Location')).toBe(`${path}/${id}`)
    }
    expect(await countOf(ana)).toBe(before + 1)
  })

  it('is the same with its key in quotes and without', async () => {
    const first = contact(await add(ana, '"quoted"', { first_name: 'Quoted' }))
    expect(contact(await add(ana, 'quoted', { first_name: 'Quoted' })).id).toBe(first.id)
    const escaped = contact(await add(ana, String.raw`"a \"b\" \\ c"`, { first_name: 'Escaped' }))
    expect((await keysOf(ana)).find(({ contact_id }) => contact_id === escaped.id)?.key).toBe(String.raw`a "b" \ c`)
  })

  it('is answered with the contact as it is now', async () => {
    const { id } = contact(await add(ana, 'now', { first_name: 'Then' }))
    const changed = await ana.patch(`${path}/${id}`, { first_name: 'Now', favorite: true })
    const again = await add(ana, 'now', { first_name: 'Then' })
    expect([again.status, again.body]).toEqual([201, changed.body])
    expect(again.headers.get('ETag')).toBe(changed.headers.get('ETag'))
  })

  it('finds nothing, and adds nothing, where the contact was deleted meanwhile', async () => {
    const { id } = contact(await add(ana, 'deleted', { first_name: 'Deleted' }))
    await ana.delete(`${path}/${id}`)
    const before = await countOf(ana)
    expect(problemOf(await add(ana, 'deleted', { first_name: 'Deleted' }))).toBe('404 not-found')
    expect(problemOf(await add(ana, 'deleted', { first_name: 'Other' }))).toBe('422 idempotency-key-reused')
    expect(await countOf(ana)).toBe(before)
  })

  it('is refused with another body', async () => {
    await add(ana, 'body', { first_name: 'Body' })
    const before = await countOf(ana)
    for (const other of [
      { first_name: 'body' },
      { first_name: 'Body', phone: '1' },
      { last_name: 'Body' },
      // What is said of the star is part of the body.
      { first_name: 'Body', favorite: false },
    ]) {
      const answer = await add(ana, 'body', other)
      expect(problemOf(answer)).toBe('422 idempotency-key-reused')
      expect(pointers(answer)).toEqual(['header/Idempotency-Key'])
    }
    expect(await countOf(ana)).toBe(before)
  })

  it('is refused where the key is none', async () => {
    const before = await countOf(ana)
    for (const key of [
      '',
      '""',
      'x'.repeat(256),
      `"${'x'.repeat(256)}"`,
      'a\tb',
      '"a\tb"',
      'a\u0007b',
      'a\u007f',
      'naïve',
      'a b',
      'a, b',
      '"a", "b"',
      '"open',
      'closed"',
      '"a"b"',
      String.raw`"\a"`,
      String.raw`"a\"`,
      '"a";v=1',
    ]) {
      const answer = await add(ana, key, { first_name: 'Never' })
      expect(problemOf(answer), key).toBe('422 invalid-values')
      expect(new Set(pointers(answer)), key).toEqual(new Set(['header/Idempotency-Key']))
    }
    expect(await countOf(ana)).toBe(before)
    for (const key of ['x'.repeat(255), `"${'\\"'.repeat(255)}"`, '9f1c', 'YWJj/+==', '*', 'a:b', "it's"]) {
      expect((await add(ana, key, { first_name: 'Ever' })).status, key).toBe(201)
    }
  })

  it('adds one contact when it is sent many times at once, and each is answered with it', async () => {
    for (let round = 0; round < 5; round++) {
      const before = await countOf(ana)
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          add(ana, `crowd ${round}`.replace(' ', '-'), { first_name: `Crowd ${round}` }),
        ),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
      expect(await countOf(ana)).toBe(before + 1)
    }
  })

  it('adds one contact of several bodies at once, and refuses the others', async () => {
    const before = await countOf(ana)
    const bodies = Array.from({ length: 8 }, (_, n) => ({ first_name: `Number ${n}` }))
    const answers = await Promise.all(bodies.map((json) => add(ana, 'bodies', json)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...bodies.slice(1).map(() => 422)])
    expect(await countOf(ana)).toBe(before + 1)
  })

  it('never meets another person’s', async () => {
    const boris = await signedUp('boris')
    const [one, other] = [
      await add(ana, 'shared', { first_name: 'A' }),
      await add(boris, 'shared', { first_name: 'B' }),
    ]
    expect([contact(one).full_name, contact(other).full_name]).toEqual(['A', 'B'])
    expect(contact(await add(boris, 'shared', { first_name: 'B' })).id).toBe(contact(other).id)
    await ana.delete(`${path}/${contact(one).id}`)
    expect((await add(boris, 'shared', { first_name: 'B' })).status).toBe(201)
    expect(await countOf(boris)).toBe(1)
  })

  it('stores nothing when it is refused', async () => {
    const before = (await keysOf(ana)).length
    const raw = { headers: { 'Idempotency-Key': 'refused', 'Content-Type': 'application/json' }, raw: '{' }
    expect((await add(ana, 'refused', { first_name: '' })).status).toBe(422)
    expect((await add(ana, 'refused', { first_name: 'x', owner_id: 1 })).status).toBe(422)
    expect((await ana.post(path, undefined, raw)).status).toBe(400)
    const headers = { 'Idempotency-Key': 'refused' }
    expect((await ana.post(path, { first_name: 'Taken' }, { token: 'x', headers })).status).toBe(401)
    expect((await keysOf(ana)).length).toBe(before)
    expect((await add(ana, 'refused', { first_name: 'Taken' })).status).toBe(201)
  })

  it('is remembered for 24 hours, and to the second', async () => {
    const first = contact(await add(ana, 'day', { first_name: 'Day' }))
    await db
      .update(idempotencyKeys)
      .set({ created_at: hoursAgo(23.99) })
      .where(keyOf(ana, 'day'))
    expect(contact(await add(ana, 'day', { first_name: 'Day' })).id).toBe(first.id)
    await db
      .update(idempotencyKeys)
      .set({ created_at: hoursAgo(24.01) })
      .where(keyOf(ana, 'day'))
    const next = contact(await add(ana, 'day', { first_name: 'Day', phone: '2' }))
    expect(next.id).toBeGreaterThan(first.id)
    expect(contact(await add(ana, 'day', { first_name: 'Day', phone: '2' })).id).toBe(next.id)
  })

  it('is forgotten by the hourly sweep, once that time is over', async () => {
    for (const key of ['sweep-old', 'sweep-new']) await add(ana, key, { first_name: key })
    await db
      .update(idempotencyKeys)
      .set({ created_at: hoursAgo(24.01) })
      .where(keyOf(ana, 'sweep-old'))
    await runScheduled('17 * * * *', env)
    const remaining = (await keysOf(ana)).map(({ key }) => key)
    expect(remaining.includes('sweep-old')).toBe(false)
    expect(remaining.includes('sweep-new')).toBe(true)
  })

  it.skipIf(driver !== 'D1')('reads no book to find what it added', async () => {
    const { DB, statements } = remembering()
    const headers = { 'Idempotency-Key': 'plan' }
    const made = await serve({ DB }, path, { method: 'POST', token: ana.access, json: { first_name: 'Plan' }, headers })
    expect([made.status, statements.size]).toEqual([201, 6])
    for (const statement of statements) {
      const parameters = statement.match(/\?/g)?.map(() => 1) ?? []
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${statement}`)
        .bind(...parameters)
        .all<{ detail: string }>()
      for (const { detail } of results) {
        // Rows by their keys; of the book, its newest id and, where there may be no room, how many there are.
        expect(detail, statement).toMatch(
          /^(CORRELATED )?SCALAR SUBQUERY|^SEARCH (users|contacts|idempotency_keys|books|removed) USING ((INTEGER )?PRIMARY KEY|INDEX (sqlite_autoindex|books_by_slug))|^SEARCH contacts( USING COVERING INDEX \w+ \(owner_id=\?\))?$/,
        )
      }
    }
  })

  it('leaves no key without its contact', async () => {
    for (const { contact_id } of await keysOf(ana)) expect(contact_id).toBeGreaterThan(0)
  })

  it('is documented', async () => {
    const { paths } = await apiDocument()
    const operation = z
      .looseObject({ parameters: z.array(z.looseObject({ in: z.string(), name: z.string(), required: z.unknown() })) })
      .parse(paths[`${path}/`]?.post ?? paths[path]?.post)
    const [key] = operation.parameters.filter(({ in: place }) => place === 'header')
    expect(key).toMatchObject({ name: 'Idempotency-Key' })
    expect(key?.required).not.toBe(true)
  })
})
