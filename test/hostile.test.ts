import { describe, expect, it } from 'vitest'
import { call, pointersOf } from './client.ts'
import { freshAddress, freshEmail, from, linkToken, password, signedUp } from './people.ts'
import { cases, newcomer } from './routes.ts'

/** A letter with many accents of two kinds, which normalizing has to sort, in quadratic time. */
const overloaded = (accents: number): string => `a${'\u0301'.repeat(accents / 2)}${'\u0316'.repeat(accents / 2)}`
/** Normalizing half a megabyte takes half a minute, and a megabyte minutes, in which the isolate serves nobody. */
const bomb = overloaded(240_000)
const bombMs = 5000

async function inTime<T>(go: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const answer = await go()
  expect(performance.now() - began).toBeLessThan(bombMs)
  return answer
}

describe('a username', () => {
  it('cannot reverse or break a line of a list', async () => {
    const ana = await signedUp('ana')
    for (const username of ['\u202enimda', 'Ana\u2066', 'ni\u202emd\u202ca', '\u2067Ana\u2069']) {
      const answer = await ana.patch('/api/users/me', { username })
      expect(answer.body).toMatchObject({ username: username.replace(/[\u202a-\u202e\u2066-\u2069]/g, '') })
    }
    for (const username of ['Ana\u2028Admin', 'Ana\u2029Admin', 'Ana\u0085Admin', 'A\nna']) {
      expect(pointersOf(await ana.patch('/api/users/me', { username })), escape(username)).toEqual(['/username'])
    }
    // Characters that languages need are kept: Hebrew letters, and Persian's zero-width non-joiner.
    for (const username of ['שרה', 'می\u200cخواهم']) {
      expect((await ana.patch('/api/users/me', { username })).body).toMatchObject({ username })
    }
  })
})

describe('an undocumented field', () => {
  it('is refused by name, also one that objects inherit, and changes nothing', async () => {
    const ana = await signedUp('ana')
    const raw = '{"first_name":"A","__proto__":{"favorite":true},"constructor":1,"owner_id":1,"revision":9}'
    const headers = { 'Content-Type': 'application/json' }
    expect(pointersOf(await ana.post('/api/contacts', undefined, { raw, headers }))).toEqual([
      '/__proto__',
      '/constructor',
      '/owner_id',
      '/revision',
    ])
    const own = { role: 'admin', confirmed_at: 'now', id: 1, email_key: 'x', disabled: false }
    // Read-only members are ignored, and nothing else is.
    expect(pointersOf(await ana.patch('/api/users/me', { username: 'Ana', ...own }))).toEqual([
      '/confirmed_at',
      '/email_key',
      '/disabled',
    ])
    const form = '__proto__=1&__proto__=2&constructor=3&username=a&username=b&password=c'
    const login = { raw: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...from(ana.address) } }
    expect(pointersOf(await call('POST', '/api/auth/login', login))).toEqual(['/username'])
    expect(Reflect.get({}, 'favorite')).toBeUndefined()
    expect((await ana.get('/api/contacts')).body).toEqual([])
    expect((await ana.get('/api/users/me')).body).toMatchObject({ role: 'user', username: 'ana' })
  })
})

describe('a forged cursor', () => {
  it('discloses nothing of another user, and causes no 500', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    await ana.post('/api/contacts', { first_name: 'Anna' })
    await boris.post('/api/contacts', { first_name: 'Borisova' })
    const cursor = (value: unknown) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))))
    for (const forged of [
      ['name asc', '', 1],
      ['name desc', '\u{10ffff}', Number.MAX_SAFE_INTEGER],
      ['name asc', '\u0000', 1],
      ['name asc', '\ud800', 1],
      ["name asc' OR 1=1 --", '', 1],
      ['name asc', "' OR owner_id > 0 --", 1],
      ['relevance asc an', '0 ', 1],
      ['name asc', 'a'.repeat(1200), 1e300],
      [{}, [], {}],
      { sort: 'name asc' },
    ]) {
      for (const more of ['', '&order=desc', '&q=an']) {
        const answer = await ana.get(`/api/contacts?cursor=${encodeURIComponent(cursor(forged))}${more}`)
        expect([200, 422], JSON.stringify(forged)).toContain(answer.status)
        expect(answer.text).not.toContain('Borisova')
        if (JSON.stringify(forged).includes('ud800')) expect(pointersOf(answer)).toEqual(['query/cursor'])
      }
    }
  })
})

describe('half a surrogate pair', () => {
  it('in any text of any body is refused, and does not count as a failure of a part', async () => {
    const ana = await newcomer({ role: 'admin' })
    let texts = 0
    for (const one of cases) {
      const { path, json, token } = await one.ask(ana)
      if (typeof json !== 'object' || json === null) continue
      for (const [name, value] of Object.entries(json)) {
        if (typeof value !== 'string') continue
        const [method = ''] = one.route.split(' ', 1)
        for (const odd of ['\ud800', '\udc00']) {
          texts += 1
          const body = { ...json, [name]: `${value}${odd}` }
          const answer = await call(method, path, { token, json: body, headers: from(freshAddress()) })
          expect([401, 403, 404, 422], `${one.route} ${name}: ${answer.text}`).toContain(answer.status)
        }
      }
    }
    expect(texts).toBeGreaterThan(20)
  })
})

describe('half a megabyte of accents on one letter', () => {
  it('in a name or a password is refused at once on signup', async () => {
    const send = (body: object) =>
      inTime(() => call('POST', '/api/auth/signup', { json: body, headers: from(freshAddress()) }))
    const right = { username: 'Ana', email: freshEmail('bomb'), password }
    expect(pointersOf(await send({ ...right, username: bomb }))).toEqual(['/username'])
    expect(pointersOf(await send({ ...right, password: bomb }))).toEqual(['/password'])
    expect(pointersOf(await send({ ...right, email: bomb }))).toEqual(['/email'])
  })

  it('in a new password is refused at once by a reset, also on its page', async () => {
    const headers = from(freshAddress())
    const choose = (token: string) => `/api/auth/reset-password-confirmation/${token}`
    const refused = await inTime(() => call('PATCH', choose('no-token'), { json: { password: bomb }, headers }))
    expect(pointersOf(refused)).toEqual(['/password'])
    const ana = await signedUp('ana')
    await call('POST', '/api/auth/request-password-reset-email', { json: { email: ana.email }, headers })
    const token = await linkToken(ana.email, 'reset-password')
    // A form encodes each letter beyond ASCII as six bytes.
    const form = { password: overloaded(160_000) }
    const page = await inTime(() => call('POST', `/reset-password/${token}`, { form, headers }))
    expect([page.status, page.text.includes('too long')]).toEqual([422, true])
  })

  it('in any field of a contact is refused at once', async () => {
    const ana = await signedUp('ana')
    for (const field of ['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional']) {
      const answer = await inTime(() => ana.post('/api/contacts', { last_name: 'Ana', [field]: bomb }))
      expect(pointersOf(answer), field).toEqual([`/${field}`])
    }
    const query = new URLSearchParams({ q: overloaded(2000) })
    expect(pointersOf(await inTime(() => ana.get(`/api/contacts?${query}`)))).toEqual(['query/q'])
  })

  it('is distinguished from the most that a language uses', async () => {
    const ana = await signedUp('ana')
    const stacked = `a${'\u0301'.repeat(30)}`
    for (const first_name of ['Nguyễn', 'שָׁלוֹם', 'ཧྐྵྨླྺྼྻྂ', stacked]) {
      expect((await ana.post('/api/contacts', { first_name })).body).toMatchObject({
        first_name: first_name.normalize(),
      })
    }
    expect(pointersOf(await ana.post('/api/contacts', { first_name: `${stacked}\u0301` }))).toEqual(['/first_name'])
  })
})
