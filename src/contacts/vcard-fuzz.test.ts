import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contact } from '../../test/contacts.ts'
import { signedUp } from '../../test/people.ts'
import { strength } from '../../test/strength.ts'
import { path, post, vcf } from '../../test/vcard-requests.ts'
import { parseCards } from '../cards/parse.ts'

/** `npm test -- --full` sends 20,000. */
const runs = strength(20_000, 50)

const propertyNames = [
  ...['N', 'FN', 'EMAIL', 'TEL', 'ADR', 'ORG', 'TITLE', 'ROLE', 'URL', 'IMPP', 'BDAY', 'ANNIVERSARY', 'NOTE', 'UID'],
  ...[
    'CATEGORIES',
    'PHOTO',
    'LOGO',
    'NICKNAME',
    'RELATED',
    'REV',
    'KEY',
    'X-ABLabel',
    'X-FOO',
    'X-ABDATE',
    'AGENT',
    'é',
    '',
  ],
]
const params = [
  ...['', ';TYPE=HOME', ';TYPE="a,b"', ';HOME;VOICE', ';PREF=1', ';ENCODING=QUOTED-PRINTABLE', ';ENCODING=b'],
  ...[';CHARSET=UTF-8', ';VALUE=uri', ';ALTID=1', ';LANGUAGE=uk', ';X="a:b;c"', ';=', ';X=^n^^'],
]
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'a;b;c;d;e',
    'Олесь',
    '=D0=9E=D0',
    '19850412',
    '--0412',
    '\\,\\;\\n\\',
    'data:image/png;base64,AAAA',
    ';;;;;;',
    ' ',
  ),
  fc.string({ maxLength: 300 }),
)
const clean = (value: string): string => value.toWellFormed().replace(/[\r\n\0]/g, '')

/** A content line, folded or not, with any of the line breaks that programs write. */
const line = fc
  .tuple(
    fc.constantFrom('', 'item1.', 'item2.'),
    fc.constantFrom(...propertyNames),
    fc.constantFrom(...params),
    text,
    fc.nat(60),
  )
  .map(([group, name, param, value, fold]) => {
    const whole = `${group}${name}${param}:${clean(value)}`
    const characters = [...whole]
    return fold > 40 || characters.length < 20
      ? whole
      : [characters.slice(0, 15).join(''), characters.slice(15).join('')].join('\r\n ')
  })
  .filter((whole) => !/^(BEGIN|END)\b/i.test(whole))

const cards = fc
  .tuple(
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom('2.1', '3.0', '4.0', ''),
    fc.constantFrom('\r\n', '\n', '\r'),
    fc.boolean(),
  )
  .map(([lines, version, eol, isEnded]) =>
    ['BEGIN:VCARD', ...(version ? [`VERSION:${version}`] : []), ...lines, ...(isEnded ? ['END:VCARD', ''] : [])]
      .join('\r\n')
      .replaceAll('\r\n', eol),
  )

const value = fc.constantFrom('Ада', 'x', 'Зміна; так, \\ і "ні"')
/** A change by JSON, and the properties whose lines it may touch: their labels are lines of their group. */
const edits = fc.oneof(
  value.map((first_name) => ({ change: { first_name }, lines: ['N', 'FN'] })),
  fc.constantFrom('new@example.com', null).map((email) => ({ change: { email }, lines: ['EMAIL', 'X-ABLABEL'] })),
  fc.constantFrom('+380 1', null).map((phone) => ({ change: { phone }, lines: ['TEL', 'X-ABLABEL'] })),
  fc
    .constantFrom('1990-01-02', '--02-29', null)
    .map((birthday) => ({ change: { birthday }, lines: ['BDAY', 'X-ABLABEL'] })),
  value.map((additional) => ({ change: { additional }, lines: ['NOTE', 'X-ABLABEL'] })),
  value.map((label) => ({ change: { labels: [label] }, lines: ['CATEGORIES', 'X-ABLABEL'] })),
  value.map((name) => ({ change: { organizations: [{ name }] }, lines: ['ORG', 'TITLE', 'ROLE', 'X-ABLABEL'] })),
  value.map((word) => ({ change: { urls: [{ value: word, label: word }] }, lines: ['URL', 'X-ABLABEL'] })),
)

/** The lines of a vCard that are not of those properties. */
const others = (vcard: string, names: readonly string[]): string[] =>
  (parseCards(vcard)[0]?.lines ?? [])
    .filter(({ name }) => !names.includes(name))
    .map(({ raw }) => raw.replace(/[\r\n]+$/, ''))

describe('whatever vCard comes, and whatever is changed in it', () => {
  it(
    'is answered, and loses no line that the change is not about',
    async () => {
      const ana = await signedUp('ana')
      await fc.assert(
        fc.asyncProperty(cards, edits, async (vcard, { change, lines }) => {
          const made = await post(ana, vcard)
          if (made.status === 422) return
          expect(made.status, made.text).toBe(201)
          const { id } = contact(made)
          const before = await vcf(ana, id)
          expect(before).toBe(vcard)
          for (const version of ['3.0', '4.0'])
            expect((await ana.get(`${path}/${id}.vcf?version=${version}`)).status).toBe(200)
          const json = await ana.get(`${path}/${id}`)
          expect((await ana.put(`${path}/${id}`, json.body)).status).toBe(200)
          expect(await vcf(ana, id)).toBe(before)
          const changed = await ana.patch(`${path}/${id}`, change)
          expect([200, 422], changed.text).toContain(changed.status)
          expect(others(await vcf(ana, id), lines)).toEqual(others(before, lines))
          expect((await ana.delete(`${path}/${id}`)).status).toBe(204)
        }),
        { numRuns: runs, seed: Number(env.TEST_FUZZ_SEED) || 20261127 },
      )
    },
    60 * 60_000,
  )
})
