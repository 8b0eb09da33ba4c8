import { Buffer } from 'node:buffer'
import { asc, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { contacts } from '../src/contacts/table.ts'
import { type Answer, type Call, call } from './client.ts'
import { database } from './database.ts'
import { type Person, signedUp } from './people.ts'

/** What stands in everything that is Boris's, and in nothing that Ana sends. */
const mark = `boris-${crypto.randomUUID()}`
const path = '/api/contacts'
const db = database()

let ana: Person
let boris: Person
/** Ids of Boris's contacts, cursors into his list. */
let ids: number[] = []
const cursors: string[] = []
const rowsOfBoris = () => db.select().from(contacts).where(eq(contacts.owner_id, boris.id)).orderBy(asc(contacts.id))
let before: Awaited<ReturnType<typeof rowsOfBoris>>

const nextOf = (answer: Answer) => answer.headers.get('Link')?.match(/[?&]cursor=([^&>]+)/)?.[1]

beforeAll(async () => {
  ana = await signedUp('ana')
  boris = await signedUp('boris')
  for (const [n, first_name] of ['Анна', 'José', '★ Zoë', 'x'].entries()) {
    await boris.post(
      path,
      { first_name, last_name: mark, email: `${mark}@example.com`, phone: '+380 44 123', birthday: '2000-02-29' },
      { headers: { 'Idempotency-Key': `${n}` } },
    )
    await ana.post(path, { first_name, last_name: 'of Ana', phone: '+380 44 123', birthday: '--02-29' })
  }
  for (const sort of ['name', 'created', 'updated', 'birthday']) {
    const cursor = nextOf(await boris.get(`${path}?limit=1&sort=${sort}`))
    if (cursor) cursors.push(decodeURIComponent(cursor))
  }
  before = await rowsOfBoris()
  ids = before.map(({ id }) => id)
  expect([ids.length, cursors.length]).toEqual([4, 4])
})

/** Asks as Ana, and holds the answer against what is promised of every answer; `call` holds it against the document. */
async function ask(method: string, to: string, more: Call = {}): Promise<Answer> {
  const answer = await call(method, to, { token: ana.access, ...more })
  const where = `${method} ${to} ${JSON.stringify(more)} → ${answer.status} ${answer.text}`
  expect(answer.status, where).toBeLessThan(500)
  if (answer.text.includes(mark) || answer.headers.get('Link')?.includes(mark)) expect.fail(`Boris’s: ${where}`)
  if (answer.status >= 400) expect(answer.headers.get('Content-Type'), where).toBe('application/problem+json')
  return answer
}

const tries = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number, ask: (value: T) => Promise<unknown>) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      await ask(value)
    }),
    { numRuns, endOnFailure: true },
  )

/** Text of every kind: of every plane, with controls, and with what means something to SQL, JSON, JavaScript or URLs. */
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '%',
    '_',
    '*',
    '\\',
    "'",
    '"',
    '--',
    ';',
    '\u0000',
    '\ufeff',
    '\u202e',
    '\u0301',
    'ﷺ',
    '👩‍👩‍👧',
    'İ',
    'ß',
  ],
  ...['null', 'undefined', 'NaN', 'true', '__proto__', 'constructor', '1e3', '0x10', '-0', '9'.repeat(20), '٣'],
  ...["' OR 1=1 --", '") UNION SELECT * FROM users --', '?1', ':name', '$1', '../..', 'x'.repeat(300)],
)
const text = fc.oneof(odd, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())
const wellFormed = text.map((one) => one.toWellFormed())
const parameter = fc.oneof(wellFormed, fc.integer().map(String), fc.double().map(String))
const query = (given: object): string => {
  const entries = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return String(new URLSearchParams(entries))
}
const maybe = (name: string, values = parameter) => ({ [name]: fc.option(values, { nil: undefined }) })
const sorts = fc.constantFrom('name', 'created', 'updated', 'birthday')
const orders = fc.constantFrom('asc', 'desc')

const patience = 120_000

describe('whatever Ana sends', { timeout: patience }, () => {
  it('as filters, is no 5xx, and finds nothing of Boris’s', async () => {
    const names = ['first_name', 'last_name', 'email', 'phone', 'favorite', 'total']
    const filters = fc.record(Object.assign({}, ...names.map((name) => maybe(name))))
    await tries(filters, 350, (given) => ask('GET', `${path}?${query(given)}`))
    const one = fc.tuple(fc.constantFrom(...names), wellFormed)
    await tries(one, 150, ([name, value]) => ask('GET', `${path}?${query({ [name]: value })}`))
  })

  it('as a cursor, her own, forged, or Boris’s, shows rows of hers alone', async () => {
    const forged = fc
      .tuple(
        fc.oneof(
          fc.tuple(sorts, orders).map((parts) => parts.join(' ')),
          text,
        ),
        fc.oneof(text, fc.constantFrom('', '~', '02-29', '2000-01-01T00:00:00.000Z'), fc.anything()),
        fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(...ids), fc.double()),
      )
      .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'))
    const cursor = fc.oneof(forged, fc.constantFrom(...cursors), wellFormed, fc.base64String())
    await tries(fc.tuple(cursor, sorts, orders), 350, ([given, sort, order]) =>
      ask('GET', `${path}?${query({ cursor: given, sort, order, limit: '2' })}`),
    )
  })

  it('as skip, limit, sort and order, is no 5xx', async () => {
    const number = fc.oneof(parameter, fc.integer({ min: -2, max: 200 }).map(String))
    const paging = fc.record({
      ...maybe('skip', number),
      ...maybe('limit', number),
      ...maybe('sort', fc.oneof(sorts, sorts, wellFormed)),
      ...maybe('order', fc.oneof(orders, orders, wellFormed)),
      ...maybe('total', fc.constantFrom('true', 'false', '1')),
    })
    await tries(paging, 300, (given) => ask('GET', `${path}?${query(given)}`))
  })

  it('as an id, or a word in its place, reaches nothing of Boris’s', async () => {
    const id = fc.oneof(
      fc.constantFrom(...ids).map(String),
      fc.tuple(fc.constantFrom('', '0', '+', ' ', '%'), fc.constantFrom(...ids)).map((parts) => parts.join('')),
      wellFormed,
      fc.maxSafeInteger().map(String),
      fc.bigInt().map(String),
      fc.constantFrom(mark.slice(0, 3), 'birthdays', 'bd', 'avatar', '...'),
    )
    const asked = fc.tuple(fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE', 'POST'), id, fc.boolean())
    const own = new Set(
      (await db.select().from(contacts).where(eq(contacts.owner_id, ana.id))).map((row) => String(row.id)),
    )
    await tries(asked, 350, async ([method, given, star]) => {
      // Dots alone are a URL's own: another path leaves.
      if (own.has(given) || given.includes(mark) || /^\.\.?$/.test(given)) return
      const end = star && method === 'PATCH' ? '/favorite' : ''
      const json = end ? { favorite: true } : { first_name: 'Taken', favorite: star }
      const more = method === 'PUT' || method === 'PATCH' ? { json } : {}
      const answer = await ask(method, `${path}/${encodeURIComponent(given)}${end}`, more)
      if (ids.map(String).includes(given)) expect([404, 405]).toContain(answer.status)
    })
  })

  it('as an Idempotency-Key, adds one contact or none', async () => {
    const printable = fc.string({ unit: 'binary-ascii', minLength: 0, maxLength: 300 })
    const key = fc
      .oneof(
        printable,
        fc.uuid(),
        printable.map((one) => JSON.stringify(one)),
        odd,
        fc.constantFrom('0', '1', '2', '"3"'),
      )
      // What no header can hold never leaves a client; of what is not ASCII, each runtime makes something else.
      .filter((one) => [...one].every((character) => character < '\u0080' && !'\0\r\n'.includes(character)))
    await tries(key, 300, async (given) => {
      const more = { json: { first_name: 'Keyed' }, headers: { 'Idempotency-Key': given } }
      const [one, other] = [await ask('POST', path, more), await ask('POST', path, more)]
      expect([201, 422]).toContain(one.status)
      expect(other.status).toBe(one.status)
      if (one.status === 201) expect(other.text).toBe(one.text)
    })
  })

  it('as a body, is stored as it is answered or refused', async () => {
    const value = fc.oneof(
      text,
      fc.constantFrom(null, '--02-29', '2000-02-29', '2001-02-29', '+380 44', 'a@b.co', 0, true, mark.length),
      fc.jsonValue(),
    )
    const fields = ['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional', 'favorite']
    const record = fc.record(
      Object.fromEntries([...fields, 'id', 'owner_id', 'revision'].map((name) => [name, value])),
      {
        requiredKeys: [],
      },
    )
    const likely = fc.record(
      {
        first_name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
        last_name: wellFormed,
        phone: fc.stringMatching(/^[0-9+ ()-]{1,20}$/),
        additional: fc.string({ unit: 'binary' }),
        favorite: fc.boolean(),
      },
      { requiredKeys: ['first_name'] },
    )
    const mine = await ask('POST', path, { json: { first_name: 'Body' } })
    const { id } = mine.body as { id: number }
    const target = fc.constantFrom(
      ['POST', path],
      ['PUT', `${path}/${id}`],
      ['PATCH', `${path}/${id}`],
      ['PATCH', `${path}/${id}/favorite`],
    )
    await tries(
      fc.tuple(target, fc.oneof(record, likely, fc.jsonValue())),
      400,
      async ([[method = '', to = ''], json]) => {
        const answer = await ask(method, to, { json })
        if (answer.status >= 300) return
        const { id: made } = answer.body as { id: number }
        expect((await ask('GET', `${path}/${made}`)).body).toEqual(answer.body)
      },
    )
    const raw = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((one) => new TextEncoder().encode(one)),
    )
    const types = fc.constantFrom(
      ...['application/json', 'application/merge-patch+json', 'application/json; charset=utf-16', 'text/plain', 'x'],
      ...['application/x-www-form-urlencoded', 'multipart/form-data', 'multipart/form-data; boundary=x'],
    )
    await tries(fc.tuple(target, raw, types), 200, ([[method = '', to = ''], bytes, type]) =>
      ask(method, to, { raw: new Uint8Array(bytes), headers: { 'Content-Type': type } }),
    )
  })

  it('changes nothing of Boris’s', async () => {
    expect(await rowsOfBoris()).toEqual(before)
  })
})
