/** Reads the cached copies of a user, and restores stale ones. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { userCache } from '../src/auth/user-cache.ts'
import type { Person } from './people.ts'
import { serve } from './serving.ts'

export const keyOf = (person: Person): string => `user:${person.id}`
export const me = (person: Person, bindings: object = {}) => serve(bindings, '/api/users/me', { token: person.access })
export const levelOf = (response: Response) =>
  response.headers.get('Server-Timing')?.match(/cache;dur=[\d.]+;desc="(\w+)"/)?.[1]

/** The copies of a user in this isolate and in KV. */
export async function cachedCopy(person: Person) {
  return { memory: userCache.getLocal(keyOf(person)), kv: await env.CACHE.get(keyOf(person)) }
}

/** Fills every cache level with the current copy, and returns a function that restores it later, when it is stale. */
export async function warmed(person: Person): Promise<() => Promise<void>> {
  expect((await me(person)).status).toBe(200)
  const { memory, kv } = await cachedCopy(person)
  if (!memory || !kv) throw new Error('Nothing was kept.')
  return async () => {
    userCache.putLocal(keyOf(person), memory)
    await env.CACHE.put(keyOf(person), kv)
  }
}
