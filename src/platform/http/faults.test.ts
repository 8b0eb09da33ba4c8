import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, call, read } from '../../../test/client.ts'
import { signedUp } from '../../../test/people.ts'

const errorsOf = (answer: Answer) => {
  expect(answer.status).toBe(422)
  return read(z.looseObject({ errors: z.array(z.object({ pointer: z.string(), detail: z.string() })) }), answer).errors
}

describe('an error', () => {
  it('repeats at most 100 characters of a name that a client made up, in a body, a query or a form', async () => {
    const ana = await signedUp('ana')
    for (const letter of ['x', '𝒳', '~']) {
      const name = letter.repeat(50_000)
      const displayed = letter.repeat(100)
      const form = new FormData()
      form.set(name.slice(0, 2000), 'x')
      const answers = [
        await ana.post('/api/contacts', { [name]: 1, first_name: 'Ana' }),
        await call('POST', '/api/auth/signup', { json: { [name]: 1 } }),
        await ana.get(`/api/contacts?${name.slice(0, 2000)}=1`),
        await ana.patch('/api/users/avatar', undefined, { raw: form }),
      ]
      for (const answer of answers) {
        const named = errorsOf(answer).find(({ detail }) => detail.includes(displayed))
        expect(named?.detail).toBe(`There is no such field as "${displayed}" here: leave it out.`)
        expect(named?.pointer.replaceAll('~0', '~').split('/').at(-1)).toBe(displayed)
        expect(answer.text.length).toBeLessThan(3000)
      }
    }
  })

  it('lists at most twenty wrong values, also for the largest body', async () => {
    const ana = await signedUp('ana')
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`field-${n}`, 1]))
    const answer = await ana.post('/api/contacts', many)
    expect(errorsOf(answer)).toHaveLength(20)
    expect(answer.text.length).toBeLessThan(10_000)
  })

  it('on a page repeats no more of an address than an address can have', async () => {
    const answer = await call('POST', '/forgot-password', { form: { email: '𝒳'.repeat(60_000) } })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('𝒳'.repeat(254))
    expect(answer.text).not.toContain('𝒳'.repeat(255))
  })
})
