/** Sending batches, and reading what is answered. */
import { expect } from 'vitest'
import { z } from 'zod'
import { contactDetailsSchema } from '../src/contacts/schema.ts'
import { changesSchema } from '../src/history/schema.ts'
import { read } from './client.ts'
import type { Person } from './people.ts'

export const path = '/api/contacts'
export const problemSchema = z.looseObject({
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
})
export const resultsSchema = z.object({
  results: z.array(
    z.strictObject({
      status: z.int(),
      contact: contactDetailsSchema.optional(),
      etag: z.string().optional(),
      problem: problemSchema.optional(),
    }),
  ),
})
export type Rows = z.infer<typeof resultsSchema>['results']

/** Sends a batch, and returns its rows. */
export async function batch(person: Person, ...operations: object[]): Promise<Rows> {
  const answer = await person.post(`${path}/batch`, { operations })
  expect(answer.status, answer.text).toBe(200)
  return read(resultsSchema, answer).results
}

export const summary = (rows: Rows) =>
  rows.map(({ status, problem }) => (problem ? `${status} ${problem.code}` : `${status}`))
export const named = (first_name: string) => ({ create: { first_name } })
export const idsOf = (rows: Rows) => rows.map(({ contact }) => contact?.id ?? 0)
export const add = async (person: Person, ...names: string[]) => idsOf(await batch(person, ...names.map(named)))
export const token = async (person: Person) => read(changesSchema, await person.get(`${path}/changes`)).next
export const countOf = async (person: Person) =>
  Number((await person.get(`${path}?total=true`)).headers.get('X-Total-Count'))
