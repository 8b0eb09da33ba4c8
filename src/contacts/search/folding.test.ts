import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { add, contact, names } from '../../../test/contacts.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { strength } from '../../../test/strength.ts'
import { nameLine } from '../../platform/text/fields.ts'
import { fold } from '../../platform/text/fold.ts'
import { fullName, withDefaults } from '../fields.ts'
import { searchKeys } from './keys.ts'
import { digitsOf } from './phone-digits.ts'
import { sortKey } from './sort-key.ts'
import { parseSearch } from './terms.ts'

const charactersOf = (...codePoints: number[]): string[] => codePoints.map((one) => String.fromCodePoint(one))
const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

const apostrophes = [
  ...["'", '`'],
  ...charactersOf(0xb4, 0x2b9, 0x2bb, 0x2bc, 0x2bd, 0x2018, 0x2019, 0x201b, 0x2032, 0x5f3, 0xff07),
]
const dashes = ['-', ...charactersOf(...from(0x2010, 0x2015), 0x2212, 0x5be, 0xfe63, 0xff0d)]
const withoutWidth = charactersOf(
  ...[0xad, ...from(0x200b, 0x200f), ...from(0x2060, 0x2064), ...from(0x202a, 0x202e)],
  ...[...from(0x2066, 0x2069), 0xfeff, ...from(0xfe00, 0xfe0f)],
)
const named = (character: string): string => `U+${character.codePointAt(0)?.toString(16)}`

describe('a search', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })
  const search = async (query: Record<string, string>) =>
    names(await ana.get(`/api/contacts?${new URLSearchParams(query)}`))

  it('takes every apostrophe for one, in what is stored and in what is looked for', async () => {
    const eve = await signedUp('eve')
    for (const sign of apostrophes) await add(eve, { first_name: `Мар${sign}яна`, last_name: 'Іваненко' })
    for (const sign of apostrophes) {
      for (const query of [{ q: `мар${sign}яна` }, { first_name: `р${sign}я` }]) {
        const found = await eve.get(`/api/contacts?${new URLSearchParams({ ...query, limit: '100' })}`)
        expect(names(found), named(sign)).toHaveLength(apostrophes.length)
      }
    }
  })

  it('takes every dash for one', async () => {
    const eve = await signedUp('eve')
    for (const sign of dashes) await add(eve, { last_name: `Нечуй${sign}Левицький` })
    for (const sign of dashes) {
      for (const query of [{ q: `нечуй${sign}левицький` }, { last_name: `й${sign}л` }]) {
        const found = await eve.get(`/api/contacts?${new URLSearchParams({ ...query, limit: '100' })}`)
        expect(names(found), named(sign)).toHaveLength(dashes.length)
      }
    }
  })

  it('does not see what has no width, inside of words or around them', async () => {
    await add(ana, { first_name: 'Олександра', additional: `a${withoutWidth.join('')}ccordion` })
    for (const sign of withoutWidth) {
      const q = `accor${sign}dion${sign} ${sign}олек${sign}сандра`
      expect(await search({ q, first_name: `сан${sign}др` }), named(sign)).toEqual(['Олександра'])
    }
    const joined = `Ха${withoutWidth.join('')}рита`
    await add(ana, { first_name: joined })
    for (const query of [{ q: 'харита' }, { first_name: 'харита' }]) expect(await search(query)).toHaveLength(1)
  })

  it('is split at punctuation as names are', async () => {
    await add(ana, { first_name: 'John', last_name: 'Smith', email: 'j.smith+home@example.com' })
    await add(ana, { first_name: 'Conor', last_name: 'O’Neill-Byrne', additional: 'plays (badly) the tin-whistle' })
    for (const q of [
      ...['smith, john', '"john smith"', '“smith”; «john»', 'smith,john', 'John Smith <j.smith+home@example.com>'],
      ...['(john)', 'john – smith', 'j.smith+home@example.com', 'smith+home', 'smith@'],
    ]) {
      expect(await search({ q }), q).toEqual(['John Smith'])
    }
    for (const q of ['o neill', "o'neill", 'oʼneill byrne', 'o‘neill–byrne', 'byrne, conor o’neill', 'tin whistle']) {
      expect(await search({ q }), q).toEqual(['Conor O’Neill-Byrne'])
    }
    // What an apostrophe or a dash joins stays together: these are not anybody's halves.
    expect(await search({ q: "smi'john" })).toEqual([])
    expect(await search({ q: 'smith@john' })).toEqual([])
  })

  it('splits a filter as it splits q, and finds the same in that field', async () => {
    const eve = await signedUp('eve')
    await add(eve, { first_name: 'Jean-Luc', last_name: "O'Neill-Smith", email: 'jl.o_neill+home@mail.example.com' })
    await add(eve, { first_name: 'Neill', last_name: 'Jones', email: 'smith@example.com' })
    const find = async (query: Record<string, string>) =>
      names(await eve.get(`/api/contacts?${new URLSearchParams(query)}`))
    for (const last_name of [
      'o neill',
      'oʼneill',
      'smith,',
      'smith, o neill',
      '“Smith”',
      'SMITH – neill',
      "'",
      '-',
      'l-s',
    ])
      expect(await find({ last_name }), last_name).toEqual(["Jean-Luc O'Neill-Smith"])
    for (const first_name of ['luc jean', 'jean luc', 'Jean–Luc', '(luc)', '-'])
      expect(await find({ first_name }), first_name).toEqual(["Jean-Luc O'Neill-Smith"])
    for (const email of [
      'o neill',
      'jl.o_neill+home@mail.example.com',
      'o_neill',
      'home mail',
      '<jl.o_neill@',
      '+',
      '_',
    ])
      expect(await find({ email }), email).toEqual(["Jean-Luc O'Neill-Smith"])
    for (const query of [{ last_name: 'o neil jones' }, { last_name: "smi'neill" }, { first_name: '*' }])
      expect(await find(query as Record<string, string>), JSON.stringify(query)).toEqual([])
    // As many words as a filter can hold, in all of them at once, beside a search.
    const many = Array.from({ length: 127 }, () => 'o').join(' ')
    expect(await find({ first_name: many, last_name: many, email: many, q: many.slice(0, 199), phone: '1' })).toEqual(
      [],
    )
  })

  it('finds an e-mail by either spelling of its domain, whole or in part', async () => {
    const eve = await signedUp('eve')
    await add(eve, { first_name: 'Ana', email: 'Ana@Пошта.укр' })
    await add(eve, { first_name: 'Bo', email: 'bo@XN--80a1acn3a.xn--j1amh' })
    await add(eve, { first_name: 'Cy', email: 'cy@mail.xn--80a1acn3a.укр' })
    await add(eve, { first_name: 'Di', email: 'di@faß.de' })
    await add(eve, { first_name: 'Ed', email: 'ed@xn--0.example.com' })
    const find = async (query: Record<string, string>) =>
      names(await eve.get(`/api/contacts?${new URLSearchParams(query)}`)).toSorted()
    for (const name of ['q', 'email']) {
      for (const local of ['ana', 'bo']) {
        for (const domain of ['пошта.укр', 'ПОШТА.УКР', 'xn--80a1acn3a.xn--j1amh', 'пош'])
          expect(await find({ [name]: `${local}@${domain}` }), domain).toEqual([local === 'ana' ? 'Ana' : 'Bo'])
      }
      for (const domain of ['пошта', 'пошта.укр', 'xn--80a1acn3a', 'XN--80A1ACN3A.XN--J1AMH'])
        expect(await find({ [name]: domain }), domain).toEqual(['Ana', 'Bo', 'Cy'])
      for (const address of ['di@faß.de', 'di@xn--fa-hia.de', 'di@fass.de'])
        expect(await find({ [name]: address }), address).toEqual(['Di'])
      expect(await find({ [name]: 'ed@xn--0.example.com' })).toEqual(['Ed'])
    }
  })

  it('reads Arabic and Persian as they are read, whichever keyboard wrote them', async () => {
    const pairs: [stored: string, looked: string][] = [
      ['علی کریمی', 'علي كريمي'],
      ['مصطفى', 'مصطفي'],
      ['فاطمة', 'فاطمه'],
      ['أحمد', 'احمد'],
      ['إبراهيم', 'ابراهیم'],
      ['آرش', 'ارش'],
      ['محـــمود', 'محمود'],
      ['نیلوفر\u200cزاده', 'نيلوفرزاده'],
    ]
    for (const [stored, looked] of pairs) {
      const { full_name } = await add(ana, { first_name: stored })
      for (const q of [stored, looked, fold(stored)]) expect(await search({ q }), q).toEqual([full_name])
      expect(await search({ first_name: looked })).toEqual([full_name])
    }
    await add(ana, { first_name: 'Room', additional: 'غرفة ٢٠٧' })
    for (const q of ['٢٠٧', '۲۰۷', '207']) expect(await search({ q }), q).toEqual(['Room'])
  })

  it('finds г by ґ, and ґ by г, which sort apart all the same', async () => {
    await add(ana, { last_name: 'Ґоґоль' })
    await add(ana, { last_name: 'Геращенко' })
    for (const q of ['ґоґоль', 'гоголь', 'ҐОГОЛЬ']) expect(await search({ q }), q).toEqual(['Ґоґоль'])
    expect(await search({ last_name: 'ґера' })).toEqual(['Геращенко'])
    expect(sortKey('Ґ', 'uk') > sortKey('Гя', 'uk')).toBe(true)
  })

  it('is the same for the older clients’ best match', async () => {
    const { id } = await add(ana, { first_name: 'Роксоляна', last_name: 'Д’Арк' })
    for (const text of ['арк, роксоляна', 'д´арк', 'рок\u200bсоляна', '"Роксоляна Дʼарк"']) {
      expect(contact(await ana.get(`/api/contacts/${encodeURIComponent(text)}`)).id, text).toBe(id)
    }
  })

  it('finds everyone by their own name, however long, in any script', async () => {
    const eve = await signedUp('eve')
    // D1 bounds a LIKE pattern to 50 bytes: nothing here may be one.
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
      fc.constantFrom(
        'Кость-Левицький де ла Фуенте і Санчес',
        'สมชาย ใจดี'.repeat(4),
        '👩🏽‍🚀 Ana ★',
        "O'Neill".repeat(9),
      ),
    )
    await fc.assert(
      fc.asyncProperty(name, async (first_name) => {
        fc.pre(nameLine({ min: 1, max: 100 }).safeParse(first_name).success && fold(first_name) !== '')
        const { id, full_name } = await add(eve, { first_name })
        for (const query of [{ q: full_name }, { first_name: full_name }]) {
          const answer = await eve.get(
            `/api/contacts?${new URLSearchParams({ ...query, limit: '100', sort: 'created' })}`,
          )
          expect(names(answer), JSON.stringify(query)).toContain(full_name)
        }
        await eve.delete(`/api/contacts/${id}`)
      }),
      { numRuns: strength(60, 25) },
    )
  })

  it('finds every key by what it was made of', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string())
    const line = fc.oneof(
      text,
      fc.array(text, { maxLength: 12 }).map((parts) => parts.join(' ')),
    )
    fc.assert(
      fc.property(line, line, text, (first, last, note) => {
        const parsed = [first, last].map((part) => nameLine({ max: 1000 }).safeParse(part))
        const [first_name, last_name] = parsed.map(({ data }) => data || null) as [string | null, string | null]
        const person = withDefaults({ first_name, last_name, additional: note })
        const { search_key, first_name_key } = searchKeys(person, 'uk')
        for (const q of [fullName(person), last_name ?? '', note]) {
          const signsAlone = fold(q).replace(/[^\p{L}\p{N}\p{M}\p{So}\p{Sc}]/gu, '') === ''
          // A note is found by its words, not by signs alone.
          if (q === note && signsAlone) continue
          for (const [within] of parseSearch(q).words) expect(search_key, q).toContain(within)
        }
        expect(first_name_key).toContain(fold(first_name ?? ''))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('folding', () => {
  it('knows no case, accents, or kinds of apostrophe', () => {
    expect(fold('ЇЖАК')).toBe(fold('їжак'))
    expect(fold("  Мар’яна \u00a0 П'ята ")).toBe("мар'яна п'ята")
    expect(fold('STRASSE')).toBe(fold('Straße'))
    expect(fold('ΟΔΥΣΣΕΥΣ')).toBe(fold('Οδυσσεύς'))
    expect(fold('İstanbul')).toBe(fold('istanbul'))
    expect(fold('Łódź Ørsted Đorđe')).toBe('lodz orsted dorde')
    // A vowel sign or a voicing mark is no accent.
    expect(fold('कि')).not.toBe(fold('का'))
    expect(fold('が')).not.toBe(fold('か'))
    expect(digitsOf('+380 (67) 123-45-67')).toBe('380671234567')
    for (const script of ['٠١٢٣٤٥٦٧٨٩', '۰۱۲۳۴۵۶۷۸۹', '०१२३४५६७८९', '０１２３４５６７８９', '𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡']) {
      expect(fold(script), script).toBe('0123456789')
    }
  })

  it('is settled: folding twice changes nothing, and neither does composition', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom(...apostrophes, ...dashes, ...withoutWidth, 'é', 'e\u0301', 'Σ', 'أ', 'ﻵ', '´', '῍'))
        .map((all) => all.join('')),
    )
    fc.assert(
      fc.property(text, (text) => {
        const first = fold(text)
        expect(fold(first)).toBe(first)
        expect(fold(text.normalize('NFD'))).toBe(first)
        expect(fold(text.normalize('NFC'))).toBe(first)
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves nothing that cannot be seen in a key, nor in what names are sorted by', () => {
    for (const sign of withoutWidth) {
      expect(fold(`Ana${sign}`), named(sign)).toBe('ana')
      expect(sortKey(`Ан${sign}на`, 'uk'), named(sign)).toBe(sortKey('Анна', 'uk'))
    }
    for (const sign of apostrophes) expect(sortKey(`Мар${sign}яна`, 'uk')).toBe(sortKey("Мар'яна", 'uk'))
    for (const sign of dashes) expect(sortKey(`Анна${sign}Марія`, 'uk')).toBe(sortKey('Анна-Марія', 'uk'))
  })
})
