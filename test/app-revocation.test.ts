import { describe, expect, it } from 'vitest'
import { userCache } from '../src/auth/user-cache.ts'
import { appPasswordOf, path, resetPassword } from './app-passwords.ts'
import { call } from './client.ts'
import { levelOf, warmed } from './copies.ts'
import { admin, linkToken, type Person, password, signedUp } from './people.ts'
import { serve } from './serving.ts'

interface Cause {
  readonly happen: (person: Person, id: number) => Promise<{ readonly status: number } | undefined>
  readonly next: number
  readonly body?: object
}

/** An admin changes a user's account. */
async function manage(person: Person, changes: object) {
  return (await admin('boss')).patch(`/api/admin/users/${person.id}`, changes)
}

/** What ends or changes an app password, and what the next request with it gets. */
const causes: Readonly<Record<string, Cause>> = {
  'its being revoked': { happen: (person, id) => person.delete(`${path}/${id}`), next: 401 },
  'another’s being revoked': {
    happen: async (person) => person.delete(`${path}/${(await appPasswordOf(person, 'dav')).id}`),
    next: 200,
  },
  'a changed role': {
    happen: (person) => manage(person, { role: 'moderator' }),
    next: 200,
    body: { role: 'moderator' },
  },
  'being disabled': { happen: (person) => manage(person, { disabled: true }), next: 401 },
  'a changed username': {
    happen: (person) => person.patch('/api/users/me', { username: 'renamed' }),
    next: 200,
    body: { username: 'renamed' },
  },
  'a changed e-mail': {
    happen: async (person) => {
      const email = `moved-${person.email}`
      await person.post('/api/users/me/email', { email, current_password: password })
      const token = await linkToken(email, 'confirm-email')
      return call('POST', '/api/auth/confirm-email', { json: { token } })
    },
    next: 200,
    body: { email: expect.stringMatching(/^moved-/) },
  },
  'a changed password that ends them': {
    happen: (person) =>
      person.put('/api/users/me/password', {
        current_password: password,
        password: 'a new one, chosen',
        end_app_passwords: true,
      }),
    next: 401,
  },
  'a reset': {
    happen: async (person) => {
      await resetPassword(person.email)
      return undefined
    },
    next: 401,
  },
  'a reset that leaves them': {
    happen: async (person) => {
      await resetPassword(person.email, { end_app_passwords: false })
      return undefined
    },
    next: 200,
  },
  'logging out': { happen: (person) => person.post('/api/auth/logout'), next: 200 },
  deletion: {
    happen: (person) => person.delete('/api/users/me', { json: { current_password: password } }),
    next: 401,
  },
  'deletion by an admin': {
    happen: async (person) => (await admin('boss')).delete(`/api/admin/users/${person.id}`),
    next: 401,
  },
}

describe('what the edge remembers of an app password', () => {
  for (const [cause, { happen, next, body }] of Object.entries(causes)) {
    it(`is not believed at the very next request after ${cause}, however stale every level is`, async () => {
      const ana = await signedUp('ana')
      const app = await appPasswordOf(ana)
      const asApp = () => serve({}, '/api/users/me', { token: app.password })
      const makeStale = await warmed(ana)
      expect(levelOf(await asApp())).toBe('memory')
      const done = await happen(ana, app.id)
      if (done) expect(done.status).toBeLessThan(300)
      for (const clear of [false, true, true]) {
        await makeStale()
        // Another isolate, which has only KV's stale copy.
        if (clear) userCache.clear()
        const answer = await asApp()
        expect(answer.status).toBe(next)
        if (body) expect(await answer.json()).toMatchObject(body)
      }
    })
  }
})
