import { describe, expect, it } from 'vitest'
import { fieldsOf, fileOf, only, row } from '../../../test/csv.ts'
import { printCard } from '../../cards/parse.ts'
import { readFields } from '../../cards/read.ts'
import { CsvFault } from './fields.ts'

const birthdays = (...dates: string[]): (string | null)[] =>
  fieldsOf(['Name,Birthday', ...dates.map((date) => `Ann,"${date}"`)].join('\r\n')).map(({ birthday }) => birthday)

describe('a CSV file', () => {
  it('loses no cell: unknown columns become custom fields, cells without a name the note', () => {
    const file = fileOf('Name,Favourite colour,Любить,\r\nAnn,blue,чай,extra,more\r\n')
    expect(file.rows[0]?.notes).toEqual([
      'The column “Favourite colour” is the custom field X-FAVOURITE-COLOUR.',
      'The column “Любить” is the custom field X-CUSTOM.',
      'Cell 4, which has no column name, is in the note.',
      'Cell 5, which has no column name, is in the note.',
    ])
    expect(file.rows[0]?.card && readFields(file.rows[0].card)).toMatchObject({
      additional: 'extra\nmore',
      custom: [
        { name: 'X-FAVOURITE-COLOUR', value: 'blue', label: 'Favourite colour' },
        { name: 'X-CUSTOM', value: 'чай', label: 'Любить' },
      ],
    })
  })

  it('may have columns of any name', () => {
    expect(only('Name,constructor,__proto__,X-Foo,toString\nAnn,1,2,3,4').custom).toEqual([
      { name: 'X-CONSTRUCTOR', value: '1', label: 'constructor' },
      { name: 'X-PROTO', value: '2', label: '__proto__' },
      { name: 'X-FOO', value: '3', label: 'X-Foo' },
      { name: 'X-TOSTRING', value: '4', label: 'toString' },
    ])
    // Properties that have members of their own are none of these, and “Home” may be anything.
    expect(only('Name,X-Skype,Home\nAnn,ann,Rome').custom).toEqual([
      { name: 'X-CUSTOM', value: 'ann', label: 'X-Skype' },
      { name: 'X-HOME', value: 'Rome', label: 'Home' },
    ])
    expect(
      only('Name,Custom Field 1 - Label,Custom Field 1 - Value,Labels,E-mail 1 - Label\nAnn,X-SKYPE,ann').custom,
    ).toEqual([{ name: 'X-CUSTOM', value: 'ann', label: 'X-SKYPE' }])
    expect(only('Name,Telegram,Skype\nAnn,@ann,ann').messengers).toMatchObject([
      { value: '@ann', service: 'Telegram' },
      { value: 'ann', service: 'Skype' },
    ])
  })

  it('gives back what a spreadsheet would have run as a formula', () => {
    const fields = only(
      row({ Name: "'=Ann", Phone: "'+380 44", Notes: "'\tIndented", Nickname: "'Annie", Company: "''@x" }),
    )
    expect(fields).toMatchObject({ full_name: '=Ann', phone: '+380 44', additional: '\tIndented' })
    expect(fields).toMatchObject({ name: { nickname: "'Annie" }, organizations: [{ name: "'@x" }] })
  })

  it('has the order of its dates from all of its rows', () => {
    expect(birthdays('31.12.1990', '3.4.1990')).toEqual(['1990-12-31', '1990-04-03'])
    expect(birthdays('12/31/1990', '3/4/1990')).toEqual(['1990-12-31', '1990-03-04'])
    expect(birthdays('3/4/1990', '31/12/1990')).toEqual(['1990-04-03', '1990-12-31'])
    // Without proof, as is usual with the separator; and the row says so.
    expect(birthdays('3.4.1990', '3-4-1990', '5.5.1990')).toEqual(['1990-04-03', '1990-04-03', '1990-05-05'])
    expect(birthdays('3/4/1990')).toEqual(['1990-03-04'])
    expect(fileOf('Name,Birthday\nAnn,3/4/1990').rows[0]?.notes).toEqual([
      '3/4/1990 was read as month and day: 1990-03-04. No date of the file tells which comes first.',
    ])
    expect(fileOf('Name,Birthday\nAnn,3/4/1990\nBo,3/14/1990').rows[0]?.notes).toEqual([])
  })

  it('may write dates in any usual way, and without a year', () => {
    expect(birthdays('1990-12-31', '19901231', '1990/12/31', '1990. 12. 31.', '1990年12月31日')).toEqual(
      Array.from({ length: 5 }, () => '1990-12-31'),
    )
    expect(
      birthdays('31 Dec 1990', 'December 31, 1990', '31-Dec-90', '31 грудня 1990 р.', '31. Dezember 1990'),
    ).toEqual(Array.from({ length: 5 }, () => '1990-12-31'))
    expect(birthdays('31.12.90', '31.12.26', '31.12.27')).toEqual(['1990-12-31', '2026-12-31', '1927-12-31'])
    expect(birthdays('31.12.', '1604-12-31', '--12-31', '12/31/1604', '31.12.1990 0:00:00')).toEqual([
      ...Array.from({ length: 4 }, () => '--12-31'),
      '1990-12-31',
    ])
    expect(only('Name,Birth Year,Birth Month,Birth Day\nAnn,,4,3').birthday).toBe('--04-03')
  })

  it('loses no birthday that is no date', () => {
    const file = fileOf('Name,Birthday\nAnn,in spring')
    expect(file.rows[0]?.card && readFields(file.rows[0].card)).toMatchObject({
      ...{ birthday: null, custom: [{ name: 'X-BIRTHDAY', value: 'in spring', label: 'Birthday' }] },
    })
    expect(file.rows[0]?.notes).toHaveLength(1)
  })

  it('is read by a mapping where somebody sends one', () => {
    const text = 'A;B;C;D\nAnn;1;Rome;secret\n'
    const mapping = { A: 'full_name', B: 'phone:work fax', C: 'address.city:home', D: null }
    expect(only(text, mapping)).toMatchObject({
      ...{ full_name: 'Ann', custom: [], phones: [{ value: '1', label: 'work fax' }] },
      addresses: [{ city: 'Rome', label: 'home' }],
    })
    expect(() => only(text, { A: 'full_name', X: 'phone' })).toThrow('names the column “X”, which the file has not')
    expect(() => only(text, { A: 'fullname' })).toThrow('“fullname”, which is no field. Choose one of: full_name, ')
    expect(() => only(text, { A: 'full_name:home' })).toThrow('full_name has no labels')
  })

  it.each(['', '\r\n', 'Colour,Size\r\nred,5\r\n', 'Ann,Lee,ann@example.com\r\n'])(
    'that names nobody in its header is refused: %j',
    (text) => {
      expect(() => fileOf(text)).toThrow(CsvFault)
      expect(() => fileOf(text)).toThrow('No column names anybody. Write names such as First Name')
    },
  )

  it('has a fault for a row that names nobody, and for one that is too large; the others are read', () => {
    const long = 'x'.repeat(70_000)
    const { rows } = fileOf(`Name,City,Notes\nAnn,Rome,\n,Rome,\n,,\nBo,,${long}\nCy,,${long}${long}\nDi,,\n`)
    expect(rows.map(({ line, fault, card }) => [line, fault, card !== null])).toEqual([
      [2, undefined, true],
      [3, 'The row at line 3 names nobody: it has no name, e-mail, phone or organization. Add one.', false],
      [5, 'The row at line 5 is too large for a contact. Shorten it.', false],
      [6, 'The row at line 6 is longer than 100000 characters. Is a quotation mark missing?', false],
      [7, undefined, true],
    ])
  })

  it('gives the same card each time, and a company or an e-mail alone has a full name', () => {
    const text = 'Company,E-mail\r\nACME,info@example.com\r\n,only@example.com\r\n'
    const cards = fileOf(text).rows.map(({ card }) => card && printCard(card))
    expect(fileOf(text).rows.map(({ card }) => card && printCard(card))).toEqual(cards)
    expect(fieldsOf(text).map(({ full_name, last_name }) => [full_name, last_name])).toEqual([
      ['ACME', null],
      ['only@example.com', null],
    ])
    expect(cards[0]).toContain('\r\nFN:ACME\r\n')
  })

  it('may have several addresses in one cell', () => {
    expect(only('Name;E-mail\nAnn;a@example.com, b@example.com').emails).toMatchObject([
      { value: 'a@example.com', primary: true },
      { value: 'b@example.com', primary: false },
    ])
  })
})
