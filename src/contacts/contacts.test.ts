import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, pointersOf, problemOf, read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { fold } from '../platform/fold.ts'
import { contactSchema } from './schema.ts'
import { digits } from './search.ts'

const contact = (answer: Answer) => read(contactSchema, answer)
const names = (answer: Answer) => read(z.array(contactSchema), answer).map(({ full_name }) => full_name)

async function add(person: Person, fields: Record<string, unknown>) {
  const answer = await person.post('/api/contacts', fields)
  expect(answer.status, answer.text).toBe(201)
  return contact(answer)
}

const nextOf = (answer: Answer): string | undefined =>
  answer.headers.get('Link')?.match(/^<https:\/\/vizitka\.test(\/[^>]+)>; rel="next"$/)?.[1]

describe('a contact', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('is created, and found where Location says', async () => {
    const sent = {
      first_name: ' Олесь ',
      last_name: 'Гончар',
      email: ' Oles@Example.com ',
      phone: '+380 (44) 123-45-67',
      birthday: '1918-04-03',
      additional: 'line one\r\nline two\t!',
      favorite: true,
    }
    const answer = await ana.post('/api/contacts', sent)
    expect(answer.status).toBe(201)
    const { id, created_at, updated_at, ...rest } = contact(answer)
    expect(rest).toEqual({
      first_name: 'Олесь',
      last_name: 'Гончар',
      full_name: 'Олесь Гончар',
      email: 'Oles@Example.com',
      phone: '+380 (44) 123-45-67',
      birthday: '1918-04-03',
      additional: 'line one\nline two\t!',
      favorite: true,
      avatar: `https://vizitka.test/avatars/initials/${id % 12}-0J7Qkw.svg`,
    })
    expect(created_at).toBe(updated_at)
    expect(answer.headers.get('Location')).toBe(`/api/contacts/${id}`)
    const found = await ana.get(`/api/contacts/${id}/`)
    expect(found.body).toEqual(answer.body)
    expect(found.headers.get('ETag')).toBe(answer.headers.get('ETag'))
    expect(found.headers.get('Cache-Control')).toBe('private, no-cache')
  })

  it('needs a first or a last name, and no more', async () => {
    expect(await add(ana, { last_name: 'Шевченко' })).toMatchObject({
      first_name: null,
      full_name: 'Шевченко',
      email: null,
      favorite: false,
    })
    for (const nameless of [
      {},
      { first_name: '', last_name: null },
      { first_name: '   ' },
      { email: 'a@example.com' },
    ]) {
      expect(pointersOf(await ana.post('/api/contacts', nameless))).toEqual(['/first_name'])
    }
  })

  it('says of each wrong value what is wrong with it, and stores none of it', async () => {
    const before = (await ana.get('/api/contacts?total=true')).headers.get('X-Total-Count')
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)
    const wrong: [string, unknown][] = [
      ['first_name', 'x'.repeat(101)],
      ['first_name', 'a\nb'],
      ['last_name', 7],
      ['last_name', '\ud800'],
      ['email', 'oles'],
      ['email', `${'a'.repeat(250)}@example.com`],
      ['phone', 'call me'],
      ['phone', '()'],
      ['phone', '1'.repeat(33)],
      ['birthday', '2023-02-29'],
      ['birthday', '1900-02-29'],
      ['birthday', '0000-01-01'],
      ['birthday', '--02-30'],
      ['birthday', '--13-01'],
      ['birthday', '04-03'],
      ['birthday', '1918-4-3'],
      ['birthday', tomorrow],
      ['additional', 'x'.repeat(5001)],
      ['additional', 'a\u0007b'],
      ['favorite', 'yes'],
      ['owner_id', 1],
      ['__proto__x', 1],
    ]
    for (const [field, value] of wrong) {
      const answer = await ana.post('/api/contacts', { first_name: 'Wrong', [field]: value })
      expect([...new Set(pointersOf(answer))], `${field} ${String(value).slice(0, 40)}`).toEqual([`/${field}`])
    }
    for (const body of [null, [], 'text', 5]) expect(pointersOf(await ana.post('/api/contacts', body))).toEqual([''])
    const broken = await ana.post('/api/contacts', undefined, {
      raw: '{',
      headers: { 'Content-Type': 'application/json' },
    })
    expect(problemOf(broken)).toBe('400 unreadable-body')
    const bytes = new Uint8Array([...new TextEncoder().encode('{"first_name":"'), 0xff, 0xfe, 0x22, 0x7d])
    const latin = await ana.post('/api/contacts', undefined, {
      raw: bytes,
      headers: { 'Content-Type': 'application/json' },
    })
    expect(problemOf(latin)).toBe('400 unreadable-body')
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field-${index}`, 1]))
    expect(pointersOf(await ana.post('/api/contacts', { first_name: 'Many', ...many }))).toHaveLength(20)
    const after = (await ana.get('/api/contacts?total=true')).headers.get('X-Total-Count')
    expect(after).toBe(before)
  })

  it('counts characters, not bytes or halves of them', async () => {
    expect((await add(ana, { first_name: '👩🏽‍🚀'.repeat(25) })).first_name).toBe('👩🏽‍🚀'.repeat(25))
    expect(pointersOf(await ana.post('/api/contacts', { first_name: '🐝'.repeat(101) }))).toEqual(['/first_name'])
    // Typed on a Mac or on Windows, a name is the same name.
    expect((await add(ana, { first_name: 'Їжак'.normalize('NFD') })).first_name).toBe('Їжак'.normalize('NFC'))
  })

  it('keeps a birthday without a year, and the 29th of February', async () => {
    for (const birthday of ['--02-29', '2024-02-29', '--12-31', '0001-01-01']) {
      expect((await add(ana, { first_name: 'Day', birthday })).birthday).toBe(birthday)
    }
  })

  it('can be read, edited and put back as it came, whole', async () => {
    const made = await add(ana, { first_name: 'Put', last_name: 'Back', phone: '123', favorite: true })
    const put = await ana.put(`/api/contacts/${made.id}`, { ...made, first_name: 'Was' })
    expect(contact(put)).toEqual({
      ...made,
      first_name: 'Was',
      full_name: 'Was Back',
      avatar: expect.stringMatching(/-V0I\.svg$/),
      updated_at: expect.any(String),
    })
    const reset = contact(await ana.put(`/api/contacts/${made.id}`, { last_name: 'Alone' }))
    expect(reset).toMatchObject({
      first_name: null,
      full_name: 'Alone',
      phone: null,
      favorite: false,
      created_at: made.created_at,
    })
  })

  it('is changed by a merge patch: null empties, what is left out stays', async () => {
    const made = await add(ana, { first_name: 'Merge', last_name: 'Patch', phone: '123', additional: 'note' })
    const path = `/api/contacts/${made.id}`
    const merge = { headers: { 'Content-Type': 'application/merge-patch+json' } }
    expect(contact(await ana.patch(path, { phone: null, email: 'm@example.com' }, merge))).toMatchObject({
      first_name: 'Merge',
      phone: null,
      email: 'm@example.com',
      additional: 'note',
    })
    expect(contact(await ana.patch(path, { first_name: '' }))).toMatchObject({ first_name: null, full_name: 'Patch' })
    expect(pointersOf(await ana.patch(path, { last_name: null }))).toEqual(['/first_name'])
    expect(pointersOf(await ana.patch(path, { owner_id: 5 }))).toEqual(['/owner_id'])
    expect(contact(await ana.get(path))).toMatchObject({ full_name: 'Patch', email: 'm@example.com' })
  })

  it('is written as JSON, and as nothing else', async () => {
    const made = await add(ana, { first_name: 'Media' })
    const path = `/api/contacts/${made.id}`
    const raw = '{"first_name":"Wrong"}'
    const merge = 'application/merge-patch+json'
    for (const [method, type] of [
      ['PUT', 'text/plain'],
      ['PUT', ''],
      ['PUT', 'application/x-www-form-urlencoded'],
      ['PATCH', 'text/plain'],
      ['PATCH', 'application/jsonp'],
      ['PATCH', 'multipart/form-data; boundary=x'],
      ['POST', 'text/json'],
      ['POST', 'application/xml'],
    ] as const) {
      const ask = { POST: ana.post, PUT: ana.put, PATCH: ana.patch }[method]
      const to = method === 'POST' ? '/api/contacts' : path
      const answer = await ask(to, undefined, { raw, headers: { 'Content-Type': type } })
      expect(problemOf(answer), `${method} ${type}`).toBe('415 unsupported-media-type')
    }
    expect((await ana.get(path)).body).toEqual(made)
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', `${merge}; charset=utf-8`]) {
      const answer = await ana.patch(path, undefined, {
        raw: `{"phone":"${type.length}"}`,
        headers: { 'Content-Type': type },
      })
      expect(contact(answer).phone, type).toBe(String(type.length))
    }
  })

  it('names every field that it does not know, wherever it is sent', async () => {
    const { id } = await add(ana, { first_name: 'Unknown' })
    const unknown = { owner_id: 1, 'a/b~c': 1, revision: 9, full_nam: 'x' }
    const expected = ['/owner_id', '/a~1b~0c', '/revision', '/full_nam']
    for (const answer of [
      await ana.post('/api/contacts', { first_name: 'x', ...unknown }),
      await ana.put(`/api/contacts/${id}`, { first_name: 'x', ...unknown }),
      await ana.patch(`/api/contacts/${id}`, unknown),
      await ana.patch(`/api/contacts/${id}/favorite`, { favorite: true, ...unknown }),
    ]) {
      expect(pointersOf(answer)).toEqual(expected)
    }
  })

  it('loses by null, or by an empty text, what may be empty', async () => {
    const full = {
      first_name: 'Full',
      last_name: 'Of',
      email: 'full@example.com',
      phone: '1',
      birthday: '2000-01-01',
      additional: 'all',
      favorite: true,
    }
    const { id } = await add(ana, full)
    for (const field of Object.keys(full).slice(1)) {
      for (const nothing of field === 'favorite' ? [null] : [null, '', ' ']) {
        const set = contact(await ana.patch(`/api/contacts/${id}`, full))
        const emptied = contact(await ana.patch(`/api/contacts/${id}`, { [field]: nothing }))
        const expected = { ...set, [field]: field === 'favorite' ? false : null }
        // The name as a whole and the initials go with its parts.
        const derived = { full_name: expect.any(String), avatar: expect.any(String), updated_at: expect.any(String) }
        expect(emptied).toMatchObject({ ...expected, ...derived })
      }
    }
    expect(pointersOf(await ana.put(`/api/contacts/${id}`, { ...full, favorite: null }))).toEqual(['/favorite'])
  })

  it('becomes a favourite and ceases to be one', async () => {
    const { id } = await add(ana, { first_name: 'Star' })
    expect(contact(await ana.patch(`/api/contacts/${id}/favorite`, { favorite: true })).favorite).toBe(true)
    expect(contact(await ana.patch(`/api/contacts/${id}/favorite`, { favorite: false })).favorite).toBe(false)
    expect(pointersOf(await ana.patch(`/api/contacts/${id}/favorite`, {}))).toEqual(['/favorite'])
  })

  it('is gone once deleted', async () => {
    const { id } = await add(ana, { first_name: 'Gone' })
    const deleted = await ana.delete(`/api/contacts/${id}`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    expect(problemOf(await ana.get(`/api/contacts/${id}`))).toBe('404 not-found')
    expect(problemOf(await ana.delete(`/api/contacts/${id}`))).toBe('404 not-found')
    expect(problemOf(await ana.put(`/api/contacts/${id}`, { first_name: 'Back' }))).toBe('404 not-found')
  })

  it('has an id that is a plain positive number', async () => {
    for (const id of ['0', '-1', '1e1', '0x1', '1.0', '%201', 'abc', '9'.repeat(30), '1;drop']) {
      expect(problemOf(await ana.patch(`/api/contacts/${id}`, { phone: '1' })), id).toBe('404 not-found')
      expect(problemOf(await ana.delete(`/api/contacts/${id}`)), id).toBe('404 not-found')
    }
    // Reading by anything but digits is looking for a contact: src/compat.
    for (const id of ['0', '9'.repeat(16), '9'.repeat(30), '007']) {
      expect(problemOf(await ana.get(`/api/contacts/${id}`)), id).toBe('404 not-found')
    }
  })

  it('answers 304 to whom knows it, and 412 to whom knows an older one', async () => {
    const made = await ana.post('/api/contacts', { first_name: 'Tag' })
    const path = `/api/contacts/${contact(made).id}`
    const first = made.headers.get('ETag') ?? ''
    for (const known of [first, `W/${first}`, `"other", ${first}`, '*']) {
      const answer = await ana.get(path, { headers: { 'If-None-Match': known } })
      expect([answer.status, answer.text, answer.headers.get('ETag')]).toEqual([304, '', first])
    }
    expect((await ana.get(path, { headers: { 'If-None-Match': '"2-99"' } })).status).toBe(200)
    const changed = await ana.patch(path, { phone: '1' }, { headers: { 'If-Match': `W/${first}` } })
    const second = changed.headers.get('ETag') ?? ''
    expect(second).not.toBe(first)
    const stale = { headers: { 'If-Match': first } }
    for (const answer of [
      await ana.put(path, { first_name: 'Lost' }, stale),
      await ana.patch(path, { first_name: 'Lost' }, stale),
      await ana.patch(`${path}/favorite`, { favorite: true }, stale),
      await ana.delete(path, stale),
    ]) {
      expect(problemOf(answer)).toBe('412 changed-meanwhile')
      expect(answer.headers.get('ETag')).toBe(second)
    }
    expect(contact(await ana.get(path))).toMatchObject({ first_name: 'Tag', phone: '1', favorite: false })
  })

  it('says so when too many change it at once, and loses none that it took', async () => {
    const { id } = await add(ana, { first_name: 'Crowd' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ana.patch(`/api/contacts/${id}`, { additional: `${index}` })),
    )
    const taken = answers.filter(({ status }) => status === 200)
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(problemOf(answer)).toBe('409 busy')
    expect(taken.length).toBeGreaterThanOrEqual(5)
    expect((await ana.get(`/api/contacts/${id}`)).headers.get('ETag')).toBe(`"2-${taken.length + 1}"`)
  })

  it('loses none of several patches sent at once', async () => {
    const { id } = await add(ana, { first_name: 'Race' })
    const patches = [{ phone: '12345' }, { email: 'race@example.com' }, { additional: 'kept' }]
    const answers = await Promise.all(patches.map((patch) => ana.patch(`/api/contacts/${id}`, patch)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(contact(await ana.get(`/api/contacts/${id}`))).toMatchObject(Object.assign({}, ...patches))
  })
})

describe('the list of contacts', () => {
  let olga: Person
  beforeAll(async () => {
    olga = await signedUp('olga')
    const people = [
      { first_name: 'Євген', last_name: 'Коваль', phone: '+380 (67) 123-45-67', birthday: '1990-05-01' },
      { first_name: 'José', last_name: 'Núñez', email: 'Jose.Nunez@example.com', birthday: '--01-20' },
      { first_name: 'Łukasz', last_name: 'Żak', favorite: true, birthday: '1988-02-29' },
      { first_name: 'ana', last_name: "O'Neil", phone: '555 0100' },
      { first_name: 'Zoë', birthday: '2001-05-01', favorite: true },
    ]
    for (const person of people) await add(olga, person)
  })

  it('is sorted by name without case or accents, or as asked', async () => {
    const sorted = async (query: string) => names(await olga.get(`/api/contacts?${query}`))
    // By the Ukrainian alphabet, whose letters come before Latin ones.
    const byName = ['Євген Коваль', "ana O'Neil", 'José Núñez', 'Łukasz Żak', 'Zoë']
    expect(await sorted('')).toEqual(byName)
    expect(await sorted('order=desc')).toEqual(byName.toReversed())
    expect(await sorted('sort=created&order=desc')).toEqual([
      'Zoë',
      "ana O'Neil",
      'Łukasz Żak',
      'José Núñez',
      'Євген Коваль',
    ])
    // By month and day; whoever has no birthday comes last in either order.
    expect(await sorted('sort=birthday')).toEqual(['José Núñez', 'Łukasz Żak', 'Євген Коваль', 'Zoë', "ana O'Neil"])
    expect(await sorted('sort=birthday&order=desc')).toEqual([
      'Zoë',
      'Євген Коваль',
      'Łukasz Żak',
      'José Núñez',
      "ana O'Neil",
    ])
  })

  it('is filtered by any part of a name, an e-mail or a phone, in any script and spelling', async () => {
    const found = async (query: Record<string, string>) =>
      names(await olga.get(`/api/contacts?${new URLSearchParams(query)}`))
    expect(await found({ first_name: 'jose' })).toEqual(['José Núñez'])
    expect(await found({ first_name: 'ЄВГ' })).toEqual(['Євген Коваль'])
    expect(await found({ last_name: 'nunez' })).toEqual(['José Núñez'])
    expect(await found({ last_name: 'o’neil' })).toEqual(["ana O'Neil"])
    expect(await found({ first_name: 'LUKA' })).toEqual(['Łukasz Żak'])
    expect(await found({ first_name: 'zoe'.toUpperCase() })).toEqual(['Zoë'])
    expect(await found({ email: 'NUNEZ@example' })).toEqual(['José Núñez'])
    expect(await found({ phone: '(067) 123' })).toEqual(['Євген Коваль'])
    expect(await found({ phone: '068' })).toEqual([])
    expect(await found({ phone: '67 123 45' })).toEqual(['Євген Коваль'])
    expect(await found({ favorite: 'true' })).toEqual(['Łukasz Żak', 'Zoë'])
    expect(await found({ favorite: 'true', last_name: 'zak' })).toEqual(['Łukasz Żak'])
    expect(await found({ favorite: 'false', first_name: 'a' })).toEqual(["ana O'Neil"])
    // An accent alone is in nobody's name.
    expect(await found({ first_name: '\u0301' })).toEqual([])
    // Nothing in a filter is a pattern.
    for (const first_name of ['%', '_', '*', '\\', "'", '" OR 1=1']) expect(await found({ first_name })).toEqual([])
  })

  it('is read in pages, by skip or by following the links, each contact once', async () => {
    const all = names(await olga.get('/api/contacts'))
    expect(names(await olga.get('/api/contacts?skip=1&limit=2'))).toEqual(all.slice(1, 3))
    expect(names(await olga.get('/api/contacts?skip=100'))).toEqual([])
    for (const query of [
      '',
      '&sort=birthday',
      '&sort=birthday&order=desc',
      '&sort=created&order=desc',
      '&sort=updated',
      '&order=desc',
    ]) {
      const whole = names(await olga.get(`/api/contacts?limit=100${query}`))
      const seen: string[] = []
      let path: string | undefined = `/api/contacts?limit=2${query}&total=true`
      while (path) {
        const page: Answer = await olga.get(path)
        expect(page.headers.get('X-Total-Count')).toBe('5')
        seen.push(...names(page))
        path = nextOf(page)
      }
      expect(seen, query).toEqual(whole)
    }
  })

  it('is followed to its end whatever names are like', async () => {
    const long = await signedUp('long')
    // One character that folds to eighteen, and one of two halves where the sort key is cut.
    for (const first_name of ['ﷺ'.repeat(60), `${'ﷺ'.repeat(60)}2`, '👩'.repeat(100), `x${'👩'.repeat(99)}`])
      await add(long, { first_name })
    const seen: string[] = []
    let path: string | undefined = '/api/contacts?limit=1'
    while (path) {
      const page: Answer = await long.get(path)
      expect(page.status).toBe(200)
      seen.push(...names(page))
      path = nextOf(page)
    }
    expect(new Set(seen).size).toBe(4)
  })

  it('loses and repeats nobody while others come and go between two pages', async () => {
    const rita = await signedUp('rita')
    for (const first_name of ['B', 'D', 'F', 'H']) await add(rita, { first_name })
    const first = await rita.get('/api/contacts?limit=2')
    expect(names(first)).toEqual(['B', 'D'])
    await add(rita, { first_name: 'A' })
    await add(rita, { first_name: 'G' })
    await rita.delete(`/api/contacts/${read(z.array(contactSchema), first)[1]?.id}`)
    expect(names(await rita.get(nextOf(first) ?? ''))).toEqual(['F', 'G'])
  })

  it('refuses what it does not understand', async () => {
    const wrong = {
      'limit=0': 'query/limit',
      'limit=101': 'query/limit',
      'limit=ten': 'query/limit',
      'limit=1.5': 'query/limit',
      'limit=0x10': 'query/limit',
      'limit=1e1': 'query/limit',
      'limit=': 'query/limit',
      'skip=-1': 'query/skip',
      'skip=': 'query/skip',
      'sort=age': 'query/sort',
      'order=up': 'query/order',
      'favorite=1': 'query/favorite',
      'phone=abc': 'query/phone',
      'phone=٣': 'query/phone',
      'first_name=': 'query/first_name',
      'first_name=a&first_name=b': 'query/first_name',
      'cursor=nonsense': 'query/cursor',
      'cursor=': 'query/cursor',
      'nosuch=1': 'query/nosuch',
    }
    for (const [query, pointer] of Object.entries(wrong)) {
      const answer = await olga.get(`/api/contacts?${query}`)
      expect(answer.status, query).toBe(422)
      expect(pointersOf(answer), query).toEqual([pointer])
    }
    const next = nextOf(await olga.get('/api/contacts?limit=1')) ?? ''
    expect(pointersOf(await olga.get(`${next}&skip=1`))).toEqual(['query/skip'])
    expect(pointersOf(await olga.get(`${next}&sort=created`))).toEqual(['query/cursor'])
  })
})

describe('upcoming birthdays', () => {
  it('come soonest first, today to the last day, with what they turn', async () => {
    const vera = await signedUp('vera')
    const today = new Date()
    const on = (days: number, year: string) =>
      `${year}${new Date(today.getTime() + days * 86_400_000).toISOString().slice(4, 10)}`
    await add(vera, { first_name: 'Today', birthday: on(0, '2000') })
    await add(vera, { first_name: 'Unknown', birthday: on(3, '-') })
    await add(vera, { first_name: 'Tomorrow', birthday: on(1, '1980') })
    await add(vera, { first_name: 'Edge', birthday: on(7, '1996') })
    await add(vera, { first_name: 'Beyond', birthday: on(8, '1996') })
    await add(vera, { first_name: 'Yesterday', birthday: on(-1, '1996') })
    await add(vera, { first_name: 'None' })
    const asked = await vera.get('/api/contacts/birthdays')
    expect(
      names({
        ...asked,
        body: read(z.array(z.looseObject({})), asked).map(({ next_birthday, days_until, turns, ...rest }) => rest),
      }),
    ).toEqual(['Today', 'Tomorrow', 'Unknown', 'Edge'])
    const upcoming = read(
      z.array(z.looseObject({ days_until: z.number(), turns: z.number().nullable(), next_birthday: z.string() })),
      asked,
    )
    expect(upcoming.map(({ days_until }) => days_until)).toEqual([0, 1, 3, 7])
    expect(upcoming[2]?.turns).toBeNull()
    expect(upcoming[0]?.turns).toBe(today.getUTCFullYear() - 2000)
    const all = await vera.get('/api/contacts/birthdays?days=366')
    expect(read(z.array(z.looseObject({ first_name: z.string() })), all).map(({ first_name }) => first_name)).toEqual([
      'Today',
      'Tomorrow',
      'Unknown',
      'Edge',
      'Beyond',
      'Yesterday',
    ])
    const now = await vera.get('/api/contacts/birthdays?days=0')
    expect(read(z.array(z.looseObject({ first_name: z.string() })), now).map(({ first_name }) => first_name)).toEqual([
      'Today',
    ])
  })

  it('take the day from the time zone asked for', async () => {
    const kira = await signedUp('kira')
    const dayIn = (timeZone: string) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date())
    const zones = ['Pacific/Kiritimati', 'Pacific/Pago_Pago']
    // Their clocks are 25 hours apart: it is never the same day in both.
    expect(dayIn(zones[0] ?? '')).not.toBe(dayIn(zones[1] ?? ''))
    for (const zone of zones) await add(kira, { first_name: zone, birthday: `--${dayIn(zone).slice(5)}` })
    for (const zone of zones) {
      const answer = await kira.get(`/api/contacts/birthdays?days=0&tz=${zone}`)
      expect(
        read(z.array(z.looseObject({ first_name: z.string() })), answer).map(({ first_name }) => first_name),
      ).toEqual([zone])
    }
  })

  it('refuse a zone, a span or a rule that does not exist', async () => {
    const lena = await signedUp('lena')
    for (const [query, pointer] of Object.entries({
      'tz=Mars/Olympus': 'query/tz',
      'tz=%2B02:00': 'query/tz',
      'tz=': 'query/tz',
      'days=-1': 'query/days',
      'days=367': 'query/days',
      'days=week': 'query/days',
      'leap_day=feb29': 'query/leap_day',
    })) {
      expect(pointersOf(await lena.get(`/api/contacts/birthdays?${query}`)), query).toEqual([pointer])
    }
  })
})

describe('folding', () => {
  it('knows no case, accents, or kinds of apostrophe', () => {
    expect(fold('ЇЖАК')).toBe(fold('їжак'))
    expect(fold("  Мар’яна \u00a0 П'ята ")).toBe("мар'яна п'ята")
    expect(fold('STRASSE')).toBe(fold('Straße'))
    expect(fold('ΟΔΥΣΣΕΥΣ')).toBe(fold('Οδυσσεύς'))
    expect(fold('İstanbul')).toBe(fold('istanbul'))
    expect(fold('Łódź Ørsted Đorđe')).toBe('lodz orsted dorde')
    // A vowel sign or a voicing mark is no accent.
    expect(fold('कि')).not.toBe(fold('का'))
    expect(fold('が')).not.toBe(fold('か'))
    expect(digits('+380 (67) 123-45-67')).toBe('380671234567')
  })

  it('is settled: folding twice changes nothing, and neither does case or composition', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = fold(text)
        expect(fold(once)).toBe(once)
        expect(fold(text.normalize('NFD'))).toBe(once)
      }),
      { numRuns: 500 },
    )
  })
})
