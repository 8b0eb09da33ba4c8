import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { strength } from '../../test/strength.ts'
import { path, post, vcf } from '../../test/vcard-requests.ts'
import { texts } from '../../test/vcards.ts'
import type { Card, CardChanges } from '../cards/card.ts'
import { isGroup } from '../cards/groups.ts'
import { makeCard } from '../cards/make.ts'
import { parseCards, printCard } from '../cards/parse.ts'
import { readFields } from '../cards/read.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { emailKey } from '../users/table.ts'
import { uniteCards } from './unite-cards.ts'

const word = fc.string({ unit: fc.constantFrom(...'abcЖї漢👩🏽‍🚀,;:\\"^ =-1'), minLength: 1, maxLength: 8 })
const label = fc.constantFrom(null, 'home', 'mobile', 'Дача')
const labeled = fc.array(fc.record({ value: word, label }), { maxLength: 3 })
const nullable = fc.option(word)
const few = <T>(...values: T[]) => fc.array(fc.record({ value: fc.constantFrom(...values), label }), { maxLength: 3 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

/** Names without case, and phones without blanks: written here again, because `merge/` must not decide what is lost. */
const spelled = (text: string) => text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim()
const dialled = (phone: string) =>
  /^[+\d\s()-]{7,}$/.test(phone) ? phone.replace(/\D/g, '').replace(/^(?=\d)/, '+') : phone

/** Any two of these have much in common, as duplicates do. */
const changes: fc.Arbitrary<CardChanges> = fc.record({
  first_name: fc.constantFrom('Ada', 'ада', 'Адá', 'Олесь'),
  last_name: fc.constantFrom(null, 'Byron', 'Býron'),
  name: fc.record({
    prefix: nullable,
    middle: nullable,
    suffix: nullable,
    nickname: fc.constantFrom(null, 'Zoe', 'Zoë', 'zoe'),
    phonetic_first: nullable,
  }),
  emails: few('a@example.com', 'A@example.com', 'b@example.com'),
  phones: few(
    '+380 44 123 45 67',
    '380441234567',
    '*21#',
    '112',
    '*123*4567#',
    '1234567',
    '1234567 ext. 8',
    '1234567 Anna',
  ),
  addresses: fc.array(fc.record({ street: nullable, city: fc.constantFrom('Kyiv', null), label }), { maxLength: 2 }),
  urls: labeled,
  organizations: fc.array(
    fc.record({ name: fc.constantFrom('Acme', null), units: fc.constant([]), title: nullable, role: nullable }),
    { maxLength: 2 },
  ),
  dates: labeled,
  relations: labeled,
  messengers: few('xmpp:a@example.com', 'skype:a'),
  labels: fc.uniqueArray(word, { maxLength: 3 }),
  custom: fc.array(fc.record({ name: fc.constantFrom('X-FOO', 'X-Bar'), value: word, label }), { maxLength: 2 }),
  additional: fc.constantFrom(null, 'cat', 'a cat sat', 'one\ncat\nthree', 'cat\nthree'),
  birthday: fc.constantFrom(null, '1990-05-01', '--05-01', '2000-02-29'),
})
const made = fc.tuple(changes, fc.constantFrom('3.0', '4.0')).map(([change, version]) => {
  const text = printCard(makeCard(change)).replace('VERSION:3.0', `VERSION:${version}`)
  return parseCards(text)[0] as Card
})
const peculiar = fc
  .constantFrom(...Object.values(texts))
  .map((text) => parseCards(text)[0] as Card)
  .filter((one) => !isGroup(one))
const card = fc.oneof(
  made,
  maybe(peculiar).map((one) => one ?? (parseCards(texts['a plain one of 3.0'] ?? '')[0] as Card)),
)

/** All values of a vCard that its fields show, each in the form in which it is compared. */
function valuesOf(one: Card): string[] {
  const fields = readFields(one)
  const { name, emails, phones, addresses, organizations, custom } = fields
  const texts = (list: readonly { readonly value: string }[]) => list.map(({ value }) => value)
  return [
    ...emails.map(({ value }) => emailKey(value)),
    ...phones.map(({ value }) => dialled(value)),
    ...addresses.flatMap(({ label: _, primary: __, ...parts }) => Object.values(parts)),
    ...organizations.flatMap(({ name, units, title, role }) => [name, ...units, title, role]),
    ...[...texts(fields.urls), ...texts(fields.dates), ...texts(fields.relations), ...texts(fields.messengers)],
    ...[...texts(custom), ...fields.labels, ...(fields.additional ?? '').split('\n').map((line) => line.trim())],
    ...[name.phonetic_first, name.phonetic_last, name.nickname].map((part) => part && spelled(part)),
  ].filter((value): value is string => value !== null && value !== '')
}

/** Labels of values, by the value. */
const labelsOf = (one: Card): string[] => {
  const { emails, phones } = readFields(one)
  return [
    ...emails.flatMap(({ value, label }) => (label === null ? [] : [`${emailKey(value)} ${label}`])),
    ...phones.flatMap(({ value, label }) => (label === null ? [] : [`${dialled(value)} ${label}`])),
  ]
}

/** Everything that a vCard says, for what must be somewhere in it. */
const whole = (one: Card): string =>
  spelled(JSON.stringify([...valuesOf(one), ...readFields(one).custom, readFields(one)]))
const within = (value: string): string => spelled(JSON.stringify(value)).replace(/^"|"$/g, '')

describe('uniting vCards', () => {
  it(
    'loses no value of any of them',
    () => {
      fc.assert(
        fc.property(fc.array(card, { minLength: 2, maxLength: 3 }), ([into, ...others]) => {
          if (!into) return
          const united = uniteCards(into, others)
          const values = new Set(valuesOf(united))
          const all = whole(united)
          const labels = new Set(labelsOf(united))
          for (const one of [into, ...others]) {
            const lost = valuesOf(one).filter((value) => !values.has(value) && !all.includes(within(value)))
            const { phones, name, additional } = readFields(one)
            lost.push(...phones.map(({ value }) => dialled(value)).filter((value) => !values.has(value)))
            lost.push(
              ...(additional ?? '').split('\n').filter((line) => !values.has(line.trim()) && line.trim() !== ''),
            )
            // The united nickname is a list.
            const nicknames = spelled(readFields(united).name.nickname ?? '').split(/, ?/)
            if (name.nickname !== null && !nicknames.includes(spelled(name.nickname))) lost.push(name.nickname)
            expect(lost, printCard(united)).toEqual([])
            expect(labelsOf(one).filter((text) => !labels.has(text))).toEqual([])
            const { birthday, full_name } = readFields(one)
            expect(all).toContain(birthday === null ? '' : birthday.replace('--', ''))
            for (const part of full_name.split(' ')) expect(all).toContain(within(part))
          }
          // What is primary, and the name, is that of the first.
          const [before, after] = [readFields(into), readFields(united)]
          for (const member of ['email', 'phone'] as const)
            if (before[member] !== null) expect(after[member]).toBe(before[member])
          if (into.lines.some(({ name }) => name === 'FN')) expect(after.full_name).toBe(before.full_name)
          // Printing and parsing it, and uniting it with the same again, change nothing.
          expect(readFields(parseCards(printCard(united))[0] as Card)).toEqual(after)
          expect(printCard(uniteCards(united, others))).toBe(printCard(united))
        }),
        { numRuns: strength(20_000, 400) },
      )
    },
    strength(400_000, 60_000),
  )
})

describe('merging and restoring', () => {
  const details = async (person: Person, id: number) => {
    const { updated_at: _, ...rest } = read(contactDetailsSchema, await person.get(`${path}/${id}`))
    return rest
  }

  it('gives back all contacts as they were, vCards to the byte', async () => {
    const ana = await signedUp('ana')
    const contact = fc.oneof(
      fc.tuple(card, fc.boolean()).map(([one, favorite]) => ({ text: printCard(one), favorite, fields: null })),
      fc
        .record({
          first_name: fc.constantFrom('Ада', 'Ada'),
          phone: fc.constantFrom('1', null),
          favorite: fc.boolean(),
        })
        .map((fields) => ({ text: '', favorite: fields.favorite, fields })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(contact, { minLength: 2, maxLength: 3 }), async (all) => {
        const ids: number[] = []
        for (const { text, favorite, fields } of all) {
          const answer = fields ? await ana.post(path, fields) : await post(ana, text.replace(/^UID:.*\r\n/m, ''))
          fc.pre(answer.status === 201)
          const { id } = read(contactDetailsSchema, answer)
          if (favorite) await ana.patch(`${path}/${id}/favorite`, { favorite })
          ids.push(id)
        }
        const state = async (id: number) => [await details(ana, id), (await vcf(ana, id)).replace(/^REV:.*\r\n/m, '')]
        const before = await Promise.all(ids.map(state))
        const [into, ...from] = ids
        const answer = await ana.post(`${path}/merge`, { into, from })
        expect(answer.status, answer.text).toBe(200)
        for (const id of from) expect((await ana.post(`/api/trash/${id}/restore`)).status).toBe(200)
        expect(await Promise.all(ids.map(state))).toEqual(before)
      }),
      { numRuns: strength(300, 20) },
    )
  })
})
