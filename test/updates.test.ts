import { expect, it } from 'vitest'
import { type Contact, contactSchema } from '../src/contacts/schema.ts'
import { contactEtag } from '../src/contacts/view.ts'
import { problemOf } from './client.ts'
import { type Person, signedUp } from './people.ts'
import { serve } from './serving.ts'
import { strength } from './strength.ts'

const limits = { RATE_LIMITS: 'contacts-read=1000/1s,contacts-write=1000/1s' }
const rounds = strength(500, 120)

const added = async (person: Person, first_name: string) =>
  contactSchema.parse((await person.post('/api/contacts', { first_name })).body)

it('reports a conflict when too many change a contact at once, and loses no accepted change', async () => {
  const ana = await signedUp('ana')
  const { id } = await added(ana, 'Crowd')
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ana.patch(`/api/contacts/${id}`, { additional: `${index}` })),
  )
  const taken = answers.filter(({ status }) => status === 200)
  for (const answer of answers.filter(({ status }) => status !== 200)) expect(problemOf(answer)).toBe('409 busy')
  expect(taken.length).toBeGreaterThanOrEqual(5)
  expect((await ana.get(`/api/contacts/${id}`)).headers.get('ETag')).toBe(contactEtag(taken.length + 1))
})

it('loses none of several simultaneous patches', async () => {
  const ana = await signedUp('ana')
  const { id } = await added(ana, 'Race')
  const patches = [{ phone: '12345' }, { email: 'race@example.com' }, { additional: 'kept' }]
  const answers = await Promise.all(patches.map((patch) => ana.patch(`/api/contacts/${id}`, patch)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(contactSchema.parse((await ana.get(`/api/contacts/${id}`)).body)).toMatchObject(Object.assign({}, ...patches))
})

it('loses no update of two clients that change one contact again and again, each the version that it has seen', async () => {
  const ana = await signedUp('ana')
  const tokens = [ana.access, (await ana.login()).access]
  const { id } = await added(ana, 'Hammered')
  const path = `/api/contacts/${id}`
  const acknowledged: string[] = []
  let refused = 0

  /** Appends its characters to the text one by one, each to the version that it saw last. */
  async function hammer(token: string, first: number, methods: readonly string[]): Promise<void> {
    let seen: { contact: Contact; tag: string } | undefined
    for (let round = 0; round < rounds; round++) {
      if (!seen) {
        const read = await serve(limits, path, { token })
        expect(read.status).toBe(200)
        seen = { contact: contactSchema.parse(await read.json()), tag: read.headers.get('ETag') ?? '' }
      }
      const sign = String.fromCodePoint(first + round)
      const additional = `${seen.contact.additional ?? ''}${sign}`
      const method = methods[round % methods.length] ?? 'PATCH'
      const answer = await serve(limits, path, {
        method,
        token,
        headers: { 'If-Match': seen.tag },
        json: method === 'PUT' ? { ...seen.contact, additional } : { additional },
      })
      seen = undefined
      if (answer.status === 200) {
        acknowledged.push(sign)
        seen = { contact: contactSchema.parse(await answer.json()), tag: answer.headers.get('ETag') ?? '' }
      } else {
        expect([answer.status, answer.headers.get('Content-Type')]).toEqual([412, 'application/problem+json'])
        refused++
      }
    }
  }

  await Promise.all([
    hammer(tokens[0] ?? '', 0x4e00, ['PUT', 'PATCH']),
    hammer(tokens[1] ?? '', 0x6000, ['PATCH', 'PATCH', 'PUT']),
  ])
  const last = await ana.get(path)
  // Each once, in either order.
  const text = contactSchema.parse(last.body).additional ?? ''
  expect([...text].sort()).toEqual(acknowledged.toSorted())
  expect(last.headers.get('ETag')).toBe(contactEtag(acknowledged.length + 1))
  expect(acknowledged.length + refused).toBe(2 * rounds)
  // Conflicts happened, and neither client starved.
  expect(refused).toBeGreaterThan(rounds / 10)
  expect(acknowledged.length).toBeGreaterThan(rounds / 2)
}, 60_000)
