/// <reference types="vite/client" />
import { describe, expect, it } from 'vitest'
import { decodeCards } from '../../cards/decode.ts'
import { parseCards } from '../../cards/parse.ts'
import { readFields } from '../../cards/read.ts'
import { readCsv } from './read.ts'

/** Files of public test suites, which lie beside the project; empty where they do not. */
const files: Readonly<Record<string, string>> = import.meta.glob(
  '../../../../shared/fixtures/{thunderbird,csv-with-expected-vcard}/*.{csv,vcf}',
  { query: '?url&inline', import: 'default', eager: true },
)
const isMissing = Object.keys(files).length === 0

function octetsOf(name: string): Uint8Array {
  const [, base64] = files[`../../../../shared/fixtures/${name}`]?.split(',') ?? []
  if (base64 === undefined) throw new Error(`There is no fixture ${name}.`)
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
}

type Plain = { [key: string]: Plain | string | undefined } | (Plain | string)[]

/** What a card says, without what it does not. */
const plain = (value: unknown): Plain =>
  JSON.parse(
    JSON.stringify(value, (_, one) => (one === null || (Array.isArray(one) && one.length === 0) ? undefined : one)),
  )

/** An expected value at a path, instead of the one of the vCard beside the file. Undefined: nothing. */
type Difference = readonly [path: string, value: unknown]

function withDifferences(expected: Plain, differences: readonly Difference[]): Plain {
  const changed = structuredClone(expected)
  for (const [path, value] of differences) {
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, changed as Record<string, unknown>)
    parent[last] = value
  }
  return plain(changed)
}

/** A column of its own name is a custom field with that label. */
const custom = (name: string, label: string, value: string) => ({ name, value, label })

/** What is deliberately other than in the vCards, which a program with fewer fields wrote. */
const cases: readonly [file: string, differences: readonly (readonly Difference[])[]][] = [
  [
    'csv-with-expected-vcard/all',
    [
      [
        // A label that the column's name says, and that the vCard does not: “Other”, “Phone Video”, “Home Mobile”.
        ...[
          ['addresses.2.label', 'other'],
          ['emails.2.label', 'other'],
          ['phones.12.label', 'other'],
          ['urls.2.label', 'other'],
          ['phones.10.label', 'video'],
          ['phones.4.label', 'home mobile'],
        ].map(([path, label]): Difference => [path ?? '', label]),
        // The number of a column is none of its label; labels of two words have a blank.
        ...[
          ['phones.1.label', 'home'],
          ['phones.3.label', 'work'],
          ['phones.6.label', 'home fax'],
          ['phones.7.label', 'work fax'],
          ['urls.1.label', 'home page'],
        ].map(([path, label]): Difference => [path ?? '', label]),
        // A department is a unit of the organization.
        ['organizations.0.units', ['Department']],
        ['custom', [custom('X-GENDER', 'Gender', 'female'), custom('X-MAIDEN-NAME', 'Maiden Name', 'Maiden Name')]],
      ],
    ],
  ],
  // “Primary” says nothing of home.
  ['csv-with-expected-vcard/email', Array.from({ length: 4 }, () => [['emails.0.label', undefined]])],
  [
    'csv-with-expected-vcard/gmail',
    [
      [
        // The vCard lacks the PO box, and has the group that everybody is in.
        ['addresses.0.po_box', 'home_pobox'],
        ['labels', ['Test']],
        ['emails.3.label', 'other'],
        ['phones.3.label', 'home fax'],
        ['phones.6.label', 'work fax'],
        ['urls.1.label', 'home page'],
      ],
    ],
  ],
  ['csv-with-expected-vcard/outlook', [[]]],
  [
    'csv-with-expected-vcard/tb_plain',
    [
      [
        // Thunderbird says of neither the address, the fax nor the page that it is private.
        ['emails.0.label', undefined],
        ['phones.2.label', 'fax'],
        ['urls.0.label', undefined],
        ['custom', undefined],
        ['organizations.0.units', ['department']],
      ],
    ],
  ],
  [
    'thunderbird/export',
    [
      // No column has the UID.
      [['uid', undefined]],
      [
        ['uid', undefined],
        [
          'custom',
          [
            custom('X-CUSTOM1', 'Custom 1', 'custom, 1'),
            custom('X-CUSTOM2', 'Custom 2', 'custom\t2'),
            // The vCard breaks off at the CR of the cell.
            custom('X-CUSTOM3', 'Custom 3', 'custom\n3'),
            custom('X-CUSTOM4', 'Custom 4', 'custom\n4'),
          ],
        ],
      ],
    ],
  ],
]

describe.skipIf(isMissing)('a CSV file of a public test suite', () => {
  it.each(cases)('%s gives its vCards', (name, differences) => {
    const { rows } = readCsv(octetsOf(`${name}.csv`))
    const expected = parseCards(decodeCards(octetsOf(`${name}.vcf`)))
    expect(rows.map(({ fault }) => fault)).toEqual(expected.map(() => undefined))
    for (const [index, card] of expected.entries()) {
      const read = plain(rows[index]?.card && readFields(rows[index].card))
      expect(read).toEqual(withDifferences(plain(readFields(card)), differences[index] ?? []))
    }
  })

  it.each([
    ['basic_addressbook', 'utf-8', [['John', 'Doe', 'John Doe', 'johndoe@host.invalid']]],
    [
      ...(['basic_csv_addressbook', 'utf-8'] as const),
      [
        ['John', 'Doe', 'John Doe', 'john@doe.invalid'],
        ['Jane', 'Doe', 'Jane Doe', 'jane@doe.invalid'],
      ],
    ],
    ['shiftjis_addressbook', 'shift_jis', [['権兵衛', '名無し', '名無しの権兵衛', '名無しの権兵衛@host.invalid']]],
    ['utf16_addressbook', 'utf-16le', [['John', 'Doe', 'John Doe', 'johndoe@host.invalid']]],
  ])('thunderbird/%s is read in %s', (name, charset, people) => {
    const file = readCsv(octetsOf(`thunderbird/${name}.csv`))
    expect(file).toMatchObject({ charset, delimiter: ',', dialect: 'thunderbird' })
    const fields = file.rows.map(({ card }) => card && readFields(card))
    expect(fields.map((one) => [one?.first_name, one?.last_name, one?.full_name, one?.email])).toEqual(people)
  })
})
