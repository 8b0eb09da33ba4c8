import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { call, problemOf, read } from './client.ts'
import { badCredentials, guardedRoutes } from './guards.ts'
import { from, type Person, signedUp } from './people.ts'
import { picture, upload } from './pictures.ts'

let ana: Person
let boris: Person
let contactId: number

beforeAll(async () => {
  ana = await signedUp('ana')
  boris = await signedUp('boris')
  contactId = read(z.looseObject({ id: z.number() }), await ana.post('/api/contacts', { first_name: 'Олена' })).id
})

/** A valid body for each guarded route. */
const bodies: Record<string, unknown> = {
  'POST /api/contacts': { first_name: 'Never' },
  'PUT /api/contacts/{id}': { first_name: 'Never' },
  'PATCH /api/contacts/{id}': { first_name: 'Never' },
  'PATCH /api/contacts/{id}/favorite': { favorite: true },
  'PATCH /api/users/me': { username: 'Never' },
}

describe('every guarded route', () => {
  it('is covered, as many as the document has', async () => {
    expect((await guardedRoutes()).length).toBeGreaterThanOrEqual(11)
  })

  it('refuses an invalid access token with a 401 problem that says how to authenticate', async () => {
    const credentials = await badCredentials(ana)
    for (const route of await guardedRoutes()) {
      for (const [what, authorization] of Object.entries(credentials)) {
        const json = bodies[`${route.method} ${route.template.replace(/\/$/, '')}`]
        const answer = await call(route.method, route.path(contactId), {
          ...(json === undefined ? {} : { json }),
          headers: { ...from(ana.address), ...(authorization === undefined ? {} : { Authorization: authorization }) },
        })
        expect(answer.status, `${route.method} ${route.template} with ${what}`).toBe(401)
        expect(problemOf(answer)).toMatch(/^401 (not-signed-in|invalid-token|token-expired|session-revoked)$/)
        const challenge = answer.headers.get('WWW-Authenticate')
        // Without a bearer token, the response must not say that the token is wrong (RFC 6750, section 3.1).
        if (/^bearer( |$)/i.test(authorization ?? '')) expect(challenge, what).toMatch(/^Bearer error="invalid_token"/)
        else expect([challenge, problemOf(answer)], what).toEqual(['Bearer', '401 not-signed-in'])
      }
    }
  })

  it('hides a contact from everyone but its owner', async () => {
    const ofOne = (await guardedRoutes()).filter(({ template }) => /^\/api\/contacts\/\{id\}/.test(template))
    expect(ofOne.length).toBeGreaterThanOrEqual(5)
    for (const route of ofOne) {
      const json = bodies[`${route.method} ${route.template}`]
      const ofPicture = route.method === 'PATCH' && route.template.endsWith('/avatar')
      const options = () => ({
        token: boris.access,
        headers: from(boris.address),
        ...(json === undefined ? {} : { json }),
        ...(ofPicture ? { raw: upload(picture('png')) } : {}),
      })
      const another = await call(route.method, route.path(contactId), options())
      expect(problemOf(another), `${route.method} ${route.template}`).toBe('404 not-found')
      const absent = await call(route.method, route.path(987_654_321), options())
      // Another user's contact looks like one that does not exist.
      expect({ ...(another.body as object), request_id: '' }).toEqual({ ...(absent.body as object), request_id: '' })
    }
    expect(
      read(
        z.looseObject({ full_name: z.string(), favorite: z.boolean() }),
        await ana.get(`/api/contacts/${contactId}`),
      ),
    ).toMatchObject({ full_name: 'Олена', favorite: false })
    expect((await boris.get('/api/contacts')).body).toEqual([])
  })
})
