import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { call, pointersOf } from '../../../test/client.ts'
import { add, contact } from '../../../test/contacts.ts'
import { apiDocument, violations } from '../../../test/document.ts'
import { freshAddress, freshEmail, from, password, signedUp } from '../../../test/people.ts'
import { nameLine } from './fields.ts'
import { cleanName } from './names.ts'

/** Names of invisible characters: letters, punctuation, marks and formats. */
const unseen = [
  '\u3164',
  '\u2800',
  '\u115f',
  '\u1160',
  '\uffa0',
  '\u200b',
  '\u200d',
  '\u00ad',
  '\u2060',
  '\ufe0f',
  '\u034f',
  '\u202e',
  '\u061c',
  '\ufffc',
]
const codes = (text: string): string => [...text].map((one) => one.codePointAt(0)?.toString(16)).join(' ')

describe('a name', () => {
  it('of a user needs a visible character', async () => {
    const ana = await signedUp('ana')
    for (const sign of unseen) {
      for (const username of [sign.repeat(2), sign.repeat(64), ` ${sign} ${sign}`]) {
        const json = { username, email: freshEmail('nobody'), password }
        const signup = await call('POST', '/api/auth/signup', { json, headers: from(freshAddress()) })
        expect(pointersOf(signup), codes(sign)).toEqual(['/username'])
        expect(signup.text).toContain('must have a visible character')
        const change = await ana.patch('/api/users/me', { username })
        expect(pointersOf(change), codes(sign)).toEqual(['/username'])
      }
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ username: 'ana' })
  })

  it('of a contact counts as missing if it is invisible', async () => {
    const ana = await signedUp('ana')
    const { id } = await add(ana, { first_name: 'Ада' })
    for (const sign of [...unseen, unseen.join(''), unseen.join(' ')]) {
      for (const nameless of [{ first_name: sign }, { last_name: sign }, { first_name: sign, last_name: sign }]) {
        expect(pointersOf(await ana.post('/api/contacts', nameless)), codes(sign)).toEqual(['/first_name'])
        expect(pointersOf(await ana.put(`/api/contacts/${id}`, nameless)), codes(sign)).toEqual(['/first_name'])
      }
      expect(pointersOf(await ana.patch(`/api/contacts/${id}`, { first_name: sign })), codes(sign)).toEqual([
        '/first_name',
      ])
      expect(await add(ana, { first_name: sign, last_name: 'Гончар' })).toMatchObject({
        first_name: null,
        full_name: 'Гончар',
      })
    }
  })

  it('is accepted with characters that are newer than the runtime’s Unicode, or of private use', async () => {
    const ana = await signedUp('ana')
    for (const first_name of ['\u{3347a}', '\uf8ff', '\u{3fffd}']) {
      expect(await add(ana, { first_name }), codes(first_name)).toMatchObject({ first_name })
    }
    for (const first_name of ['\u0301', '\u{e01f0}', '\u{fff8}']) {
      expect(pointersOf(await ana.post('/api/contacts', { first_name })), codes(first_name)).toEqual(['/first_name'])
      const { id } = await add(ana, { first_name: 'Ада', last_name: 'Гончар' })
      const patch = await ana.patch(`/api/contacts/${id}`, { first_name, last_name: '' })
      expect(pointersOf(patch), codes(first_name)).toEqual(['/first_name'])
      expect((await ana.patch(`/api/contacts/${id}`, { first_name, phone: '1' })).status, codes(first_name)).toBe(200)
    }
  })

  it('of a user is one line, as the document says', async () => {
    const ana = await signedUp('ana')
    const document = await apiDocument()
    for (const username of ['A\u2028B', 'A\u2029B', 'A\nB']) {
      expect(pointersOf(await ana.patch('/api/users/me', { username })), codes(username)).toEqual(['/username'])
      for (const schema of ['Signup', 'UserChanges'].map((name) => document.components.schemas[name] ?? {})) {
        const value = { username, email: 'ana@example.com', password }
        const wrong = violations(document, schema, value).map(({ instanceLocation }) => instanceLocation)
        expect(wrong, codes(username)).toContain('#/username')
      }
    }
  })

  it('loses invisible characters, and keeps those that scripts need', async () => {
    const ana = await signedUp('ana')
    const cases: [sent: string, stored: string][] = [
      ['\u200bОлесь\u200b', 'Олесь'],
      ['\ufeff\u00a0Олесь\u3164 ', 'Олесь'],
      ['Оле\u200bсь', 'Олесь'],
      ['Гон\u00adчар', 'Гончар'],
      ['\u202eьселО\u202c', 'ьселО'],
      ['A\u2066na\u2069', 'Ana'],
      ['می\u200cخواهم', 'می\u200cخواهم'],
      ['\u200cعلی\u200d', 'علی'],
      ['👩‍👩‍👧', '👩‍👩‍👧'],
      ['❤\ufe0f', '❤\ufe0f'],
      [
        '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
        '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
      ],
      ['Анна–Марія', 'Анна–Марія'],
    ]
    for (const [sent, stored] of cases) {
      expect(contact(await ana.post('/api/contacts', { first_name: sent })).first_name, codes(sent)).toBe(stored)
      const change = await ana.patch('/api/users/me', { username: `${sent} ${sent}` })
      if (sent === '👩‍👩‍👧') expect(change.body).toMatchObject({ username: `${sent} ${sent}` })
      expect(change.status, codes(sent)).toBe(200)
    }
  })

  it('stays the same when it is cleaned again, and takes linear time', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...unseen, ' ', 'a', 'é', '👩')).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(any, (text) => {
        const name = cleanName(text)
        expect(cleanName(name)).toBe(name)
        expect(name).toBe(name.trim())
      }),
    )
    for (const part of [' ', '\u200b', ' \u200bx', '\u3164 ', '\ufe0f']) {
      const began = performance.now()
      cleanName(`x${part.repeat(300_000)}x`)
      expect(performance.now() - began, codes(part)).toBeLessThan(2000)
    }
    // Accents that an invisible character separates come together once it is removed.
    const heaped = `a${`${'\u0301'.repeat(30)}\u200b`.repeat(10_000)}`
    const began = performance.now()
    expect(nameLine({ max: 100 }).safeParse(heaped).error?.issues[0]?.message).toContain('30 marks')
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
