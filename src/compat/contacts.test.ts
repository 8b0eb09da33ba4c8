import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import { as, essence } from '../../test/older-paths.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'

describe('GET /api/contacts/bd', () => {
  const older = '/api/contacts/bd'
  const ours = '/api/contacts/birthdays'

  it('returns what GET /api/contacts/birthdays does, with days_range for days', async () => {
    const ana = await signedUp('ana')
    const on = (days: number) => `1990${new Date(Date.now() + days * 86_400_000).toISOString().slice(4, 10)}`
    for (const days of [0, 3, 7, 8, 20])
      await ana.post('/api/contacts', { first_name: `In ${days}`, birthday: on(days) })
    for (const [requested, other] of [
      ['', ''],
      ['?days_range=7', '?days=7'],
      ['?days_range=0', '?days=0'],
      ['?days_range=30&tz=Europe/Kyiv&leap_day=feb28', '?days=30&tz=Europe/Kyiv&leap_day=feb28'],
    ]) {
      const answer = await ana.get(`${older}${requested}`)
      expect(answer.status, requested).toBe(200)
      expect(essence(answer)).toEqual(essence(await ana.get(`${ours}${other}`)))
      expect(essence(await ana.get(`${older}/${requested}`))).toEqual(essence(answer))
    }
    expect((await ana.get(`${older}?days_range=7`)).body).toHaveLength(3)
  })

  it('supports only reading', async () => {
    const ana = await signedUp('ana')
    for (const path of [older, `${older}/`, ours]) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await call(method, path, { token: ana.access, json: { first_name: 'Ana' } })
        expect(problemOf(answer), `${method} ${path}`).toBe('405 method-not-allowed')
        expect(answer.headers.get('Allow')).toBe('GET, HEAD')
      }
      expect((await serve({}, path, { method: 'HEAD', token: ana.access })).status).toBe(200)
    }
  })

  it('refuses the same values, under its own names', async () => {
    const ana = await signedUp('ana')
    for (const [query, pointer] of Object.entries({
      'days_range=-1': 'query/days_range',
      'days_range=367': 'query/days_range',
      'days_range=week': 'query/days_range',
      'days_range=7&days_range=8': 'query/days_range',
      'days=7': 'query/days',
      'tz=Mars/Olympus': 'query/tz',
      'leap_day=feb29': 'query/leap_day',
      'limit=0': 'query/limit',
      'skip=5': 'query/skip',
    })) {
      expect(pointersOf(await ana.get(`${older}?${query}`)), query).toEqual([pointer])
    }
  })
})

describe('GET /api/contacts/{query}', () => {
  const find = (person: Person, text: string) => person.get(`/api/contacts/${encodeURIComponent(text)}`)

  it('returns the contact that matches, as GET /api/contacts/{id} does', async () => {
    const ana = await signedUp('ana')
    const { body } = await ana.post('/api/contacts', {
      first_name: 'Євген',
      last_name: 'Núñez',
      email: 'Zhenia@example.com',
      phone: '+380 (67) 123-45-67',
    })
    const { id } = z.looseObject({ id: z.int() }).parse(body)
    const ours = await ana.get(`/api/contacts/${id}`)
    for (const text of ['євген', 'ЄВГЕН Nun', 'nunez', 'zhenia@', '+380 67', '(067) 123']) {
      const answer = await find(ana, text)
      expect(answer.status, text).toBe(200)
      expect(essence(answer)).toEqual(essence(ours))
      expect(answer.headers.get('ETag')).toBe(ours.headers.get('ETag'))
    }
    expect(essence(await ana.get('/api/contacts/nunez/'))).toEqual(essence(ours))
    const existing = { headers: { 'If-None-Match': ours.headers.get('ETag') ?? '' } }
    expect((await ana.get('/api/contacts/nunez', existing)).status).toBe(304)
    const other = await ana.get('/api/contacts/nunez', { headers: { 'If-Match': '"2-99"' } })
    expect(problemOf(other)).toBe('412 changed-meanwhile')
  })

  it('is 404 if none of one’s own contacts matches', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    await boris.post('/api/contacts', { first_name: 'Secret', phone: '+1 555' })
    for (const text of ['secret', '+1', 'x'.repeat(2000), "' OR 1=1", '\u0000', '\u0301', 'a/b', '\ufffd']) {
      expect(problemOf(await find(ana, text)), text).toBe('404 not-found')
    }
    expect(problemOf(await ana.get('/api/contacts/%ff'))).toBe('404 not-found')
    for (const text of ['%', '_', '\u0301', ' ', '()', 'phone 1']) {
      expect(problemOf(await find(boris, text)), text).toBe('404 not-found')
    }
  })

  it('treats digits alone as an id', async () => {
    const ana = await signedUp('ana')
    await ana.post('/api/contacts', { first_name: '12345', phone: '987654321012345' })
    for (const id of ['987654321012345', '987654321012345/', '0', '%39%38%37%36%35%34%33%32%31']) {
      expect(problemOf(await ana.get(`/api/contacts/${id}`)), id).toBe('404 not-found')
    }
    expect((await find(ana, '+1 2345')).status).toBe(200)
    expect((await ana.get('/api/contacts/birthdays')).body).toEqual([])
  })

  it('finds nobody by a number in another spelling than an id’s', async () => {
    const ana = await signedUp('ana')
    for (const phone of ['1.0', '-1', '+1', '1 000', '10', '0x10', '12345']) {
      await ana.post('/api/contacts', {
        first_name: 'Somebody',
        last_name: 'of 1.0 1,000 1e3 0x10 ١',
        phone: phone.replace('x', '-'),
      })
    }
    const numbers = [
      '1.0',
      '-1',
      '+1',
      ' 1',
      '1 ',
      '\t1',
      '\u00a01',
      '1\u200b',
      '\u22121',
      '１',
      '１.0',
      '١',
      '1e3',
      '1E+3',
      '0x10',
    ]
    for (const text of [...numbers, '1,000', '1_000', '.5', '+12345', '-0', '01.', '1.']) {
      expect(problemOf(await find(ana, text)), text).toBe('404 not-found')
    }
    for (const text of ['(1)', '1-0', '+1 0', 'of 1.0']) expect((await find(ana, text)).status, text).toBe(200)
  })
})

describe.each([
  ['/api/contacts/bd', '/api/contacts/birthdays'],
  ['/api/contacts/nobody', '/api/contacts/1'],
])('GET %s', (older, ours) => {
  it('has the guard, the permission and the limit of its route', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    for (const token of [undefined, 'x', ana.refresh]) {
      const [one, other] = [await as('GET', older, { token }), await as('GET', ours, { token })]
      expect(one.status).toBe(401)
      expect(essence(one)).toEqual(essence(other))
      expect(one.headers.get('WWW-Authenticate')).toBe(other.headers.get('WWW-Authenticate'))
    }
    const none = { ROLE_PERMISSIONS: '{"user":["contacts:create"]}' }
    expect((await serve(none, older, { token: ana.access })).status).toBe(403)
    const limits = { RATE_LIMITS: 'contacts-read=2/60s' }
    for (const path of [older, ours]) expect((await serve(limits, path, { token: boris.access })).status).not.toBe(429)
    for (const path of [older, ours]) {
      const refused = await serve(limits, path, { token: boris.access })
      expect(refused.status).toBe(429)
      expect(refused.headers.get('RateLimit-Policy')).toBe('"contacts-read";q=2;w=60')
    }
  })
})
