import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pointersOf, read } from '../../../test/client.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { strength } from '../../../test/strength.ts'
import { sortKey } from './sort-key.ts'

const listSchema = z.array(z.looseObject({ id: z.number(), full_name: z.string() }))

let ana: Person
let boris: Person

/** Whom a search finds, the best first. */
async function find(q: string, more: Record<string, string> = {}): Promise<string[]> {
  const answer = await ana.get(`/api/contacts?${new URLSearchParams({ q, limit: '100', ...more })}`)
  expect(answer.status, answer.text).toBe(200)
  return read(listSchema, answer).map(({ full_name }) => full_name)
}

const people = [
  { first_name: 'ЄВГЕН', last_name: 'Коваль', phone: '+380 (67) 123-45-67' },
  { first_name: 'José', last_name: 'Núñez', email: 'jose.nunez@example.com' },
  { first_name: 'Jürgen', last_name: 'Müller', additional: 'lives in Bahnhofstraße 5' },
  { first_name: 'Αλέξανδρος', last_name: 'Παππάς' },
  { first_name: "Conor O'Neill-Smith" },
  { first_name: 'Anna', last_name: 'Smithson' },
  { first_name: 'Blacksmith', last_name: 'Joe' },
  { first_name: 'Zed', email: 'smith@example.com' },
  { first_name: 'Yan', additional: 'a friend of Smith' },
  { first_name: '100%', last_name: '_under_ "quoted" OR 1=1' },
  { first_name: '小明', last_name: '王' },
  { first_name: 'דוד', last_name: 'כהן' },
]

beforeAll(async () => {
  ana = await signedUp('ana')
  boris = await signedUp('boris')
  for (const person of people) expect((await ana.post('/api/contacts', person)).status).toBe(201)
  await boris.post('/api/contacts', { first_name: 'ЄВГЕН', last_name: 'of Boris', phone: '+380671234567' })
})

describe('q', () => {
  it('finds a phone number written in any format', async () => {
    for (const q of [
      '067 123',
      '+38067-123',
      '0671234567',
      '(067) 123.45/67',
      '380671234567',
      '4567',
      '00380671234567',
    ]) {
      expect(await find(q), q).toEqual(['ЄВГЕН Коваль'])
    }
    expect(await find('067 124')).toEqual([])
  })

  it('finds names without case or accents, in any script', async () => {
    const wanted: Record<string, string> = {
      євген: 'ЄВГЕН Коваль',
      ЄВГЕН: 'ЄВГЕН Коваль',
      jose: 'José Núñez',
      NUNEZ: 'José Núñez',
      muller: 'Jürgen Müller',
      STRASSE: 'Jürgen Müller',
      straße: 'Jürgen Müller',
      'αλεξανδροσ παππασ': 'Αλέξανδρος Παππάς',
      ΑΛΈΞΑΝΔΡΟΣ: 'Αλέξανδρος Παππάς',
      明: '小明 王',
      כהן: 'דוד כהן',
    }
    for (const [q, name] of Object.entries(wanted)) expect(await find(q), q).toEqual([name])
  })

  it('finds by one letter, by forty, and by several words in any order', async () => {
    expect(await find('q')).toEqual(['100% _under_ "quoted" OR 1=1'])
    expect(await find('jose.nunez@example.com núñez josé')).toEqual(['José Núñez'])
    expect(await find('коваль євген')).toEqual(['ЄВГЕН Коваль'])
    expect(await find('євген смит')).toEqual([])
    expect(await find('x'.repeat(40))).toEqual([])
    expect(await find('a b c d e f g h i j k l m n o p')).toEqual([])
  })

  it('takes %, _, quotes and operators for what they are', async () => {
    for (const q of ['%', '_', '"quoted"', '" or 1', '1=1', '100%', '_under_']) {
      expect(await find(q), q).toEqual(['100% _under_ "quoted" OR 1=1'])
    }
    for (const q of ['%%', "'; DROP TABLE contacts; --", '*', '^', '\\', '\u0301']) expect(await find(q), q).toEqual([])
    expect(await find("o'neill")).toEqual(["Conor O'Neill-Smith"])
  })

  it('puts the best match first: a whole word of the name, its beginning, a part, then e-mail, then the note', async () => {
    expect(await find('smith')).toEqual(["Conor O'Neill-Smith", 'Anna Smithson', 'Blacksmith Joe', 'Zed', 'Yan'])
    expect(await find('smith', { order: 'desc' })).toEqual([
      'Yan',
      'Zed',
      'Blacksmith Joe',
      'Anna Smithson',
      "Conor O'Neill-Smith",
    ])
    expect(await find('smith', { sort: 'name' })).toEqual([
      'Anna Smithson',
      'Blacksmith Joe',
      "Conor O'Neill-Smith",
      'Yan',
      'Zed',
    ])
  })

  it('goes together with filters, favourites, skip, limit and total', async () => {
    expect(await find('smith', { first_name: 'ann' })).toEqual(['Anna Smithson'])
    expect(await find('smith', { favorite: 'true' })).toEqual([])
    const answer = await ana.get('/api/contacts?q=smith&limit=2&skip=1&total=true')
    expect(answer.headers.get('X-Total-Count')).toBe('5')
    expect(read(listSchema, answer).map(({ full_name }) => full_name)).toEqual(['Anna Smithson', 'Blacksmith Joe'])
  })

  it('shows everyone once, page by page', async () => {
    for (const order of ['asc', 'desc']) {
      const names: string[] = []
      let next: string | null = `/api/contacts?q=smith&limit=1&order=${order}`
      while (next) {
        const answer = await ana.get(next)
        names.push(...read(listSchema, answer).map(({ full_name }) => full_name))
        next = answer.headers.get('Link')?.match(/<https:\/\/vizitka\.test([^>]+)>/)?.[1] ?? null
      }
      expect(names).toEqual(await find('smith', { order }))
    }
  })

  it('finds what a change has put there, and no more what it took away', async () => {
    const made = await ana.post('/api/contacts', { first_name: 'Temporary' })
    const { id } = read(z.looseObject({ id: z.number() }), made)
    expect(await find('tempor')).toEqual(['Temporary'])
    await ana.patch(`/api/contacts/${id}`, { first_name: 'Permanent', additional: 'ґава' })
    expect(await find('tempor')).toEqual([])
    expect(await find('ҐАВА')).toEqual(['Permanent'])
    await ana.delete(`/api/contacts/${id}`)
    expect(await find('ґава')).toEqual([])
  })

  it('is refused when it is empty or endless, or when a list is to be sorted by relevance to nothing', async () => {
    expect(pointersOf(await ana.get('/api/contacts?q='))).toEqual(['query/q'])
    expect(pointersOf(await ana.get(`/api/contacts?q=${'x'.repeat(201)}`))).toEqual(['query/q'])
    expect(pointersOf(await ana.get('/api/contacts?sort=relevance'))).toEqual(['query/sort'])
  })

  it('never shows another’s contact, whatever is typed, and never fails', async () => {
    const any = fc.oneof(
      fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
      fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }),
      fc.constantFrom('євген', '067', '+380', 'of boris', '%', "'", '"', '\u0000', ' '),
      fc.stringMatching(/^[\d+\-.() /]{1,40}$/),
    )
    await fc.assert(
      fc.asyncProperty(any, async (q) => {
        const answer = await ana.get(`/api/contacts?${new URLSearchParams({ q })}`)
        expect([200, 422]).toContain(answer.status)
        expect(answer.text).not.toContain('of Boris')
      }),
      { numRuns: strength(300, 100) },
    )
  })
})

describe('names', () => {
  it('are sorted by the alphabet of the locale, accents beside their letters', async () => {
    const sorted = (names: string[], locale: string) =>
      names.toSorted((a, b) => (sortKey(a, locale) < sortKey(b, locale) ? -1 : 1))
    const ukrainian = ['Ганна', 'Ґалаґан', 'Іван', 'Ївга', 'Йосип', 'Ярина', 'Anna', 'Émile', 'Eva', 'Zoë']
    expect(sorted(ukrainian.toReversed(), 'uk')).toEqual(ukrainian)
    expect(sorted(['Zoë', 'Ås', 'Östen', 'Anna'], 'sv')).toEqual(['Anna', 'Zoë', 'Ås', 'Östen'])
    expect(sorted(['Zoë', 'Ås', 'Östen', 'Anna'], 'en')).toEqual(['Anna', 'Ås', 'Östen', 'Zoë'])
  })

  it('with one base have one key, whatever their case, accents and punctuation', () => {
    expect(sortKey("O'NEILL", 'en')).toBe(sortKey('oneill', 'en'))
    expect(sortKey('José', 'en')).toBe(sortKey('JOSE', 'en'))
    expect(sortKey('Straße', 'de')).toBe(sortKey('STRASSE', 'de'))
    expect(sortKey('Anna-Maria', 'en')).toBe(sortKey('Anna Maria', 'en'))
    expect(sortKey('і', 'uk')).not.toBe(sortKey('ї', 'uk'))
  })

  it('are put in the order that the locale’s collator puts them in', () => {
    const letters = [...'абвгґдеєжзиіїйклмнопрстуфхцчшщьюяaàbcçdeéfghijklmnñoöpqrstuüvwxyz ']
    const word = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 8 }).map((all) => all.join('').trim())
    const { compare } = new Intl.Collator('uk', { sensitivity: 'base' })
    fc.assert(
      fc.property(word, word, (a, b) => {
        fc.pre(!/ {2}/.test(a + b))
        const [x, y] = [sortKey(a, 'uk'), sortKey(b, 'uk')]
        expect(Math.sign(x < y ? -1 : x > y ? 1 : 0)).toBe(Math.sign(compare(a, b)))
      }),
      { numRuns: 2000 },
    )
  })

  it('are never put in disorder by what no alphabet of ours has', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (name) => {
        const key = sortKey(name, 'uk')
        expect(key.length).toBeLessThanOrEqual(200)
        expect(key.isWellFormed()).toBe(true)
        expect(sortKey(name, 'uk')).toBe(key)
      }),
    )
  })
})

describe('SORT_LOCALE', () => {
  it('is named when it is no language', async () => {
    const { serve } = await import('../../../test/serving.ts')
    const answer = await serve({ SORT_LOCALE: 'klingon-language' }, '/api/healthchecker')
    expect(await answer.text()).toContain('SORT_LOCALE must be a language')
  })
})
