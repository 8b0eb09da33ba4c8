import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { pointersOf } from '../../../test/client.ts'
import { add, names } from '../../../test/contacts.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { cleanPasted } from '../../platform/text/paste.ts'
import { isPhone, withDefaults } from '../fields.ts'
import { searchKeys } from './keys.ts'
import { parseSearch } from './terms.ts'

const keyOf = (phone: string): string => searchKeys(withDefaults({ first_name: 'A', phone }), 'uk').phone_key

describe('a phone number', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  const pasted: [text: string, stored: string][] = [
    ['+380\u00a067\u00a0123\u00a045\u00a067', '+380 67 123 45 67'],
    ['+380\u202f67\u202f1234567', '+380 67 1234567'],
    ['+380\u201167\u2011123\u201145\u201167', '+380-67-123-45-67'],
    ['067\u2013123\u201345\u201367', '067-123-45-67'],
    ['067\u2212123\u22124567', '067-123-4567'],
    ['\u202a+380671234567\u202c', '+380671234567'],
    ['\u202d067 123 45 67\u202c\u200e', '067 123 45 67'],
    ['\ufeff0\u00ad67\u200b1234567', '0671234567'],
    ['＋３８０（６７）１２３－４５－６７', '+380(67)123-45-67'],
    ['٠٦٧ ١٢٣ ٤٥٦٧', '067 123 4567'],
    ['۰۶۷۱۲۳۴۵۶۷', '0671234567'],
  ]

  it('is taken as it is pasted, and stored in plain signs', async () => {
    for (const [text, stored] of pasted)
      expect(await add(ana, { first_name: 'P', phone: text })).toMatchObject({ phone: stored })
  })

  it('is found as it is pasted, by q, by phone and by the older clients’ best match', async () => {
    const eve = await signedUp('eve')
    await add(eve, { first_name: 'Їжак', phone: '+380 (67) 123-45-67' })
    for (const [text] of pasted) {
      for (const name of ['q', 'phone']) {
        // At home a number begins with 0, which only q looks past.
        const query = name === 'q' ? text : text.replace(/^([^0-9٠۰]*)[0٠۰]/, '$1')
        const found = await eve.get(`/api/contacts?${new URLSearchParams({ [name]: query })}`)
        expect(names(found), `${name} ${escape(text)}`).toEqual(['Їжак'])
      }
      // There, digits with nothing between them are an id, in whatever spelling.
      const status = /^\+?\p{Nd}+$/u.test(cleanPasted(text).trim()) ? 404 : 200
      const best = await eve.get(`/api/contacts/${encodeURIComponent(`\u202a${text}\u202c`)}`)
      expect(best.status, escape(text)).toBe(status)
    }
  })

  it('is not looked for by fewer than three digits, which are words of names, e-mails and notes', async () => {
    const eve = await signedUp('eve')
    await add(eve, { first_name: 'Number', phone: '+380 44 101 10 01 ext. 10' })
    await add(eve, { first_name: 'Apollo 10' })
    await add(eve, { first_name: 'Mail', email: 'a1.b@10.example.com', phone: '101' })
    await add(eve, { first_name: 'Note', additional: 'house 1, flat 0', phone: '0' })
    const find = async (q: string) => names(await eve.get(`/api/contacts?${new URLSearchParams({ q })}`)).toSorted()
    for (const q of ['--1', '1-', '(1)', '+ 1', '1', '+1', '１', '١'])
      expect(await find(q), q).toEqual(['Apollo 10', 'Mail', 'Note'])
    for (const q of ['10', '(10)', '+10']) expect(await find(q), q).toEqual(['Apollo 10', 'Mail'])
    for (const q of ['1 0', '1, 0', '0-1', '+ 1 0']) expect(await find(q), q).not.toContain('Number')
    expect(await find('1/1')).toEqual([])
    expect(await find('apollo 1')).toEqual(['Apollo 10'])
    // Of three digits and more, each part may be in a number, beside a name or not.
    for (const q of ['101', '1-0-1', '(10) 1'])
      expect(await find(q), q).toEqual(expect.arrayContaining(['Mail', 'Number']))
    for (const q of ['number 44 101', 'number 101 10 01', '1 ext. 101 number 044'])
      expect(await find(q), q).toEqual(q.includes('ext') ? [] : ['Number'])
  })

  it('counts as e-mail does where something is found, before a note that says the same', async () => {
    const eve = await signedUp('eve')
    for (const [first_name, more] of [
      ['Note', { additional: 'room 4567' }],
      ['Both', { additional: 'room 4567', phone: '044 4567' }],
      ['Phone', { phone: '044 4567' }],
      ['4567', {}],
    ] as const)
      await add(eve, { first_name, ...more })
    expect(names(await eve.get('/api/contacts?q=4567'))).toEqual(['4567', 'Both', 'Phone', 'Note'])
  })

  it('keeps its extension as typed, and is found without it, or by it', async () => {
    const extensions = [
      'ext. 12',
      'ext 12',
      'Ext.12',
      'x12',
      'х12',
      'доб. 12',
      'дод. 12',
      'вн. 12',
      ';ext=12',
      ', ext. 12',
      '(доб. 12)',
    ]
    const eve = await signedUp('eve')
    for (const extension of extensions) {
      const phone = `+380 44 123-45-67${/^[a-z(]|^\p{L}/iu.test(extension) ? ' ' : ''}${extension}`
      expect(await add(eve, { first_name: extension, phone })).toMatchObject({ phone })
    }
    for (const query of [
      { q: '044 123 45 67' },
      { q: '+380441234567' },
      { phone: '1234567' },
      { phone: '44 123 45 67' },
    ]) {
      const found = await eve.get(`/api/contacts?${new URLSearchParams({ ...query, limit: '100' })}`)
      expect(names(found), JSON.stringify(query)).toHaveLength(extensions.length)
    }
    for (const extension of extensions) {
      const found = await eve.get(
        `/api/contacts?${new URLSearchParams({ q: `044 1234567 ${extension}`, limit: '100' })}`,
      )
      expect(names(found), extension).toHaveLength(extensions.length)
    }
    // What is found runs over no edge: the number ends before its extension.
    expect(names(await eve.get('/api/contacts?phone=6712'))).toEqual([])
    expect(names(await eve.get('/api/contacts?phone=12&limit=100'))).toHaveLength(extensions.length)
  })

  it('is refused in words that say what it may hold', async () => {
    for (const phone of [
      'call me',
      'ext. 12',
      '123 ext.',
      '123 ext 4 ext 5',
      '12a',
      '1\u0301',
      '1'.repeat(65),
      '½',
      'x'.repeat(64),
    ]) {
      const answer = await ana.post('/api/contacts', { first_name: 'Wrong', phone })
      expect([...new Set(pointersOf(answer))], phone).toEqual(['/phone'])
    }
    const answer = await ana.post('/api/contacts', { first_name: 'Wrong', phone: 'call me' })
    expect(answer.text).toContain('an extension such as ext. 12')
    expect(pointersOf(await ana.get('/api/contacts?phone=abc'))).toEqual(['query/phone'])
  })

  it('is judged in no time, however long it is', () => {
    for (const part of [' ', '1', '1 ', ' ext', 'x', ';', '1x', '(', '\u200b', '１']) {
      const began = performance.now()
      expect(isPhone(`1${part.repeat(200_000)}!`)).toBe(false)
      expect(performance.now() - began, part).toBeLessThan(2000)
    }
  })

  it('is found by its own digits in any format, whatever it looks like', () => {
    const phone = fc.stringMatching(
      /^[+\-.() /]{0,3}[0-9][0-9+\-.() /]{0,20}(?: ext\. ?[0-9]{1,4}|;ext=[0-9]{1,4}| доб\. [0-9])?$/,
    )
    fc.assert(
      fc.property(phone, (text) => {
        expect(isPhone(text)).toBe(true)
        const key = keyOf(text)
        expect(key).toMatch(/^[0-9]+(?: [0-9]+)?$/)
        const [number = ''] = key.split(' ')
        for (const q of [
          text,
          number,
          `\u202a${text}\u202c`,
          text.replaceAll('-', '\u2011').replaceAll(' ', '\u00a0'),
        ]) {
          expect(parseSearch(q).numbers[0], q).toBe(number.length < 3 ? undefined : number)
        }
      }),
      { numRuns: 500 },
    )
  })
})
