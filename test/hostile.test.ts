import { describe, expect, it } from 'vitest'
import { call, pointersOf } from './client.ts'
import { freshAddress, freshEmail, from, linkToken, password, signedUp } from './people.ts'

/**
 * A letter with so many accents of two kinds, those that belong below after those that belong above: normalizing sorts them, in a
 * time that grows with their square.
 */
const overloaded = (accents: number): string => `a${'\u0301'.repeat(accents / 2)}${'\u0316'.repeat(accents / 2)}`
/** Normalized, half a megabyte takes half a minute, and a whole one minutes, in which the isolate serves nobody. */
const bomb = overloaded(240_000)
const bombMs = 5000

async function inTime<T>(go: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const answer = await go()
  expect(performance.now() - began).toBeLessThan(bombMs)
  return answer
}

describe('half a megabyte of accents on one letter', () => {
  it('as a name or a password of one who signs up is refused at once', async () => {
    const send = (body: object) =>
      inTime(() => call('POST', '/api/auth/signup', { json: body, headers: from(freshAddress()) }))
    const right = { username: 'Ana', email: freshEmail('bomb'), password }
    expect(pointersOf(await send({ ...right, username: bomb }))).toEqual(['/username'])
    expect(pointersOf(await send({ ...right, password: bomb }))).toEqual(['/password'])
    expect(pointersOf(await send({ ...right, email: bomb }))).toEqual(['/email'])
  })

  it('as a password that is chosen by a link is refused at once, on its page too', async () => {
    const headers = from(freshAddress())
    const choose = (token: string) => `/api/auth/reset-password-confirmation/${token}`
    const refused = await inTime(() => call('PATCH', choose('no-token'), { json: { password: bomb }, headers }))
    expect(pointersOf(refused)).toEqual(['/password'])
    const ana = await signedUp('ana')
    await call('POST', '/api/auth/request-password-reset-email', { json: { email: ana.email }, headers })
    const token = await linkToken(ana.email, 'reset-password')
    // A form writes each letter beyond ASCII as six bytes.
    const form = { password: overloaded(160_000) }
    const page = await inTime(() => call('POST', `/reset-password/${token}`, { form, headers }))
    expect([page.status, page.text.includes('too long')]).toEqual([422, true])
  })

  it('as anything of a contact is refused at once', async () => {
    const ana = await signedUp('ana')
    for (const field of ['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional']) {
      const answer = await inTime(() => ana.post('/api/contacts', { last_name: 'Ana', [field]: bomb }))
      expect(pointersOf(answer), field).toEqual([`/${field}`])
    }
    const query = new URLSearchParams({ q: overloaded(2000) })
    expect(pointersOf(await inTime(() => ana.get(`/api/contacts?${query}`)))).toEqual(['query/q'])
  })

  it('is told from the most that a language writes', async () => {
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
