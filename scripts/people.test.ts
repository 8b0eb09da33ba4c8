import { describe, expect, it } from 'vitest'
import { parseBirthday } from '../src/birthdays/upcoming.ts'
import { people } from './people.ts'

const crowd = people(5000)
const nonNull = <T>(values: (T | null)[]): T[] => values.filter((value) => value !== null)
const share = (test: (one: (typeof crowd)[number]) => boolean) => crowd.filter(test).length / crowd.length
const nameOf = (one: (typeof crowd)[number]) => `${one.first_name ?? ''} ${one.last_name ?? ''}`.trim()

describe('demo people', () => {
  it('are the same for the same count and seed', () => {
    expect(people(300, 7)).toEqual(people(300, 7))
    expect(people(300)).toEqual(people(300, 1))
    expect(people(300, 7)).not.toEqual(people(300, 8))
  })

  it('stay the same if there are more of them', () => {
    for (const few of [0, 1, 2, 20, 999]) expect(people(few)).toEqual(crowd.slice(0, few))
  })

  it('have a first or a last name in NFC, without spaces around it, of at most 100 characters', () => {
    for (const one of crowd) {
      expect(nameOf(one)).not.toBe('')
      for (const name of nonNull([one.first_name, one.last_name])) {
        expect(name).toBe(name.trim().normalize('NFC'))
        expect(name).toMatch(/^\p{L}[\p{L}\p{M}’'. -]*$/u)
        expect(name.length).toBeLessThanOrEqual(100)
      }
      if (one.additional === null) continue
      expect(one.additional).toBe(one.additional.trim().normalize('NFC'))
      expect(one.additional.replaceAll('\n', ' ')).toMatch(/^[^\p{Cc}]{4,100}$/u)
    }
  })

  it('are about half Ukrainian in Cyrillic, the rest in a dozen scripts', () => {
    const cyrillic = share((one) => /^[\p{Script=Cyrillic}’ -]+$/u.test(nameOf(one)))
    expect(cyrillic).toBeGreaterThan(0.45)
    expect(cyrillic).toBeLessThan(0.55)
    const all = crowd.map(nameOf).join('\n')
    const scripts = [
      'Latin',
      'Arabic',
      'Han',
      'Hiragana',
      'Katakana',
      'Greek',
      'Georgian',
      'Hangul',
      'Devanagari',
      'Hebrew',
    ]
    for (const script of scripts) expect(all, script).toMatch(new RegExp(`\\p{Script=${script}}`, 'u'))
    for (const letter of "łżéñßİıĐœґї’'") expect(all, letter).toContain(letter)
  })

  it('have first and last names of the same gender', () => {
    const women = crowd.filter((one) => /^(Олена|Оксана|Любов|Ярослава|Мар’яна)$/.test(one.first_name ?? ''))
    const men = crowd.filter((one) => /^(Іван|Микола|Тарас|Ярослав|Петро)$/.test(one.first_name ?? ''))
    expect(women.length).toBeGreaterThan(20)
    expect(men.length).toBeGreaterThan(20)
    expect(women.filter((one) => /(ий|ов|ин)$/.test(one.last_name ?? ''))).toEqual([])
    expect(men.filter((one) => /(ська|цька|зька|ова|ина)$/.test(one.last_name ?? ''))).toEqual([])
    expect(women.some((one) => one.last_name?.endsWith('ська'))).toBe(true)
    expect(men.some((one) => one.last_name?.endsWith('ський'))).toBe(true)
  })

  it('have ASCII e-mails at example domains, unique regardless of case', () => {
    const emails = nonNull(crowd.map((one) => one.email))
    for (const email of emails) expect(email).toMatch(/^[a-z]+([._+]?[a-z0-9]+)*@example\.(com|org|net)$/i)
    expect(new Set(emails.map((email) => email.toLowerCase())).size).toBe(emails.length)
    expect(Math.max(...emails.map((email) => email.length))).toBeLessThanOrEqual(254)
  })

  it('have e-mails transliterated from Ukrainian, Greek and accented names', () => {
    const named = (last: string) => nonNull(crowd.map((one) => (one.last_name === last ? one.email : null)))
    for (const [last, latin] of [
      ['Їжакевич', /izhakevich/],
      ['Żeromska', /zeromska/],
      ['de la Fuente Núñez', /delafuentenunez/],
    ] as const) {
      expect(named(last).length, last).toBeGreaterThan(0)
      expect(
        named(last).some((email) => latin.test(email)),
        last,
      ).toBe(true)
    }
  })

  it('have phones that the API accepts, in many formats', () => {
    const phones = nonNull(crowd.map((one) => one.phone))
    for (const phone of phones) {
      expect(phone).toMatch(/^[\d+\-.() /]{7,32}$/)
      expect(phone.replace(/\D/g, '').length).toBeGreaterThanOrEqual(9)
      expect(phone.replace(/\D/g, '').length).toBeLessThanOrEqual(15)
    }
    for (const format of [
      /^\+380 67 /,
      /^\(044\) \d{3}-\d\d-\d\d$/,
      /^\+1 \(212\) 555-01\d\d$/,
      /^\d{10}$/,
      /\//,
      /\./,
    ])
      expect(
        phones.some((phone) => format.test(phone)),
        String(format),
      ).toBe(true)
    expect(new Set(phones.map((phone) => phone.replace(/\d/g, '0'))).size).toBeGreaterThan(30)
  })

  it('have valid birthdays before 2020, on every day of the year', () => {
    const birthdays = nonNull(crowd.map((one) => one.birthday))
    for (const birthday of birthdays) {
      expect(parseBirthday(birthday), birthday).not.toBeNull()
      expect(birthday < '2020').toBe(true) // '--' sorts before every digit
    }
    expect(new Set(birthdays.map((birthday) => birthday.slice(-5))).size).toBe(366)
  })

  it('include birthdays on 29 February and without a year, even if there are only 20 people', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const few = people(20, seed)
      const birthdays = nonNull(few.map((one) => one.birthday))
      expect(birthdays.some((birthday) => /^\d{4}-02-29$/.test(birthday))).toBe(true)
      expect(birthdays.some((birthday) => /^--(?!02-29)/.test(birthday))).toBe(true)
      expect(new Set(birthdays.map((birthday) => birthday.slice(-5, -3))).size).toBeGreaterThanOrEqual(7)
      expect(few.some((one) => one.favorite)).toBe(true)
    }
  })

  it('sometimes lack a field, and are rarely favorites', () => {
    for (const field of ['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional'] as const) {
      const lacking = share((one) => one[field] === null)
      expect(lacking, field).toBeGreaterThan(0.01)
      expect(lacking, field).toBeLessThan(0.8)
    }
    const favorites = share((one) => one.favorite)
    expect(favorites).toBeGreaterThan(0.06)
    expect(favorites).toBeLessThan(0.1)
  })
})
