import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, pointersOf, read } from '../../../test/client.ts'
import { add, names } from '../../../test/contacts.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { contactSchema } from '../schema.ts'

const nextOf = (answer: Answer): string | undefined =>
  answer.headers.get('Link')?.match(/^<https:\/\/vizitka\.test(\/[^>]+)>; rel="next"$/)?.[1]

describe('the list of contacts', () => {
  let olga: Person
  beforeAll(async () => {
    olga = await signedUp('olga')
    const people = [
      { first_name: 'Євген', last_name: 'Коваль', phone: '+380 (67) 123-45-67', birthday: '1990-05-01' },
      { first_name: 'José', last_name: 'Núñez', email: 'Jose.Nunez@example.com', birthday: '--01-20' },
      { first_name: 'Łukasz', last_name: 'Żak', favorite: true, birthday: '1988-02-29' },
      { first_name: 'ana', last_name: "O'Neil", phone: '555 0100' },
      { first_name: 'Zoë', birthday: '2001-05-01', favorite: true },
    ]
    for (const person of people) await add(olga, person)
  })

  it('is sorted by name without case or accents, or as asked', async () => {
    const sorted = async (query: string) => names(await olga.get(`/api/contacts?${query}`))
    // By the Ukrainian alphabet, whose letters come before Latin ones.
    const byName = ['Євген Коваль', "ana O'Neil", 'José Núñez', 'Łukasz Żak', 'Zoë']
    expect(await sorted('')).toEqual(byName)
    expect(await sorted('order=desc')).toEqual(byName.toReversed())
    expect(await sorted('sort=created&order=desc')).toEqual([
      'Zoë',
      "ana O'Neil",
      'Łukasz Żak',
      'José Núñez',
      'Євген Коваль',
    ])
    // By month and day; whoever has no birthday comes last in either order.
    expect(await sorted('sort=birthday')).toEqual(['José Núñez', 'Łukasz Żak', 'Євген Коваль', 'Zoë', "ana O'Neil"])
    expect(await sorted('sort=birthday&order=desc')).toEqual([
      'Zoë',
      'Євген Коваль',
      'Łukasz Żak',
      'José Núñez',
      "ana O'Neil",
    ])
  })

  it('is filtered by any part of a name, an e-mail or a phone, in any script and spelling', async () => {
    const found = async (query: Record<string, string>) =>
      names(await olga.get(`/api/contacts?${new URLSearchParams(query)}`))
    expect(await found({ first_name: 'jose' })).toEqual(['José Núñez'])
    expect(await found({ first_name: 'ЄВГ' })).toEqual(['Євген Коваль'])
    expect(await found({ last_name: 'nunez' })).toEqual(['José Núñez'])
    expect(await found({ last_name: 'o’neil' })).toEqual(["ana O'Neil"])
    expect(await found({ first_name: 'LUKA' })).toEqual(['Łukasz Żak'])
    expect(await found({ first_name: 'zoe'.toUpperCase() })).toEqual(['Zoë'])
    expect(await found({ email: 'NUNEZ@example' })).toEqual(['José Núñez'])
    expect(await found({ phone: '(067) 123' })).toEqual(['Євген Коваль'])
    expect(await found({ phone: '068' })).toEqual([])
    expect(await found({ phone: '67 123 45' })).toEqual(['Євген Коваль'])
    expect(await found({ favorite: 'true' })).toEqual(['Łukasz Żak', 'Zoë'])
    expect(await found({ favorite: 'true', last_name: 'zak' })).toEqual(['Łukasz Żak'])
    expect(await found({ favorite: 'false', first_name: 'a' })).toEqual(["ana O'Neil"])
    // An accent alone is in nobody's name.
    expect(await found({ first_name: '\u0301' })).toEqual([])
    // Nothing in a filter is a pattern.
    for (const first_name of ['%', '_', '*', '\\', "'", '" OR 1=1']) expect(await found({ first_name })).toEqual([])
  })

  it('is read in pages, by skip or by following the links, each contact once', async () => {
    const all = names(await olga.get('/api/contacts'))
    expect(names(await olga.get('/api/contacts?skip=1&limit=2'))).toEqual(all.slice(1, 3))
    expect(names(await olga.get('/api/contacts?skip=100'))).toEqual([])
    for (const query of [
      '',
      '&sort=birthday',
      '&sort=birthday&order=desc',
      '&sort=created&order=desc',
      '&sort=updated',
      '&order=desc',
    ]) {
      const whole = names(await olga.get(`/api/contacts?limit=100${query}`))
      const seen: string[] = []
      let path: string | undefined = `/api/contacts?limit=2${query}&total=true`
      while (path) {
        const page: Answer = await olga.get(path)
        expect(page.headers.get('X-Total-Count')).toBe('5')
        seen.push(...names(page))
        path = nextOf(page)
      }
      expect(seen, query).toEqual(whole)
    }
  })

  it('is followed to its end whatever names are like', async () => {
    const long = await signedUp('long')
    // One character that folds to eighteen, and one of two halves where the sort key is cut.
    for (const first_name of ['ﷺ'.repeat(60), `${'ﷺ'.repeat(60)}2`, '👩'.repeat(100), `x${'👩'.repeat(99)}`])
      await add(long, { first_name })
    const seen: string[] = []
    let path: string | undefined = '/api/contacts?limit=1'
    while (path) {
      const page: Answer = await long.get(path)
      expect(page.status).toBe(200)
      seen.push(...names(page))
      path = nextOf(page)
    }
    expect(new Set(seen).size).toBe(4)
  })

  it('loses and repeats nobody while others come and go between two pages', async () => {
    const rita = await signedUp('rita')
    for (const first_name of ['B', 'D', 'F', 'H']) await add(rita, { first_name })
    const first = await rita.get('/api/contacts?limit=2')
    expect(names(first)).toEqual(['B', 'D'])
    await add(rita, { first_name: 'A' })
    await add(rita, { first_name: 'G' })
    await rita.delete(`/api/contacts/${read(z.array(contactSchema), first)[1]?.id}`)
    expect(names(await rita.get(nextOf(first) ?? ''))).toEqual(['F', 'G'])
  })

  it('refuses what it does not understand', async () => {
    const wrong = {
      'limit=0': 'query/limit',
      'limit=101': 'query/limit',
      'limit=ten': 'query/limit',
      'limit=1.5': 'query/limit',
      'limit=0x10': 'query/limit',
      'limit=1e1': 'query/limit',
      'limit=': 'query/limit',
      'skip=-1': 'query/skip',
      'skip=': 'query/skip',
      'sort=age': 'query/sort',
      'order=up': 'query/order',
      'favorite=1': 'query/favorite',
      'phone=abc': 'query/phone',
      'first_name=': 'query/first_name',
      'first_name=a&first_name=b': 'query/first_name',
      'cursor=nonsense': 'query/cursor',
      'cursor=': 'query/cursor',
      'nosuch=1': 'query/nosuch',
    }
    for (const [query, pointer] of Object.entries(wrong)) {
      const answer = await olga.get(`/api/contacts?${query}`)
      expect(answer.status, query).toBe(422)
      expect(pointersOf(answer), query).toEqual([pointer])
    }
    const next = nextOf(await olga.get('/api/contacts?limit=1')) ?? ''
    expect(pointersOf(await olga.get(`${next}&skip=1`))).toEqual(['query/skip'])
    expect(pointersOf(await olga.get(`${next}&sort=created`))).toEqual(['query/cursor'])
  })
})
