import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { texts } from '../../../test/vcards.ts'
import type { Card, CardChanges } from '../../cards/card.ts'
import { makeCard } from '../../cards/make.ts'
import { parseCards } from '../../cards/parse.ts'
import { readFields } from '../../cards/read.ts'
import { readCsv } from './read.ts'
import { csvHeader, csvRow } from './write.ts'

const utf8 = new TextEncoder()

/** Reads a file of our own with that row. */
function imported(row: string): Card {
  const { rows, dialect, charset } = readCsv(utf8.encode(csvHeader() + row))
  expect([dialect, charset]).toEqual(['google-new', 'utf-8'])
  const [first, ...others] = rows
  if (!first?.card || others.length > 0) throw new Error(first?.fault ?? `${rows.length} rows`)
  expect(first.notes).toEqual([])
  return first.card
}

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) },
  fc.constantFrom('Олесь', 'ann@example.com', '+380 44 123 45 67', '=1+1', '@x', "'=1", "'", '-', '+1;2'),
  fc.constantFrom('a ::: b', ':::', '\\:::', '::::', 'a\nb', 'x"y', 'a,b', ';', '12/31/1990', '1990-12-31', '0/0/00'),
  fc.constantFrom('* myContacts', '* starred', 'Full Name', 'IM Skype', 'Role', 'Organization 2', 'X-FOO', '\\', ' x '),
)
const word = piece.filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text.replaceAll('\n', '')))
const maybe = fc.option(word)
const label = fc.option(fc.oneof(fc.constantFrom('home', 'work', 'mobile', 'home fax', 'Home', 'spouse', '* x'), word))
const listOf = <T>(member: fc.Arbitrary<T>) => fc.array(member, { maxLength: 10 })
const labeled = fc.record({ value: word, label })
/** At most one is primary. */
const withPrimary = <T extends object>(list: fc.Arbitrary<T[]>) =>
  fc
    .tuple(list, fc.nat(12))
    .map(([members, primary]) => members.map((one, index) => ({ ...one, primary: index === primary })))
const parts = ['street', 'extended', 'po_box', 'city', 'region', 'postal_code', 'country'] as const
const address = fc.record({ ...Object.fromEntries(parts.map((part) => [part, maybe])), label })

const details: fc.Arbitrary<CardChanges> = fc.record({
  ...{ first_name: maybe, last_name: maybe },
  name: fc.record({
    ...{ prefix: maybe, middle: maybe, suffix: maybe, nickname: maybe, phonetic_first: maybe, phonetic_last: maybe },
  }),
  birthday: fc.constantFrom(null, '1990-12-31', '--02-29', '0999-01-01'),
  additional: maybe,
  ...{ emails: withPrimary(listOf(labeled)), phones: withPrimary(listOf(labeled)) },
  ...{ addresses: withPrimary(listOf(address)), urls: listOf(labeled), relations: listOf(labeled) },
  dates: listOf(fc.record({ value: fc.oneof(word, fc.constantFrom('2001-02-03', '--05-09', "'--05-09")), label })),
  messengers: listOf(fc.record({ value: word, label, service: fc.option(fc.constantFrom('Skype', 'Jabber', 'Own')) })),
  organizations: listOf(fc.record({ name: maybe, title: maybe, role: maybe, units: fc.array(word, { maxLength: 3 }) })),
  labels: listOf(word),
  custom: listOf(fc.record({ name: fc.constantFrom('X-FOO', 'x-bar', 'X-CUSTOM'), value: word, label })),
})

const isNamed = (row: string): boolean => {
  const { rows } = readCsv(utf8.encode(csvHeader() + row))
  return !rows[0]?.fault?.includes('names nobody')
}

describe('an export as CSV', () => {
  it('gives, imported and exported again, the same octets, whatever the contact holds', () => {
    fc.assert(
      fc.property(details, (changes) => {
        const row = csvRow(makeCard(changes))
        fc.pre(isNamed(row))
        expect(csvRow(imported(row))).toBe(row)
      }),
      { numRuns: 200, seed: 20_261_128 },
    )
  })

  it('gives the same octets for cards that others wrote', () => {
    for (const [name, text] of Object.entries(texts)) {
      for (const card of parseCards(text)) {
        const row = csvRow(card)
        if (isNamed(row)) expect(csvRow(imported(row)), name).toBe(row)
      }
    }
  })

  it('says all that the API says of a contact, but for what the columns of CSV cannot', () => {
    const full = makeCard({
      ...{ first_name: 'Олесь', last_name: 'Гончар', birthday: '1918-04-03', additional: 'A note\nof two lines' },
      ...{ favorite: true, name: { prefix: 'Dr.', middle: 'Т.', suffix: 'Jr.', nickname: 'Олько' } },
      emails: [
        { value: 'a@example.com', label: 'home' },
        { value: 'b@example.com', label: 'work', primary: true },
        { value: 'c@example.com' },
        { value: 'd@example.com' },
        { value: 'e@example.com', label: 'Own words' },
        { value: 'f@example.com', label: 'work' },
      ],
      phones: [{ value: '+380 44 123 45 67', label: 'mobile' }],
      addresses: [
        { street: 'вул. Хрещатик, 1', city: 'Київ', postal_code: '01001', country: 'Україна', label: 'home' },
      ],
      urls: [{ value: 'https://example.com', label: 'home page' }],
      messengers: [{ value: 'live:oles', service: 'Skype', label: 'work' }],
      organizations: [
        { name: 'Дім книги', units: ['Відділ', 'Зал'], title: 'Редактор', role: 'Author' },
        { name: 'Second', title: 'Reader', units: ['One'] },
      ],
      dates: [{ value: '1945-05-09', label: 'anniversary' }, { value: 'spring' }],
      relations: [{ value: 'Валентина', label: 'spouse' }],
      labels: ['Friends', 'Poets'],
      custom: [
        { name: 'X-FOO', value: 'bar' },
        { name: 'X-FAVOURITE-COLOUR', value: 'blue', label: 'Favourite colour' },
      ],
    })
    expect(readFields(imported(csvRow(full)))).toEqual(readFields(full))
  })

  it('runs no formula in a spreadsheet; a phone number keeps its plus', () => {
    const card = makeCard({
      ...{ first_name: '=HYPERLINK("http://evil.example")', last_name: '@SUM(A1)', additional: "-1\n'=2" },
      ...{ name: { nickname: '+1+2' }, birthday: '--05-09', phones: [{ value: '+380441234567' }, { value: '+cmd|x' }] },
    })
    const row = csvRow(card)
    expect(row).toContain(`"'=HYPERLINK(""http://evil.example"")"`)
    expect(row).toContain(`,'@SUM(A1),`)
    expect(row).toContain(`,'+1+2,`)
    expect(row).toContain(`,'--05-09,`)
    expect(row).toContain(`,+380441234567,`)
    expect(row).toContain(`,'+cmd|x,`)
    expect(readFields(imported(row))).toEqual(readFields(card))
  })

  it('keeps the name of a company apart from that of a person, and any other full name', () => {
    const company = makeCard({ organizations: [{ name: 'ACME' }] })
    expect(csvRow(company)).toMatch(/^(,){8}ACME,/)
    expect(readFields(imported(csvRow(company)))).toMatchObject({ first_name: 'ACME', last_name: null })
    const [other] = parseCards('BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lee;Ann;;;\r\nFN:Annie of Lee\r\nEND:VCARD\r\n')
    if (!other) throw new Error('There is no card.')
    expect(readFields(imported(csvRow(other)))).toEqual(readFields(other))
    const [only] = parseCards('BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Somebody Else\r\nEND:VCARD\r\n')
    if (!only) throw new Error('There is no card.')
    expect(readFields(imported(csvRow(only)))).toEqual(readFields(only))
  })
})
