import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { read } from '../../../test/client.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { strength } from '../../../test/strength.ts'

const listSchema = z.array(z.looseObject({ id: z.number(), first_name: z.string() }))

/** A contact whose every sort key may be anybody else's, too. */
const contact = fc.record({
  first_name: fc.constantFrom('Ада', 'Ада Ї', 'Ївга', 'Zoë', 'zoe', 'É', 'é', 'smith', 'Smith'),
  birthday: fc.option(fc.constantFrom('--02-29', '--12-31', '1990-05-05', '2001-05-05'), { nil: null }),
})

/** What happens between two pages. */
const change = fc.oneof(
  fc.record({ what: fc.constant('add' as const), contact }),
  fc.record({ what: fc.constant('remove' as const), which: fc.nat() }),
  // Of what a list is sorted by, a change moves a contact; of anything else, it does not.
  fc.record({ what: fc.constant('note' as const), which: fc.nat() }),
)

const sorts = ['name', 'created', 'birthday', 'relevance'] as const

describe('a list, page by page', () => {
  it('shows whoever was there throughout exactly once, while others come, change and go', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contact, { minLength: 3, maxLength: 8 }),
        fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 }),
        fc.constantFrom(...sorts),
        fc.constantFrom('asc', 'desc'),
        fc.integer({ min: 1, max: 3 }),
        async (first, changes, sort, order, limit) => {
          const ana = await signedUp('ana')
          const there = new Set<number>()
          const add = async (input: object): Promise<number> => {
            // The same word in every note, so that a search finds everyone.
            const made = await ana.post('/api/contacts', { ...input, additional: 'smith' })
            return read(z.looseObject({ id: z.number() }), made).id
          }
          for (const one of first) there.add(await add(one))
          const throughout = new Set(there)
          const seen: number[] = []
          const start = new URLSearchParams({
            limit: String(limit),
            sort,
            order,
            ...(sort === 'relevance' ? { q: 'smith' } : {}),
          })
          let next: string | null = `/api/contacts?${start}`
          for (let page = 0; next; page++) {
            const answer = await ana.get(next)
            expect(answer.status, answer.text).toBe(200)
            seen.push(...read(listSchema, answer).map(({ id }) => id))
            next = answer.headers.get('Link')?.match(/<https:\/\/vizitka\.test([^>]+)>/)?.[1] ?? null
            for (const one of changes[page] ?? []) {
              const ids = [...there]
              if (one.what === 'add') there.add(await add(one.contact))
              else await changed(ana, one.what, ids[one.which % ids.length], there, throughout)
            }
          }
          expect(new Set(seen).size, 'somebody was shown twice').toBe(seen.length)
          expect([...throughout].filter((id) => !seen.includes(id))).toEqual([])
        },
      ),
      { numRuns: strength(25, 10) },
    )
  }, 120_000)
})

async function changed(
  ana: Person,
  what: 'remove' | 'note',
  id: number | undefined,
  there: Set<number>,
  throughout: Set<number>,
) {
  if (id === undefined) return
  if (what === 'note') {
    await ana.patch(`/api/contacts/${id}`, { phone: '0671234567' })
    return
  }
  await ana.delete(`/api/contacts/${id}`)
  there.delete(id)
  throughout.delete(id)
}
