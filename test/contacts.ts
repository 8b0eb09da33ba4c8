/** Adds contacts, and parses responses. */
import { expect } from 'vitest'
import { z } from 'zod'
import { contactSchema } from '../src/contacts/schema.ts'
import { type Answer, read } from './client.ts'
import type { Person } from './people.ts'

export const contact = (answer: Answer) => read(contactSchema, answer)
export const names = (answer: Answer) => read(z.array(contactSchema), answer).map(({ full_name }) => full_name)

export async function add(person: Person, fields: Record<string, unknown>) {
  const answer = await person.post('/api/contacts', fields)
  expect(answer.status, answer.text).toBe(201)
  return contact(answer)
}
