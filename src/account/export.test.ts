import { env } from 'cloudflare:workers'
import { asc, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { call, read } from '../../test/client.ts'
import { database, driver, execute } from '../../test/database.ts'
import {
  awaitLetters,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { counted, serve } from '../../test/serving.ts'
import { links } from '../auth/table.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'
import { exportSchema } from './schema.ts'

const db = database()
const path = '/api/users/me/export'

/** Whatever JSON, SQL or HTML may stumble over. */
const odd = [
  { first_name: '"Quoted" \\ back\\slash', last_name: "O'Neil; DROP TABLE contacts; --", additional: 'a\n\tb' },
  { first_name: 'Їжак', last_name: '日本 👩‍👩‍👧', additional: '</script>\u2028\u2029<script>\u{10FFFF}' },
  { last_name: '],"contacts":[', email: 'a+b@example.com', phone: '+380 (44) 123-45/67', birthday: '--02-29' },
  { first_name: 'null', birthday: '1918-04-03', favorite: true },
]

/** A person of whom every table holds something, in letters that have been sent. */
async function known(name: string): Promise<Person> {
  const person = await signedUp(name)
  for (const contact of odd) expect((await person.post('/api/contacts', contact)).status).toBe(201)
  await call('POST', '/api/auth/login', {
    json: { email: person.email, password },
    headers: { ...from(freshAddress()), 'User-Agent': `Odd "agent" \\ <b>of ${name}</b>` },
  })
  await call('POST', '/api/auth/login', {
    json: { email: person.email, password: 'wrong' },
    headers: from('192.0.2.9'),
  })
  await call('POST', '/api/auth/request-password-reset-email', { json: { email: person.email } })
  expect((await person.patch('/api/users/me', { locale: 'uk' })).status).toBe(200)
  await linkToken(person.email, 'reset-password')
  await vi.waitFor(async () => {
    expect((await person.get('/api/users/me/events')).text).toContain('login-failed')
    const letters = await db.select().from(outbox).where(eq(outbox.user_id, person.id))
    expect(letters.map(({ sent_at }) => sent_at !== null)).toEqual([true, true])
  })
  return person
}

const held = z.looseObject({ id: z.number() })

describe('the export', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await known('ana')
    boris = await known('boris')
  })

  it('is one JSON file that nobody keeps on the way', async () => {
    const answer = await ana.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="vizitka-export.json"')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.text.endsWith('}\n')).toBe(true)
    expect(() => exportSchema.parse(answer.body)).not.toThrow()
  })

  it('says all that the service says elsewhere, and the same', async () => {
    const all = read(exportSchema, await ana.get(path))
    expect(Math.abs(Date.parse(all.exported_at) - Date.now())).toBeLessThan(10_000)
    const { locale, confirmed_at, ...me } = all.account
    expect(me).toEqual((await ana.get('/api/users/me')).body)
    expect([locale, Date.parse(confirmed_at ?? '') > 0]).toEqual(['uk', true])

    const contacts = (await ana.get('/api/contacts?limit=100&sort=created')).body
    expect(all.contacts).toEqual(contacts)
    expect(all.contacts).toMatchObject(odd)

    const listed = z.array(z.looseObject({ id: z.number(), current: z.boolean() }))
    const live = read(listed, await ana.get('/api/auth/sessions')).map(({ current: _, ...session }) => session)
    expect(all.sessions).toEqual(live.toSorted((a, b) => a.id - b.id))
    expect(all.sessions.map(({ device }) => device)).toContain('Odd "agent" \\ <b>of ana</b>')

    const happened = read(z.array(held), await ana.get('/api/users/me/events?limit=100'))
    expect(all.events).toEqual(happened.toReversed())
    expect(new Set(all.events.map(({ kind }) => kind))).toEqual(
      new Set(['signed-up', 'email-confirmed', 'logged-in', 'login-failed', 'reset-requested']),
    )

    expect(all.links.map(({ purpose }) => purpose)).toEqual(['confirm-email', 'reset-password'])
    const letters = await db.select().from(outbox).where(eq(outbox.user_id, ana.id)).orderBy(asc(outbox.id))
    expect(all.letters).toEqual(
      letters.map(({ kind, recipient, subject, created_at, sent_at, failed_at }) => ({
        kind,
        recipient,
        subject,
        created_at,
        sent_at,
        failed_at,
      })),
    )
    expect(all.letters.map(({ kind }) => kind)).toEqual(['confirm-email', 'reset-password'])
  })

  it('holds nothing of anybody else', async () => {
    const { text } = await ana.get(path)
    for (const other of [boris.email, boris.address, 'of boris']) expect(text).not.toContain(other)
    const mine = read(exportSchema, await ana.get(path))
    const theirs = read(exportSchema, await boris.get(path))
    for (const table of ['sessions', 'events', 'contacts'] as const) {
      const ids = mine[table].map(({ id }) => id)
      expect(ids.length).toBeGreaterThan(0)
      expect(theirs[table].filter(({ id }) => ids.includes(id))).toEqual([])
    }
  })

  it('holds no password, no hash and no token', async () => {
    const { text } = await ana.get(path)
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    const hashes = await db.select().from(links).where(eq(links.user_id, ana.id))
    expect(hashes).toHaveLength(2)
    const reset = await linkToken(ana.email, 'reset-password')
    const secrets = [password, row?.password_hash ?? '', ana.access, ana.refresh, reset]
    for (const secret of [...secrets, ...hashes.map(({ token_hash }) => token_hash)]) {
      expect(text).not.toContain(secret)
    }
    expect(text).not.toMatch(/scrypt|hash|generation|revision|_key/)
  })

  it('of a new account is whole, too', async () => {
    const nina = await signedUp('nina')
    await awaitLetters(nina.email)
    const all = read(exportSchema, await nina.get(path))
    expect([all.contacts.length, all.sessions.length, all.letters.length, all.links.length]).toEqual([0, 1, 1, 1])
    await db.delete(outbox).where(eq(outbox.user_id, nina.id))
    await db.delete(links).where(eq(links.user_id, nina.id))
    expect(read(exportSchema, await nina.get(path))).toMatchObject({ letters: [], links: [], contacts: [] })
  })

  it('does not show one’s own letters to a new address, which would tell who else is here', async () => {
    const nina = await signedUp('nina')
    const target = freshEmail('target')
    await nina.post('/api/users/me/email', { email: target, current_password: password })
    await awaitLetters(target)
    await awaitLetters(nina.email, 2)
    const answer = await nina.get(path)
    expect(read(exportSchema, answer).letters.map(({ kind }) => kind)).toEqual(['confirm-email', 'email-change'])
    expect(answer.text).not.toContain(target)
  })
})

describe('the export of a large book', () => {
  const size = 10_000
  const page = 500
  let ana: Person

  beforeAll(async () => {
    ana = await signedUp('ana')
    await execute(
      `INSERT INTO contacts (owner_id, first_name, additional, created_at, updated_at,
        first_name_key, last_name_key, email_key, phone_key, name_key, birthday_key)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${size})
      SELECT ${ana.id}, 'No ' || i, 'ї', strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i / 7, 'unixepoch'),
        '2026-01-01T00:00:00.000Z', 'no ' || i, '', '', '', 'no ' || i, '~' FROM n`,
    )
    // Remembered, so that what is counted is the export's own.
    await ana.get('/api/users/me')
  })

  /** Asks for the export, and reads it as slowly as it is told to. */
  async function begun(bindings: object = {}) {
    const response = await serve(bindings, path, { token: ana.access })
    expect(response.status).toBe(200)
    const reader = response.body?.getReader()
    if (!reader) throw new Error('There is no body.')
    const decoder = new TextDecoder()
    const file = {
      text: '',
      /** Reads one piece; says whether there was one. */
      async next(): Promise<boolean> {
        const { value, done } = await reader.read()
        file.text += decoder.decode(value, { stream: true })
        return !done
      },
      async readTo(part: string): Promise<void> {
        while (!file.text.includes(part)) expect(await file.next(), `it ended before ${part}`).toBe(true)
      },
      async readOn(): Promise<void> {
        while (await file.next());
      },
      cancel: () => reader.cancel(),
      contacts: () => file.text.match(/"first_name":/g)?.length ?? 0,
    }
    return file
  }

  it('holds every contact once, in the order in which they were added', async () => {
    const answer = await ana.get(path)
    const all = read(exportSchema, answer)
    expect(all.contacts).toHaveLength(size)
    expect(all.contacts.map(({ first_name }) => first_name)).toEqual(
      Array.from({ length: size }, (_, index) => `No ${index + 1}`),
    )
  })

  it.skipIf(driver !== 'D1')('is read from the database only as fast as it is taken', async () => {
    const { bindings, trips } = counted()
    const file = await begun(bindings)
    const settle = () => new Promise((resolve) => setTimeout(resolve, 100))
    await settle()
    // What tells whether the database is there, before the answer begins.
    expect(trips.database).toBe(1)
    await file.next()
    await settle()
    expect([file.text.includes('"account"'), trips.database]).toEqual([true, 1])
    // One query for each of the four other tables, one for the first page of contacts, and then one for each page.
    await file.readTo('"No 1"')
    for (let taken = 1; taken <= 3; taken++) {
      await settle()
      expect([file.contacts(), trips.database]).toEqual([taken * page, 4 + taken])
      await file.next()
    }
    await file.cancel()
    const spent = trips.database
    await settle()
    expect(trips.database).toBe(spent)
  })

  it.skipIf(driver !== 'D1')('is a 503, and no file, where the database is down from the beginning', async () => {
    const down = () => Promise.reject(new Error('down'))
    const statement = { bind: () => statement, raw: down, all: down, run: down }
    const DB = { prepare: () => statement, batch: down }
    const response = await serve({ DB }, path, { token: ana.access })
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '1'])
  })

  it.skipIf(driver !== 'D1')('takes as many queries as there are pages', async () => {
    const { bindings, trips } = counted()
    const response = await serve(bindings, path, { token: ana.access })
    expect(exportSchema.parse(await response.json()).contacts).toHaveLength(size)
    // The last page is full: one more finds none.
    expect(trips.database).toBe(4 + size / page + 1)
  })

  it.skipIf(driver !== 'D1')('goes by an index: no page reads what another has read', async () => {
    const statements = new Set<string>()
    const DB = new Proxy(env.DB, {
      get(inner, name) {
        const method: unknown = Reflect.get(inner, name)
        if (name !== 'prepare') return typeof method === 'function' ? method.bind(inner) : method
        return (sql: string) => {
          statements.add(sql)
          return inner.prepare(sql)
        }
      },
    })
    await (await begun({ DB })).readOn()
    // One of each table, and for contacts one of the first page and one of the others.
    expect(statements.size).toBe(6)
    for (const statement of statements) {
      const parameters = statement.match(/\?/g)?.map(() => 1) ?? []
      const plan = env.DB.prepare(`EXPLAIN QUERY PLAN ${statement}`).bind(...parameters)
      const { results } = await plan.all<{ detail: string }>()
      expect(results.map(({ detail }) => detail)).toEqual([expect.stringMatching(/^SEARCH \w+ USING INDEX /)])
    }
  })

  it('breaks off when the database fails on the way, and is no JSON then', async () => {
    const file = await begun(failingAt(3))
    await expect(file.readOn()).rejects.toThrow()
    expect(file.contacts()).toBe(2 * page)
    expect(() => JSON.parse(file.text)).toThrow()
    expect(file.text).not.toMatch(/gone|select|SQL/i)
    // The next one is whole again.
    vi.restoreAllMocks()
    expect((await ana.get(path)).status).toBe(200)
  })

  it('is no JSON either when it fails before the first contact', async () => {
    const file = await begun(failingAt(1))
    await expect(file.readOn()).rejects.toThrow()
    vi.restoreAllMocks()
    expect(file.text).toContain('"events":[')
    expect(() => JSON.parse(file.text)).toThrow()
  })

  it('does not miss what stays while other contacts come and go', async () => {
    const file = await begun()
    await file.readTo('"No 1"')
    // The last of the page that was read, on which the next one builds; one to come; and one more is added.
    for (const name of [`No ${page}`, `No ${page + 3}`]) {
      await execute(`DELETE FROM contacts WHERE owner_id = ${ana.id} AND first_name = '${name}'`)
    }
    expect((await ana.post('/api/contacts', { first_name: 'Late' })).status).toBe(201)
    await file.readOn()
    const names = exportSchema.parse(JSON.parse(file.text)).contacts.map(({ first_name }) => first_name)
    expect(names).toHaveLength(size)
    expect(names.slice(page - 1, page + 3)).toEqual([page, page + 1, page + 2, page + 4].map((n) => `No ${n}`))
    expect(names.at(-1)).toBe('Late')
  })
})

/** Bindings under which the n-th page of contacts cannot be read. */
function failingAt(nth: number): object {
  let pages = 0
  const isLost = (sql: string): boolean => / from "contacts"/i.test(sql) && ++pages === nth
  if (driver !== 'D1') {
    const real = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const request = new Request(input as RequestInfo, init)
      if (request.method === 'POST' && isLost((await request.clone().text()).replaceAll('\\"', '"'))) {
        throw new TypeError('The database is gone.')
      }
      return real(request)
    })
    return {}
  }
  const DB = new Proxy(env.DB, {
    get(inner, name) {
      const method: unknown = Reflect.get(inner, name)
      if (name !== 'prepare') return typeof method === 'function' ? method.bind(inner) : method
      return (sql: string) => {
        const statement = inner.prepare(sql)
        if (!isLost(sql)) return statement
        const lost = () => Promise.reject(new Error('D1_ERROR: The database is gone.'))
        const failing = { raw: lost, all: lost, run: lost, bind: () => failing }
        return failing
      }
    },
  })
  return { DB }
}
