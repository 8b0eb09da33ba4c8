/** Uploads pictures of users and contacts, and reads them. */
import { env, exports } from 'cloudflare:workers'
import { z } from 'zod'
import { type Answer, read } from './client.ts'
import type { Person } from './people.ts'
import { upload } from './pictures.ts'

export const pictured = z.looseObject({ id: z.int(), avatar: z.url() })

export const give = (
  person: Person,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) => person.patch(path, undefined, { raw: upload(bytes), headers })

export const addressOf = (answer: Answer): string => read(pictured, answer).avatar

/** The response for a URL of ours. */
export const look = (url: string): Promise<Response> => exports.default.fetch(new Request(url))

export async function contactOf(
  person: Person,
  fields: object = { first_name: 'Олесь', last_name: 'Гончар' },
): Promise<string> {
  return `/api/contacts/${read(pictured, await person.post('/api/contacts', fields)).id}`
}

export const inKv = async (): Promise<string[]> =>
  (await env.CACHE.list({ prefix: 'avatar:' })).keys.map(({ name }) => name)
