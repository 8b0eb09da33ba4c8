import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { texts } from '../../test/vcards.ts'
import { type Card, type CardChanges, ChangeFault } from './card.ts'
import { derive } from './derive.ts'
import { editCard, setProperty } from './edit.ts'
import { makeCard } from './make.ts'
import { parseCards, printCard } from './parse.ts'
import { readFields } from './read.ts'

const cardOf = (text: string | undefined): Card => {
  const [card] = parseCards(text ?? '')
  if (!card) throw new Error('There is no card.')
  return card
}
const all = Object.entries(texts).map(([name, text]) => [name, cardOf(text)] as const)

/** The lines of a card that another does not have, as texts. */
const changedLines = (before: Card, after: Card): string[] => {
  const stored = new Set(before.lines.map(({ raw }) => raw))
  return after.lines.flatMap(({ raw }) => (stored.has(raw) ? [] : [raw]))
}

const word = fc
  .string({ unit: fc.constantFrom(...'abcЖї漢👩🏽‍🚀,;:\\"^ =-1'), minLength: 1, maxLength: 12 })
  .map((text) => text.trim() || 'x')
const label = fc.constantFrom(null, 'home', 'work', 'mobile', 'home fax', 'Дача', 'spouse', 'a:b')
const labeled = fc.array(fc.record({ value: word, label }), { maxLength: 4 })
const reach = labeled.map((list) => list.map((one, at) => ({ ...one, primary: at === 0 })))
const nullable = fc.option(word)

/** Changes of one member each, with the part of the fields that they are to give. */
const changes: fc.Arbitrary<CardChanges> = fc.oneof(
  fc.record({ first_name: word }),
  fc.record({ last_name: nullable }),
  fc.record({ emails: reach }),
  fc.record({ phones: reach }),
  fc.record({ urls: labeled }),
  fc.record({ relations: labeled }),
  fc.record({ labels: fc.uniqueArray(word, { maxLength: 4 }) }),
  fc.record({ additional: nullable }),
  fc.record({ birthday: fc.constantFrom(null, '1990-05-01', '--02-29', '2000-02-29') }),
  fc.record({
    name: fc.record({ prefix: nullable, middle: nullable, suffix: nullable, nickname: nullable }),
  }),
)

/** The properties that a change of a member may concern. */
const propertiesOf = (member: string): string =>
  ({
    ...{ emails: 'EMAIL', phones: 'TEL', urls: 'URL', labels: 'CATEGORIES', additional: 'NOTE', birthday: 'BDAY' },
    relations: 'X-ABRELATEDNAMES|RELATED',
  })[member] ?? 'N|FN|NICKNAME'

describe('an edit', () => {
  it('of nothing returns the card itself, also where every member is given as it is read', () => {
    for (const [name, card] of all) {
      expect(editCard(card, {}), name).toBe(card)
      const { full_name, favorite, uid, ...fields } = readFields(card)
      expect(printCard(editCard(card, fields)), name).toBe(printCard(card))
    }
  })

  it('gives back what was asked for, and leaves every other line as it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), changes, ([name, card], change) => {
        const edited = editCard(card, change)
        const [again] = parseCards(printCard(edited))
        const fields = readFields(again as Card)
        for (const [member, value] of Object.entries(change)) {
          const now = fields[member as keyof typeof fields]
          if (value !== null && typeof value === 'object' && !Array.isArray(value))
            expect(now, name).toMatchObject(value)
          else if (member === 'first_name' || member === 'last_name') continue
          else expect(now, `${name}: ${member}`).toEqual(value)
        }
        const concerned = new RegExp(
          `^(\\w+\\.)?(${Object.keys(change).map(propertiesOf).join('|')}|X-ABLabel)[;:]`,
          'i',
        )
        const before = card.lines.filter(({ raw }) => !concerned.test(raw)).map(({ raw }) => raw.trimEnd())
        const after = new Set(edited.lines.map(({ raw }) => raw.trimEnd()))
        for (const raw of before) expect(after.has(raw), `${name}: ${raw}`).toBe(true)
      }),
      { numRuns: 600 },
    )
  })

  it('of a value keeps its line’s group, parameters and place', () => {
    const card = cardOf(texts['Apple, groups with labels'])
    const edited = editCard(card, { phone: '+380 50 000 00 00' })
    expect(changedLines(card, edited)).toEqual(['item1.TEL;type=pref:+380 50 000 00 00\r\n'])
    expect(edited.lines.map(({ name }) => name)).toEqual(card.lines.map(({ name }) => name))
    const pid = cardOf(texts['4.0, PID, ALTID and LANGUAGE'])
    expect(changedLines(pid, editCard(pid, { email: 'franko@example.com' }))).toEqual([
      'EMAIL;PID=4.1,5.1;PREF=1:franko@example.com\r\n',
    ])
  })

  it('of a name joins FN anew the way it was joined', () => {
    const [full] = [cardOf(texts['a plain one of 3.0'])]
    expect(readFields(editCard(full, { last_name: 'Byron' })).full_name).toBe('Ada Byron')
    const company = cardOf(texts['a company without N'])
    expect(readFields(editCard(company, { first_name: 'Книгарня' }))).toMatchObject({
      full_name: 'Книгарня',
      last_name: null,
    })
  })

  it('refuses what contradicts itself, with the member', () => {
    const card = cardOf(texts['a plain one of 3.0'])
    const pointerOf = (change: CardChanges): string => {
      try {
        editCard(card, change)
        return 'taken'
      } catch (error) {
        return error instanceof ChangeFault ? error.pointer : String(error)
      }
    }
    const two = [
      { value: 'a@example.com', primary: true },
      { value: 'b@example.com', primary: true },
    ]
    expect(pointerOf({ emails: two })).toBe('/emails')
    expect(pointerOf({ email: 'c@example.com', emails: [{ value: 'a@example.com' }] })).toBe('/email')
    expect(pointerOf({ birthday: 'in spring' })).toBe('/birthday')
    expect(pointerOf({ custom: [{ name: 'TEL', value: '1' }] })).toBe('/custom/0/name')
    expect(pointerOf({ urls: Array.from({ length: 101 }, (_, at) => ({ value: `https://${at}.example` })) })).toBe(
      '/urls',
    )
  })
})

describe('a card that is made', () => {
  it('says what it was made of, each time in the same words', () => {
    const source = {
      ...{ first_name: 'Олесь', last_name: 'Гончар', email: 'oles@example.com', phone: '+380 44 123 45 67' },
      ...{ birthday: '1918-04-03', additional: 'one\ntwo; three, four', favorite: true, uid: '5f0c-1' },
      updated_at: new Date('2026-11-26T10:00:00Z'),
    }
    const card = makeCard(source)
    const { updated_at, ...stated } = source
    expect(derive(card)).toMatchObject({ ...stated, full_name: 'Олесь Гончар' })
    expect(printCard(makeCard(source))).toBe(printCard(card))
    expect(printCard(card)).toMatch(/^BEGIN:VCARD\r\nVERSION:3\.0\r\n[\s\S]*\r\nEND:VCARD\r\n$/)
    expect(printCard(card)).not.toMatch(/pref/i)
    expect(readFields(setProperty(card, 'X-VIZITKA-FAVORITE', null)).favorite).toBeNull()
  })
})
