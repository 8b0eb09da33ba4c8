import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contactsPerUser, operations } from '../scripts/cost.ts'
import { runScheduled } from '../src/schedule.ts'
import { confirmationToken, freshAddress, freshEmail, from, password } from './people.ts'
import { counted, serve } from './serving.ts'

/** The measured cost: calls to gates, and rows as D1 counts them. */
interface Cost {
  readonly gateCalls: number
  readonly rowsRead: number
  readonly rowsWritten: number
  readonly kvReads: number
  readonly kvWrites: number
}

/** Runs something with bindings that count. */
function meter(): <Result>(go: (bindings: object) => Promise<Result>) => Promise<{ result: Result; cost: Cost }> {
  const { bindings, trips, reset } = counted()
  let [rowsRead, rowsWritten] = [0, 0]
  const count = (result: D1Result): D1Result => {
    rowsRead += result.meta.rows_read
    rowsWritten += result.meta.rows_written
    return result
  }
  const real = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const statement = (made: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(made, {
      get(inner, name) {
        if (name === 'bind') return (...values: unknown[]) => statement(inner.bind(...values))
        if (name === 'all' || name === 'run') return async () => count(await inner[name]())
        // Rows as arrays have no cost: request objects instead, whose columns have different names here.
        if (name === 'raw') {
          return async () => count(await inner.all<object>()).results.map((row) => Object.values(row as object))
        }
        const method: unknown = Reflect.get(inner, name)
        return typeof method === 'function' ? method.bind(inner) : method
      },
    })
    real.set(proxy, made)
    return proxy
  }
  const DB = new Proxy(env.DB, {
    get(inner, name) {
      if (name === 'prepare') return (sql: string) => statement(inner.prepare(sql))
      if (name === 'batch') {
        return async (list: D1PreparedStatement[]) =>
          (await inner.batch(list.map((one) => real.get(one) ?? one))).map(count)
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
  return async (go) => {
    reset()
    rowsRead = 0
    rowsWritten = 0
    const result = await go({ ...bindings, DB })
    const [kvReads, kvWrites] = [trips.kvReads.length, trips.kvWrites.length]
    return { result, cost: { gateCalls: trips.gate.length, rowsRead, rowsWritten, kvReads, kvWrites } }
  }
}

/** Rows that D1 reads and writes for what changes a book, and for a poll that finds it unchanged (decision 054). */
const rowsOfWrites = { poll: '4/0', star: '10/6', move: '22/8', delete: '13/4' }

/**
 * Rows that D1 writes for a file of 50 cards, indexes included: contacts and entries of the report; if it comes again,
 * only entries.
 */
const rowsOfImports = [564, 163]

describe('the figures of npm run cost', () => {
  it('are what each request is counted to do', async () => {
    const cost = meter()
    const headers = from(freshAddress())
    const [email, token] = [freshEmail('bo'), async () => confirmationToken(email)]
    const post = (path: string, json: unknown) => (bindings: object) =>
      serve(bindings, path, { method: 'POST', json, headers })
    const seen: Partial<Record<keyof typeof operations, Cost>> = {}

    seen.signup = (await cost(post('/api/auth/signup', { username: 'bo', email, password }))).cost
    seen.confirm = (await cost(post('/api/auth/confirm-email', { token: await token() }))).cost
    await cost(post('/api/auth/login', { email, password })) // the second is the one that all later ones are like
    const login = await cost(post('/api/auth/login', { email, password }))
    seen.login = login.cost
    const tokens = z.looseObject({ access_token: z.string(), refresh_token: z.string() })
    const { access_token, refresh_token } = tokens.parse(await login.result.json())
    const signedIn = (method: string, path: string, json?: unknown) => (bindings: object) =>
      serve(bindings, path, { method, headers, token: access_token, ...(json === undefined ? {} : { json }) })

    seen.cold = (await cost(signedIn('GET', '/api/users/me'))).cost
    expect(seen.cold).toMatchObject({ kvReads: 1, kvWrites: 1 })
    const contacts = z.array(z.looseObject({ id: z.number() }))
    for (let n = 0; n < contactsPerUser; n++) {
      const contact = { first_name: `Ann ${n}`, last_name: 'Lee', email: `ann${n}@example.com`, phone: `067 ${n}` }
      seen.add = (await cost(signedIn('POST', '/api/contacts', contact))).cost
    }
    const page = await cost(signedIn('GET', '/api/contacts'))
    seen.page = page.cost
    const [one] = contacts.parse(await page.result.json())
    seen.search = (await cost(signedIn('GET', '/api/contacts?q=ann'))).cost
    seen.birthdays = (await cost(signedIn('GET', '/api/contacts/birthdays'))).cost
    seen.other = (await cost(signedIn('GET', `/api/contacts/${one?.id}`))).cost
    seen.change = (await cost(signedIn('PATCH', `/api/contacts/${one?.id}`, { phone: '+380 44 123' }))).cost
    seen.refresh = (await cost(post('/api/auth/refresh', { refresh_token }))).cost
    const rowsOf = async (method: string, path: string, json?: unknown) => {
      const { result, cost: rows } = await cost(signedIn(method, path, json))
      expect(result.status, path).toBeLessThan(300)
      return `${rows.rowsRead}/${rows.rowsWritten}`
    }
    const changes = z.looseObject({ next: z.string() })
    const whole = await cost(signedIn('GET', '/api/contacts/changes?limit=500'))
    const { next } = changes.parse(await whole.result.json())
    expect(await (await cost(signedIn('POST', '/api/books', { name: 'Work' }))).result.json()).toMatchObject({
      slug: 'work',
    })
    expect({
      poll: await rowsOf('GET', `/api/contacts/changes?since=${next}`),
      star: await rowsOf('PATCH', `/api/contacts/${one?.id}/favorite`, { favorite: true }),
      move: await rowsOf('PATCH', `/api/contacts/${one?.id}`, { book: 'work' }),
      delete: await rowsOf('DELETE', `/api/contacts/${one?.id}`),
    }).toEqual(rowsOfWrites)
    const card = (n: number) => `BEGIN:VCARD\r\nUID:${n}\r\nFN:Card ${n}\r\nEMAIL:c${n}@example.com\r\nEND:VCARD\r\n`
    const file = Array.from({ length: 50 }, (_, n) => card(n)).join('')
    const sent = {
      method: 'POST',
      token: access_token,
      headers: { ...headers, 'Content-Type': 'text/vcard' },
      body: file,
    }
    const imports: number[] = []
    for (let n = 0; n < 2; n++) {
      const { result, cost: rows } = await cost((bindings) => serve(bindings, '/api/imports', sent))
      expect(result.status).toBe(200)
      imports.push(rows.rowsWritten)
    }
    expect(imports).toEqual(rowsOfImports)
    for (const [name, cron] of [
      ['minute', '* * * * *'],
      ['hour', '17 * * * *'],
    ] as const) {
      // The first runs of cron do one-time work: the keys of contacts, and then of usernames.
      for (let n = 0; n < 3; n++) seen[name] = (await cost((b) => runScheduled(cron, { ...env, ...b }))).cost
    }

    for (const [name, { gateCalls, rowsRead, rowsWritten }] of Object.entries(operations)) {
      const found = seen[name as keyof typeof operations]
      expect({ name, gateCalls: found?.gateCalls, rowsWritten: found?.rowsWritten }).toEqual({
        name,
        gateCalls,
        rowsWritten,
      })
      // The rows read depend slightly on other data.
      expect(Math.abs((found?.rowsRead ?? 0) - rowsRead), `${name}: ${found?.rowsRead} rows read`).toBeLessThanOrEqual(
        3,
      )
    }
  }, 60_000)
})
