import { describe, expect, it } from 'vitest'
import { readFields } from '../../cards/read.ts'
import { decodeCsv } from './charset.ts'
import { CsvFault } from './fields.ts'
import { readCsv } from './read.ts'

/** The octets of a text in a charset of one or two octets a character, by what the runtime decodes. */
function encode(text: string, charset: string): Uint8Array {
  const octets = new Map<string, number[]>()
  const decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: false })
  const add = (...code: number[]): void => {
    try {
      const sign = decoder.decode(Uint8Array.from(code))
      if ([...sign].length === 1 && !octets.has(sign)) octets.set(sign, code)
    } catch {
      // No character has these octets.
    }
  }
  for (let octet = 0; octet < 256; octet++) add(octet)
  if (charset === 'shift_jis') for (let pair = 0x8140; pair < 0xea00; pair++) add(pair >> 8, pair & 0xff)
  return Uint8Array.from(
    [...text].flatMap((sign) => {
      const code = octets.get(sign)
      if (!code) throw new Error(`${sign} is not in ${charset}.`)
      return code
    }),
  )
}

function utf16(text: string, isLittle: boolean, hasMark: boolean): Uint8Array {
  const marked = hasMark ? `\ufeff${text}` : text
  const view = new DataView(new ArrayBuffer(marked.length * 2))
  for (let at = 0; at < marked.length; at++) view.setUint16(at * 2, marked.charCodeAt(at), isLittle)
  return new Uint8Array(view.buffer)
}

const people = (...names: string[]): string => ['First Name,Last Name,City', ...names, ''].join('\r\n')

const samples: readonly [charset: string, text: string][] = [
  ['windows-1251', people('Олесь,Гончар,Київ', 'Ганна,Щур-Їжак,Львів')],
  ['windows-1251', people('Ян,Лі,Рим')],
  ['koi8-u', people('Олесь,Гончар,Київ', 'Ганна,Щур-Їжак,Львів')],
  ['koi8-u', people('Анна,Петренко,Одеса')],
  ['windows-1252', people('Jürgen,Müller,Köln', 'Renée,Beaupré,Orléans', 'Søren,Ås,Århus', 'João,Conceição,Évora')],
  ['windows-1250', people('Jiří,Dvořák,Plzeň', 'Małgorzata,Wiśniewska,Łódź')],
  ['shift_jis', people('権兵衛,名無し,東京', 'ハナコ,山田,大阪')],
]

describe('the charset of a CSV file', () => {
  it.each(samples)('is guessed by the words: %s', (charset, text) => {
    expect(decodeCsv(encode(text, charset))).toEqual({ text, charset })
  })

  it('is guessed for a whole file, with semicolons and a header that is beyond ASCII, too', () => {
    const text = "Прізвище;Ім'я;Телефон;День народження\r\nГончар;Олесь;+380 44 123;3.04.1918\r\n"
    const file = readCsv(encode(text, 'windows-1251'))
    expect(file).toMatchObject({ charset: 'windows-1251', delimiter: ';', dialect: 'other' })
    expect(file.rows[0]?.card && readFields(file.rows[0].card)).toMatchObject({
      ...{ first_name: 'Олесь', last_name: 'Гончар', phone: '+380 44 123', birthday: '1918-04-03' },
    })
    const japanese = readCsv(encode('姓,名,電話番号\r\n名無し,権兵衛,090-1234\r\n', 'shift_jis'))
    expect(japanese.charset).toBe('shift_jis')
    expect(japanese.rows[0]?.card && readFields(japanese.rows[0].card)).toMatchObject({
      ...{ first_name: '権兵衛', last_name: '名無し', phone: '090-1234' },
    })
  })

  it('is UTF-8 where that is possible, with a byte order mark or without', () => {
    const text = people('Олесь,Гончар,Київ', 'Zoë,Dvořák,東京')
    expect(decodeCsv(new TextEncoder().encode(text))).toEqual({ text, charset: 'utf-8' })
    expect(decodeCsv(new TextEncoder().encode(`\ufeff${text}`))).toEqual({ text, charset: 'utf-8' })
    // Whatever the sender says.
    expect(decodeCsv(new TextEncoder().encode(`\ufeff${text}`), 'windows-1251')).toEqual({ text, charset: 'utf-8' })
  })

  it.each([
    ['utf-16le', true, true],
    ['utf-16le', true, false],
    ['utf-16be', false, true],
    ['utf-16be', false, false],
  ])('may be %s, also without a byte order mark', (charset, isLittle, hasMark) => {
    const text = 'Імʼя\tТелефон\r\nОлесь\t+380441234567\r\n'
    expect(decodeCsv(utf16(text, isLittle, hasMark))).toEqual({ text, charset })
    const { rows, delimiter } = readCsv(utf16(text, isLittle, hasMark))
    expect([delimiter, rows[0]?.card && readFields(rows[0].card).first_name]).toEqual(['\t', 'Олесь'])
  })

  it('is the one that the sender names, if the file can be in it', () => {
    const octets = encode(people('ЯН,ЛІ,РИМ'), 'koi8-u')
    expect(decodeCsv(octets, 'KOI8-U')).toEqual({ text: people('ЯН,ЛІ,РИМ'), charset: 'koi8-u' })
    const wrong = encode(people('Олесь,Гончар,Київ'), 'windows-1251')
    expect(decodeCsv(wrong, 'utf-8').charset).toBe('windows-1251')
    expect(() => decodeCsv(octets, 'klingon')).toThrow(CsvFault)
    expect(() => decodeCsv(octets, 'klingon')).toThrow('There is no charset “klingon”')
  })

  it('is none for a file that is no text', () => {
    expect(() => decodeCsv(new TextEncoder().encode(`${people('Ann,Lee,Rome').repeat(10)}\0`))).toThrow(CsvFault)
    expect(() => decodeCsv(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0xd8, 0xd8, 0, 0, 0xff))).toThrow(CsvFault)
  })
})
