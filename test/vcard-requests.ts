/** Sends vCards, and parses responses. */
import { expect } from 'vitest'
import { z } from 'zod'
import { encodeBase64 } from '../src/cards/photo.ts'
import { contactDetailsSchema } from '../src/contacts/schema.ts'
import { type Answer, read } from './client.ts'
import type { Person } from './people.ts'
import { picture } from './pictures.ts'

export const path = '/api/contacts'
const vcardType = { 'Content-Type': 'text/vcard' }

export const send = (person: Person, method: 'post' | 'put', to: string, vcard: BodyInit, headers: object = {}) =>
  person[method](to, undefined, { raw: vcard, headers: { ...vcardType, ...headers } })
export const post = (person: Person, vcard: BodyInit, headers: object = {}) =>
  send(person, 'post', path, vcard, headers)
export async function addVcard(person: Person, vcard: BodyInit) {
  const answer = await post(person, vcard)
  expect(answer.status, answer.text).toBe(201)
  return read(contactDetailsSchema, answer)
}
export const put = (person: Person, id: number, vcard: BodyInit, headers: object = {}) =>
  send(person, 'put', `${path}/${id}`, vcard, headers)
export const vcf = async (person: Person, id: number, version = 'stored'): Promise<string> =>
  (await person.get(`${path}/${id}.vcf?version=${version}`)).text
export const lines = (...content: string[]): string => ['BEGIN:VCARD', ...content, 'END:VCARD', ''].join('\r\n')
/** The texts of a list that differ from another list at the same position. */
export const changedLines = (before: string, after: string): string[] => {
  const old = new Set(before.split('\r\n'))
  return after.split('\r\n').filter((line) => !old.has(line))
}
export const faults = (answer: Answer) =>
  read(z.looseObject({ errors: z.array(z.looseObject({ pointer: z.string() })) }), answer).errors.map(
    ({ pointer }) => pointer,
  )
export const photoLine = (kind: 'png' | 'jpeg') => `PHOTO;ENCODING=b;TYPE=${kind}:${encodeBase64(picture(kind))}`
