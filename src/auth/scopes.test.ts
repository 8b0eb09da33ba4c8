import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { appPasswordOf } from '../../test/app-passwords.ts'
import { apiDocument, call, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { operationsOf } from '../../test/document.ts'
import { guardedRoutes } from '../../test/guards.ts'
import { from, signedUp } from '../../test/people.ts'
import { events } from '../audit/table.ts'
import type { Scope } from './credential.ts'

const db = database()

describe('a scope', () => {
  it('gives access to the routes that the document says; every other is 403 with an explanation', async () => {
    const ana = await signedUp('ana')
    const passwords = new Map<Scope, string>()
    for (const scope of ['dav', 'dav:read', 'feed', 'api', 'api:read'] as const) {
      passwords.set(scope, (await appPasswordOf(ana, scope, scope)).password)
    }
    const operations = new Map(operationsOf(await apiDocument()).map((one) => [one.name, one]))
    const open: string[] = []
    for (const route of await guardedRoutes()) {
      const area: unknown = Reflect.get(operations.get(`${route.method} ${route.template}`) ?? {}, 'x-app-passwords')
      if (area === 'api') open.push(`${route.method} ${route.template}`)
      for (const [scope, password] of passwords) {
        const isOpen = area === 'api' && (scope === 'api' || (scope === 'api:read' && route.method === 'GET'))
        const answer = await call(route.method, route.path(999_999_999), {
          token: password,
          headers: from(ana.address),
        })
        const where = `${route.method} ${route.template} with ${scope}`
        if (isOpen) expect([401, 403], where).not.toContain(answer.status)
        else {
          expect(problemOf(answer), where).toBe('403 not-permitted')
          expect(answer.text, where).toContain(`“${scope}” (${scope})`)
        }
      }
    }
    const others = open.filter((name) => !/ \/api\/(books|contacts|exports|imports|labels|trash)/.test(name))
    expect(others).toEqual(['GET /api/users/me'])
    expect(open.length).toBeGreaterThan(20)
    expect(await db.select().from(events).where(eq(events.user_id, ana.id))).not.toContainEqual(
      expect.objectContaining({ kind: 'session-ended' }),
    )
  }, 60_000)
})
