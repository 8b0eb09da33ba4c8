import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { read } from '../../test/client.ts'
import { driver, execute, remembering } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { counted, serve } from '../../test/serving.ts'
import { exportSchema } from './schema.ts'

const path = '/api/users/me/export'

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
    // Cached, so that only the export's own calls are counted.
    await ana.get('/api/users/me')
  })

  /** Starts an export, to be read as slowly as a test wants. */
  async function begun(bindings: object = {}) {
    const response = await serve(bindings, path, { token: ana.access })
    expect(response.status).toBe(200)
    const reader = response.body?.getReader()
    if (!reader) throw new Error('There is no body.')
    const decoder = new TextDecoder()
    const file = {
      text: '',
      /** Reads one piece; returns whether there was one. */
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

  it('contains every contact once, in the order in which they were added', async () => {
    const answer = await ana.get(path)
    const all = read(exportSchema, answer)
    expect(all.contacts).toHaveLength(size)
    expect(all.contacts.map(({ first_name }) => first_name)).toEqual(
      Array.from({ length: size }, (_, index) => `No ${index + 1}`),
    )
  })

  it.skipIf(driver !== 'D1')('is read from the database only as fast as the client reads', async () => {
    const { bindings, trips } = counted()
    const file = await begun(bindings)
    const settle = () => new Promise((resolve) => setTimeout(resolve, 100))
    await settle()
    // The query before the response that shows whether the database works.
    expect(trips.database).toBe(1)
    await file.next()
    await settle()
    expect([file.text.includes('"account"'), trips.database]).toEqual([true, 1])
    // One query for each of the six other tables, one for the first page of contacts, and then one for each page.
    await file.readTo('"No 1"')
    for (let taken = 1; taken <= 3; taken++) {
      await settle()
      expect([file.contacts(), trips.database]).toEqual([taken * page, 6 + taken])
      await file.next()
    }
    await file.cancel()
    const spent = trips.database
    await settle()
    expect(trips.database).toBe(spent)
  })

  it.skipIf(driver !== 'D1')('is a 503, and no file, if the database is down from the beginning', async () => {
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
    // The last page is full, so one more query returns nothing.
    expect(trips.database).toBe(11 + size / page + 1)
  })

  it.skipIf(driver !== 'D1')('uses an index: no page reads the rows of another', async () => {
    const { DB, statements } = remembering()
    await (await begun({ DB })).readOn()
    // One for each table; for contacts, one for the first page, one for the others, and one for their vCards.
    expect(statements.size).toBe(13)
    for (const statement of statements) {
      const parameters = statement.match(/\?/g)?.map(() => 1) ?? []
      const plan = env.DB.prepare(`EXPLAIN QUERY PLAN ${statement}`).bind(...parameters)
      const { results } = await plan.all<{ detail: string }>()
      const [first, ...parts] = results.map(({ detail }) => detail)
      expect(first).toMatch(/^SEARCH \w+ USING (INDEX|PRIMARY KEY) /)
      // The larger files of a vCard, by the contact; and the book.
      for (const step of parts)
        expect(step).toMatch(
          /^(CORRELATED )?SCALAR SUBQUERY|^SEARCH (card_parts|books) USING (INDEX|INTEGER PRIMARY KEY) /,
        )
    }
  })

  it('breaks off when the database fails on the way, and is not valid JSON then', async () => {
    const file = await begun(failingAt(3))
    await expect(file.readOn()).rejects.toThrow()
    expect(file.contacts()).toBe(2 * page)
    expect(() => JSON.parse(file.text)).toThrow()
    expect(file.text).not.toMatch(/gone|select|SQL/i)
    // The next export is complete again.
    vi.restoreAllMocks()
    expect((await ana.get(path)).status).toBe(200)
  })

  it('is not valid JSON either if it fails before the first contact', async () => {
    const file = await begun(failingAt(1))
    await expect(file.readOn()).rejects.toThrow()
    vi.restoreAllMocks()
    expect(file.text).toContain('"events":[')
    expect(() => JSON.parse(file.text)).toThrow()
  })

  it('misses no contact that stays while others come and go', async () => {
    const file = await begun()
    await file.readTo('"No 1"')
    // The last contact of the page that was read, from which the next page starts, and one of a later page are deleted;
    // one is added.
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
