import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { configuration } from '../config.ts'
import { fold } from '../platform/text/fold.ts'
import { isFavorite } from './favorites.ts'
import { type Contact, contactSchema } from './schema.ts'

describe('a name that starts with FAVORITE_NAME_PREFIX', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  const ask = async (method: string, path: string, json: unknown, prefix = '★'): Promise<Contact> => {
    const response = await serve({ FAVORITE_NAME_PREFIX: prefix }, `/api/contacts${path}`, {
      method,
      token: ana.access,
      json,
    })
    expect(response.ok, `${method} ${response.status}`).toBe(true)
    return contactSchema.parse(await response.json())
  }
  const add = (json: unknown, prefix?: string) => ask('POST', '', json, prefix)

  it('makes a new contact a favourite, by its full name', async () => {
    expect(await add({ first_name: '★ Олесь' })).toMatchObject({ favorite: true, first_name: '★ Олесь' })
    expect((await add({ last_name: '★Гончар' })).favorite).toBe(true)
    expect((await add({ first_name: 'Олесь', last_name: '★' })).favorite).toBe(false)
    expect((await add({ first_name: 'VIPs' }, 'VIP ')).favorite).toBe(false)
    expect((await add({ first_name: 'VIP', last_name: 'Ana' }, 'VIP ')).favorite).toBe(true)
    // The same letter, composed or not.
    expect((await add({ first_name: 'Її'.normalize('NFD') }, 'Ї'.normalize('NFD'))).favorite).toBe(true)
  })

  it('is found as a search finds it, whatever its case, its accents and the kind of its signs', async () => {
    expect((await add({ first_name: 'vip ana' }, 'VIP')).favorite).toBe(true)
    expect((await add({ first_name: 'Élu Ana' }, 'elu ')).favorite).toBe(true)
    expect((await add({ first_name: '★\ufe0f\u00a0Олесь' }, '★ ')).favorite).toBe(true)
    expect((await add({ first_name: 'V\u200dIP—Ana' }, 'VIP-')).favorite).toBe(true)
    expect((await add({ first_name: 'Д’Арк' }, "Д'")).favorite).toBe(true)
    // Renamed from one spelling to another, the name does not come to start so.
    const { id } = await add({ first_name: 'VIP Ana', favorite: false })
    expect((await ask('PATCH', `/${id}`, { first_name: 'vip Ana' }, 'VIP')).favorite).toBe(false)
  })

  it('does nothing where the prefix is not set', async () => {
    expect((await add({ first_name: '★ Олесь' }, '')).favorite).toBe(false)
  })

  it('yields to what the request itself says of the star', async () => {
    expect((await add({ first_name: '★ No', favorite: false })).favorite).toBe(false)
    expect((await add({ first_name: 'Yes', favorite: true })).favorite).toBe(true)
    const { id } = await add({ first_name: 'Plain' })
    expect((await ask('PATCH', `/${id}`, { first_name: '★ Plain', favorite: false })).favorite).toBe(false)
    const other = await add({ first_name: 'Plain' })
    expect((await ask('PATCH', `/${other.id}`, { first_name: '★ Plain', favorite: null })).favorite).toBe(false)
    const third = await add({ first_name: 'Plain' })
    // Read, edited and put back as it came: the star came along.
    expect((await ask('PUT', `/${third.id}`, { ...third, first_name: '★ Plain' })).favorite).toBe(false)
  })

  it('makes a renamed contact a favourite', async () => {
    for (const method of ['PATCH', 'PUT']) {
      const { id } = await add({ first_name: 'Plain' })
      expect((await ask(method, `/${id}`, { first_name: 'Plainer' })).favorite).toBe(false)
      expect((await ask(method, `/${id}`, { first_name: '★ Plain' })).favorite, method).toBe(true)
    }
    // A name may come to start so by losing what was before it.
    const { id } = await add({ first_name: 'Олесь', last_name: '★ Гончар' })
    expect((await ask('PATCH', `/${id}`, { first_name: null })).favorite).toBe(true)
  })

  it('leaves a star that was taken away where it is', async () => {
    for (const method of ['PATCH', 'PUT']) {
      const { id } = await add({ first_name: '★ Star' })
      expect((await ask('PATCH', `/${id}/favorite`, { favorite: false })).favorite).toBe(false)
      for (const json of [
        { first_name: '★ Star', phone: '1' },
        { first_name: '★ Star' },
        { first_name: '★ Starlight', last_name: 'More' },
      ]) {
        expect((await ask(method, `/${id}`, json)).favorite, method).toBe(false)
      }
      expect((await ask('PATCH', `/${id}`, { phone: '2' })).favorite).toBe(false)
      // Renamed away and back, it is a new name that starts so.
      await ask('PATCH', `/${id}`, { first_name: 'Plain' })
      expect((await ask('PATCH', `/${id}`, { first_name: '★ Star' })).favorite).toBe(true)
    }
  })

  it('keeps a star that was given by hand when the name no longer starts so, or does', async () => {
    const { id } = await add({ first_name: '★ Star' })
    expect((await ask('PATCH', `/${id}`, { first_name: 'Plain' })).favorite).toBe(true)
    expect((await ask('PATCH', `/${id}`, { first_name: '★ Plain' })).favorite).toBe(true)
  })

  it('is refused as a variable that no name could start with', () => {
    const set = (FAVORITE_NAME_PREFIX: string) => () => {
      const bindings = { ...env, FAVORITE_NAME_PREFIX }
      return configuration(bindings).FAVORITE_NAME_PREFIX
    }
    expect(set('')()).toBeUndefined()
    expect(set('Dr. ')()).toBe('Dr. ')
    for (const wrong of [' ', ' ★', 'x'.repeat(101), '\u200b', '\u3164', '\ufe0f \u2800'])
      expect(set(wrong)).toThrow(/FAVORITE_NAME_PREFIX must/)
  })
})

describe('the rule', () => {
  const prefix = fc.constantFrom('★', 'VIP ', 'a', 'Ї')
  const name = fc.oneof(
    fc.string(),
    fc.tuple(prefix, fc.string()).map((parts) => parts.join('')),
  )
  const naming = fc.record({
    name,
    before: fc.option(name),
    favorite: fc.boolean(),
    requested: fc.option(fc.boolean(), { nil: undefined }),
  })

  it('obeys what is requested, whatever the names', () => {
    fc.assert(
      fc.property(naming, prefix, fc.boolean(), (n, p, requested) => isFavorite({ ...n, requested }, p) === requested),
    )
  })

  it('never takes a star away by itself, and gives one only by a name that has come to start so', () => {
    fc.assert(
      fc.property(naming, prefix, (n, p) => {
        const after = isFavorite({ ...n, requested: undefined }, p)
        // None of these prefixes ends within what folding takes apart.
        const starts = (text: string) => fold(text).startsWith(fold(p) + (p.endsWith(' ') ? ' ' : ''))
        const comes = starts(n.name) && !(n.before !== null && starts(n.before))
        expect(after).toBe(n.favorite || comes)
      }),
    )
  })

  it('changes nothing where there is no prefix, or the name stays as it was', () => {
    fc.assert(
      fc.property(naming, prefix, (n, p) => {
        expect(isFavorite({ ...n, requested: undefined }, undefined)).toBe(n.favorite)
        expect(isFavorite({ ...n, before: n.name, requested: undefined }, p)).toBe(n.favorite)
      }),
    )
  })
})
