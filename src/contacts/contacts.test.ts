import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, pointersOf, problemOf, read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { contactSchema } from './schema.ts'

const contact = (answer: Answer) => read(contactSchema, answer)

async function add(person: Person, fields: Record<string, unknown>) {
  const answer = await person.post('/api/contacts', fields)
  expect(answer.status, answer.text).toBe(201)
  return contact(answer)
}

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
      ['phone', '1'.repeat(65)],
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
    for (const pasted of [
      '1918\u201104\u201103',
      '\u202a1918-04-03\u202c',
      '１９１８－０４－０３',
      '\u00a0١٩١٨-٠٤-٠٣',
    ]) {
      expect((await add(ana, { first_name: 'Day', birthday: pasted })).birthday, escape(pasted)).toBe('1918-04-03')
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
    expect((await ana.get(path)).body).toMatchObject(made)
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
    for (const existing of [first, `W/${first}`, `"other", ${first}`, '*']) {
      const answer = await ana.get(path, { headers: { 'If-None-Match': existing } })
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
})
