import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { read } from '../../test/client.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { lines, path, post } from '../../test/vcard-requests.ts'
import { batchResultsSchema } from './view.ts'

/** Batches that are sent: `npm test -- --full` sends more. */
const runs = env.TEST_FULL === '1' ? 60 : 6

/** What an operation does, to which of the contacts there are at first, and how. */
const step = fc.tuple(
  fc.constantFrom('create', 'create', 'update', 'update', 'update', 'delete', 'wrong', 'outdated'),
  fc.nat(5),
  fc.nat(7),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const values = [
  { first_name: 'Олесь', labels: ['Friends'] },
  { last_name: 'Гончар', phone: '+380 44 123 45 67' },
  { emails: [{ value: 'a@example.com', label: 'home', primary: true }], first_name: 'Ада' },
  { first_name: null, last_name: null },
  { additional: 'x'.repeat(200), favorite: true, first_name: 'Long' },
  { birthday: 'soon' },
  { labels: [], first_name: 'Plain', organizations: [{ name: 'Дім', units: [], title: null, role: null }] },
  { custom: [{ name: 'X-FOO', value: 'bar', label: null }], first_name: 'Odd' },
]

/** Three contacts by JSON and two vCards. */
async function startOf(person: Person): Promise<number[]> {
  const ids: number[] = []
  const id = z.looseObject({ id: z.int() })
  for (const first_name of ['One', 'Two', 'Three']) ids.push(read(id, await person.post(path, { first_name })).id)
  for (const name of ['Four', 'Five']) {
    const card = lines('VERSION:3.0', `FN:${name}`, `UID:${name}`, 'item1.X-ODD:1', 'CATEGORIES:Old')
    ids.push(read(id, await post(person, card)).id)
  }
  return ids
}

const operationOf = (ids: readonly number[], [kind, which, how]: Step): object => {
  const id = ids[which] ?? 999_999
  if (kind === 'create') return { create: values[how] }
  if (kind === 'update') return { update: { id, patch: values[how] } }
  if (kind === 'delete') return { delete: { id } }
  if (kind === 'wrong') return { create: { first_name: ' ' } }
  return how % 2 ? { delete: { id, if_match: '"0-0"' } } : { update: { id, patch: {}, if_match: '"0-0", *' } }
}

/** The same by the route that does it alone: its status, its contact, and its problem. */
async function alone(person: Person, operation: object) {
  const {
    create,
    update,
    delete: gone,
  } = z
    .object({
      create: z.unknown().optional(),
      update: z.object({ id: z.int(), patch: z.unknown(), if_match: z.string().optional() }).optional(),
      delete: z.object({ id: z.int(), if_match: z.string().optional() }).optional(),
    })
    .parse(operation)
  const match = (if_match: string | undefined) => ({ headers: if_match === undefined ? {} : { 'If-Match': if_match } })
  if (update) return person.patch(`${path}/${update.id}`, update.patch, match(update.if_match))
  if (gone) return person.delete(`${path}/${gone.id}`, match(gone.if_match))
  return person.post(path, create)
}

/** What a book is, without what no two have alike: ids, UIDs and times. */
async function bookOf(person: Person, ids: readonly number[]) {
  const contacts = z.array(z.looseObject({ id: z.int() }))
  const all = read(contacts, await person.get(`${path}?limit=100&fields=all`))
  const cards = await Promise.all(all.map(({ id }) => person.get(`${path}/${id}.vcf?version=stored`)))
  const histories = await Promise.all(ids.map((id) => person.get(`${path}/${id}/history`)))
  const trash = await person.get('/api/trash?limit=100')
  const texts = [...all.map((one) => JSON.stringify(one)), ...[...cards, ...histories, trash].map(({ text }) => text)]
  const same = texts.map((text) =>
    text
      .replace(/"(?:id|created_at|updated_at|changed_at|deleted_at|avatar|request_id)":[^,}]+/g, '')
      .replace(/[0-9a-f]{32}-\d+/g, 'uid')
      .replace(/REV:[\dTZ:-]+/g, ''),
  )
  return same.toSorted()
}

const bare = (value: unknown) =>
  JSON.stringify(value, (name, one: unknown) =>
    ['id', 'uid', 'created_at', 'updated_at', 'avatar', 'request_id', 'pointer', 'etag'].includes(name)
      ? undefined
      : one,
  )

describe('a batch', () => {
  it('is answered as its operations one by one, and leaves the same book', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const [ana, bo] = await Promise.all([signedUp('ana'), signedUp('bo')])
        const [ids, others] = [await startOf(ana), await startOf(bo)]
        const operations = steps.map((one) => operationOf(ids, one))
        const { results } = read(batchResultsSchema, await ana.post(`${path}/batch`, { operations }))
        const singles: unknown[] = []
        for (const one of steps) {
          const { status, body, headers } = await alone(bo, operationOf(others, one))
          const etag = headers.get('ETag')
          singles.push({ status, ...(status < 300 ? (status === 204 ? {} : { contact: body }) : { problem: body }) })
          expect(results[singles.length - 1]?.etag ?? null).toBe(etag)
        }
        expect(JSON.parse(bare(results))).toEqual(JSON.parse(bare(singles)))
        expect(await bookOf(ana, ids)).toEqual(await bookOf(bo, others))
      }),
      { numRuns: runs, seed: 20261127 },
    )
  }, 120_000)
})
