import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { appPasswordOf, ask, forged, path } from '../../test/app-passwords.ts'
import { readCalendar } from '../../test/calendars.ts'
import { call, problemOf } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { keyOf } from '../../test/copies.ts'
import { admin, freshAddress, from, type Person, signedUp } from '../../test/people.ts'
import { counted, serve } from '../../test/serving.ts'
import { userCache } from '../auth/user-cache.ts'

/** The default limits; the tests' own are looser. */
const strict = { RATE_LIMITS: '' }

const urlOf = (token: string) => `/feeds/birthdays/${token}.ics`
const fetchFeed = (token: string, headers: Record<string, string> = {}, method = 'GET') =>
  call(method, urlOf(token), { headers: { ...from(freshAddress()), ...headers } })

/** A person with an app password for feeds. */
async function subscriber(name: string): Promise<{ person: Person; token: string; id: number }> {
  const person = await signedUp(name)
  const { password, id } = await appPasswordOf(person, 'feed', 'Calendar')
  return { person, token: password, id }
}

const summariesIn = (text: string) => readCalendar(text).events.map(({ summary }) => summary)

describe('the calendar of birthdays', () => {
  it('has an event for everybody with a birthday, with the year of birth if it is known', async () => {
    const { person: ana, token } = await subscriber('ana')
    await add(ana, { first_name: 'Олена', last_name: 'Шевченко', birthday: '1990-04-03' })
    await add(ana, { first_name: 'Boris; “B”, jr.', birthday: '--12-31' })
    await add(ana, { first_name: 'Without' })
    const answer = await fetchFeed(token)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('text/calendar; charset=utf-8')
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache')
    const { name, events } = readCalendar(answer.text)
    expect(name).toBe('Birthdays')
    expect(events).toMatchObject([
      { summary: 'Birthday: Олена Шевченко (1990)', start: '1990-04-03', isAllDay: true, isFree: true },
      { summary: 'Birthday: Boris; “B”, jr.', start: '2000-12-31' },
    ])
    expect(answer.text).toMatch(/^REFRESH-INTERVAL;VALUE=DURATION:PT6H\r$/m)
  })

  it('is in its owner’s language, and follows their choice for 29 February', async () => {
    const { person: ana, token } = await subscriber('ana')
    await add(ana, { first_name: 'Леся', birthday: '2000-02-29' })
    const days = async () => readCalendar((await fetchFeed(token)).text).events.map((event) => event.days(2027, 2028))
    expect(await days()).toEqual([['2027-03-01', '2028-02-29']])
    await ana.patch('/api/users/me', { locale: 'uk', leap_day: 'feb28' })
    expect(await days()).toEqual([['2027-02-28', '2028-02-29']])
    const { text } = await fetchFeed(token)
    expect(readCalendar(text)).toMatchObject({ name: 'Дні народження' })
    expect(summariesIn(text)).toEqual(['День народження: Леся (2000)'])
  })

  it('has the anniversaries that vCards name, in whatever property; not groups, and not the trash', async () => {
    const { person: ana, token } = await subscriber('ana')
    const vcards = [
      ['VERSION:4.0', 'FN:Ана', 'ANNIVERSARY:20150620', 'BDAY:19900403'],
      ['VERSION:3.0', 'N:;Mac;;;', 'FN:Mac', 'item1.X-ABDATE:2010-02-28', 'item1.X-ABLabel:_$!<Anniversary>!$_'],
      ['VERSION:3.0', 'N:;Kde;;;', 'FN:Kde', 'X-Anniversary:2001-09-09', 'NOTE:our anniversary'],
      ['VERSION:3.0', 'N:;Note;;;', 'FN:Note', 'NOTE:an anniversary\\, some day'],
      ['VERSION:4.0', 'FN:Group', 'KIND:group', 'BDAY:19900403', 'ANNIVERSARY:20150620'],
    ]
    for (const lines of vcards) {
      const raw = ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n')
      const headers = { 'Content-Type': 'text/vcard', ...from(freshAddress()) }
      expect((await call('POST', '/api/contacts', { token: ana.access, raw, headers })).status).toBe(201)
    }
    const { id: gone } = await add(ana, { first_name: 'Gone', birthday: '1990-01-01' })
    expect(summariesIn((await fetchFeed(token)).text)).toContain('Birthday: Gone (1990)')
    await ana.delete(`/api/contacts/${gone}`)
    expect(summariesIn((await fetchFeed(token)).text)).toEqual([
      'Birthday: Ана (1990)',
      'Anniversary: Ана (2015)',
      'Anniversary: Mac (2010)',
      'Anniversary: Kde (2001)',
    ])
  })

  it('keeps the UID of an event while its contact changes, and no two events have one', async () => {
    const { person: ana, token } = await subscriber('ana')
    const { id } = await add(ana, { first_name: 'Ада', birthday: '1990-04-03' })
    await add(ana, { first_name: 'Ада', birthday: '1990-04-03' })
    const uids = async () => readCalendar((await fetchFeed(token)).text).events.map(({ uid }) => uid)
    const before = await uids()
    expect(new Set(before).size).toBe(2)
    for (const uid of before) expect(uid).toMatch(/^[0-9a-f]{32}-\d+-birthday$/)
    await ana.patch(`/api/contacts/${id}`, { first_name: 'Ада-Марія', birthday: '1991-04-03' })
    expect(await uids()).toEqual(before)
  })

  it('is 304 until a contact, the language or the choice for 29 February changes', async () => {
    const { person: ana, token } = await subscriber('ana')
    const etag = async () => (await fetchFeed(token)).headers.get('ETag') ?? ''
    const first = await etag()
    expect(first).toMatch(/^"[\w-]+"$/)
    const unchanged = await fetchFeed(token, { 'If-None-Match': first })
    expect([unchanged.status, unchanged.text, unchanged.headers.get('ETag')]).toEqual([304, '', first])
    const tags = new Set([first])
    for (const act of [
      () => add(ana, { first_name: 'Ада', birthday: '1990-04-03' }),
      () => ana.patch('/api/users/me', { leap_day: 'feb28' }),
      () => ana.patch('/api/users/me', { locale: 'uk' }),
    ]) {
      await act()
      const old = [...tags].join(', ')
      const answer = await fetchFeed(token, { 'If-None-Match': old })
      expect(answer.status).toBe(200)
      tags.add(answer.headers.get('ETag') ?? '')
    }
    expect(tags.size).toBe(4)
    expect(problemOf(await fetchFeed(token, { 'If-Match': first }))).toBe('412 changed-meanwhile')
  })

  it('answers HEAD with the headers alone, and any Accept', async () => {
    const { token } = await subscriber('ana')
    const { status, text, headers } = await fetchFeed(token, { Accept: 'image/png' }, 'HEAD')
    expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'text/calendar; charset=utf-8'])
    expect((await fetchFeed(token, { Accept: 'image/png' })).status).toBe(200)
  })

  it('gives no page of another site access', async () => {
    const { token } = await subscriber('ana')
    const { headers } = await fetchFeed(token, { Origin: 'https://elsewhere.example' })
    expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
  })
})

describe('the address of a calendar', () => {
  it('is 404 at the next request after its app password was revoked, whatever caches hold', async () => {
    const { person: ana, token, id } = await subscriber('ana')
    expect((await fetchFeed(token)).status).toBe(200)
    const copy = userCache.getLocal(keyOf(ana))
    await ana.delete(`${path}/${id}`)
    if (copy) userCache.putLocal(keyOf(ana), copy)
    expect(problemOf(await fetchFeed(token))).toBe('404 not-found')
    expect((await serve({}, urlOf(token), { method: 'HEAD', headers: from(freshAddress()) })).status).toBe(404)
  })

  it('is 404 after its owner was disabled', async () => {
    const [{ person: ana, token }, root] = [await subscriber('ana'), await admin('root')]
    await root.patch(`/api/admin/users/${ana.id}`, { disabled: true })
    expect(problemOf(await fetchFeed(token))).toBe('404 not-found')
  })

  it('is 404 if it is made up, never 401, and is counted as other made-up app passwords are', async () => {
    const { person: ana, token } = await subscriber('ana')
    const { bindings, trips, reset } = counted({ ...env, ...strict })
    const headers = from(freshAddress())
    expect((await serve(bindings, urlOf(token), { headers })).status).toBe(200)
    for (const odd of ['none', 'vz1', `${token}8`, ana.access, '%00', `vz0${'a'.repeat(26)}`]) {
      const answer = await serve(bindings, urlOf(odd), { headers })
      expect([answer.status, answer.headers.get('WWW-Authenticate')], odd).toEqual([404, null])
    }
    reset()
    const statuses: number[] = []
    for (let n = 0; n < 22; n++) statuses.push((await serve(bindings, urlOf(forged(ana, n)), { headers })).status)
    expect(statuses).toEqual([...Array<number>(20).fill(404), 429, 429])
    expect(trips.database).toBe(0)
    expect((await serve(bindings, urlOf(token), { headers })).status).toBe(200)
  })

  it('is 403 with an app password of another scope, and opens nothing else', async () => {
    const { person: ana, token } = await subscriber('ana')
    const { password } = await appPasswordOf(ana, 'api')
    expect(problemOf(await fetchFeed(password))).toBe('403 not-permitted')
    expect((await ask(token)).status).toBe(403)
    expect(problemOf(await call('GET', '/feeds/birthdays/none', { headers: from(freshAddress()) }))).toBe(
      '404 not-found',
    )
  })

  it('is never logged', async () => {
    const { token } = await subscriber('ana')
    const log = vi.spyOn(console, 'log')
    await fetchFeed(token)
    await fetchFeed(`${token}x`)
    const lines = log.mock.calls.map(([line]) => String(line))
    log.mockRestore()
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line).not.toContain(token)
    expect(lines.some((line) => line.includes('"route":"/feeds/birthdays/'))).toBe(true)
  })

  it('may be asked for sixty times an hour', async () => {
    const { token } = await subscriber('ana')
    const headers = from(freshAddress())
    const { status, headers: limits } = await serve(strict, urlOf(token), { headers })
    expect([status, limits.get('RateLimit-Policy')]).toEqual([200, '"feed";q=60;w=3600'])
  })
})
