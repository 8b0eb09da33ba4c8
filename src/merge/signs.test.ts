import { describe, expect, it } from 'vitest'
import { partsOfSign, signsOf } from './signs.ts'

const of = (values: {
  readonly name?: readonly [string | null, string | null]
  readonly birthday?: string
  readonly emails?: readonly string[]
  readonly phones?: readonly string[]
}) =>
  signsOf({
    first_name: values.name?.[0] ?? null,
    last_name: values.name?.[1] ?? null,
    birthday: values.birthday ?? null,
    emails: (values.emails ?? []).map((value) => ({ value })),
    phones: (values.phones ?? []).map((value) => ({ value })),
  })

describe('the signs of a contact', () => {
  it('have its e-mails without case, with the domain in one spelling', () => {
    expect(of({ emails: ['Oles@Example.com', 'oles@example.COM', 'ana@пошта.укр'] })).toEqual([
      'email:oles@example.com',
      'email:ana@xn--80a1acn3a.xn--j1amh',
    ])
    expect(of({ emails: ['no address'] })).toEqual([])
  })

  it('have the last nine digits of its phones, however they are written', () => {
    const written = ['+380 44 123 45 67', '(044) 123-45-67', '0441234567', '441234567']
    expect(of({ phones: written })).toEqual(['phone:441234567'])
    expect(of({ phones: ['123456', '*21#', '112'] })).toEqual([])
    expect(of({ phones: ['1234567'] })).toEqual(['phone:1234567'])
  })

  it('tell extensions apart', () => {
    expect(of({ phones: ['+380 44 123 45 67 ext. 12', '044 123 45 67 доб. 13'] })).toEqual([
      'phone:441234567 12',
      'phone:441234567 13',
    ])
  })

  it('have its name with its birthday, and neither alone', () => {
    expect(of({ name: ['Олесь', 'Гончар'], birthday: '1918-04-03' })).toEqual(['born:1918-04-03 олесь гончар'])
    expect(of({ name: ['ОЛЕСЬ', 'Ґончар'], birthday: '--04-03' })).toEqual(['born:--04-03 олесь гончар'])
    expect(of({ name: ['Олесь', null] })).toEqual([])
    expect(of({ birthday: '1918-04-03' })).toEqual([])
  })

  it('begin with their kind', () => {
    expect(partsOfSign('phone:441234567 12')).toEqual({ kind: 'phone', value: '441234567 12' })
    expect(partsOfSign('born:1918-04-03 a:b')).toEqual({ kind: 'born', value: '1918-04-03 a:b' })
  })
})
