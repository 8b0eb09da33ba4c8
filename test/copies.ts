/** What the edge holds of a person, and putting it back when it is no longer right. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { userCache } from '../src/auth/user-cache.ts'
import type { Person } from './people.ts'
import { serve } from './serving.ts'

export const keyOf = (person: Person): string => `user:${person.id}`
export const me = (person: Person, bindings: object = {}) => serve(bindings, '/api/users/me', { token: person.access })
export const levelOf = (response: Response) =>
  response.headers.get('Server-Timing')?.match(/cache;dur=[\d.]+;desc="(\w+)"/)?.[1]

/** What this isolate and KV hold of a person. */
export async function cachedCopy(person: Person) {
  return { memory: userCache.getLocal(keyOf(person)), kv: await env.CACHE.get(keyOf(person)) }
}

/**
 * Fills every level with the copy that is right at this moment, and returns a way to put it back later: deliberately
 * stale.
 */
export async function warmed(person: Person): Promise<() => Promise<void>> {
  expect((await me(person)).status).toBe(200)
  const { memory, kv } = await cachedCopy(person)
  if (!memory || !kv) throw new Error('Nothing was kept.')
  return async () => {
    userCache.putLocal(keyOf(person), memory)
    await env.CACHE.put(keyOf(person), kv)
  }
}
