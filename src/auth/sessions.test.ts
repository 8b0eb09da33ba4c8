import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { freshAddress, from, type Person, password, signedUp, type Tokens } from '../../test/people.ts'
import { sessions } from './table.ts'
import { userCache } from './user-cache.ts'

const db = database()
const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() })
const sessionList = z.array(
  z.strictObject({
    id: z.number(),
    device: z.string().nullable(),
    address: z.string().nullable(),
    created_at: z.string(),
    last_used_at: z.string(),
    current: z.boolean(),
  }),
)
const listOf = async (person: Person, token = person.access) =>
  read(sessionList, await person.get('/api/auth/sessions', { token }))
const me = (token: string) => call('GET', '/api/users/me', { token })
const refresh = (refresh_token: string, address = freshAddress()) =>
  call('POST', '/api/auth/refresh', { json: { refresh_token }, headers: from(address) })

/** Logs in from another device. */
async function loginWith(person: Person, device: string, address = freshAddress()): Promise<Tokens & { id: number }> {
  const answer = await call('POST', '/api/auth/login', {
    json: { email: person.email, password },
    headers: { ...from(address), 'User-Agent': device },
  })
  const { access_token, refresh_token } = read(tokensSchema, answer)
  const [own] = (await listOf(person, access_token)).filter(({ current }) => current)
  return { access: access_token, refresh: refresh_token, id: own?.id ?? 0 }
}

/** Both tokens of a session are refused, in every state of the caches. */
async function isOver({ access, refresh: token }: Tokens): Promise<void> {
  expect(problemOf(await me(access))).toBe('401 session-revoked')
  expect(problemOf(await refresh(token))).toBe('401 session-revoked')
}

describe('the list of sessions', () => {
  it('shows device, address and times of each session, and which one is the request’s own', async () => {
    const ana = await signedUp('ana')
    const before = Date.now()
    const address = freshAddress()
    const phone = await loginWith(ana, 'Phone/1.0', address)
    const answer = await ana.get('/api/auth/sessions', { token: phone.access })
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache')
    expect(answer.text).not.toMatch(/generation|hash|user_id/)
    const [first, second] = read(sessionList, answer)
    expect(first).toMatchObject({ id: phone.id, device: 'Phone/1.0', address, current: true })
    expect(first?.last_used_at).toBe(first?.created_at)
    expect(Math.abs(Date.parse(first?.created_at ?? '') - before)).toBeLessThan(10_000)
    expect(second).toMatchObject({ address: ana.address, current: false })
    // The other session sees the same two, with itself as the current one.
    expect((await listOf(ana)).map(({ id, current }) => [id, current])).toEqual([
      [phone.id, false],
      [second?.id, true],
    ])
  })

  it('contains only one’s own sessions, and at most 200 characters of a device', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    await loginWith(ana, `Long/${'x'.repeat(500)}`)
    const [long] = await listOf(ana)
    expect(long?.device).toHaveLength(200)
    expect(await listOf(boris)).toHaveLength(1)
  })

  it('moves a session up, with time and address, when its tokens are refreshed', async () => {
    const ana = await signedUp('ana')
    const phone = await loginWith(ana, 'Phone/1.0')
    const [was] = (await listOf(ana)).filter(({ current }) => current)
    expect((await listOf(ana))[0]?.id).toBe(phone.id)
    const elsewhere = freshAddress()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3600_000 })
    try {
      expect((await refresh(ana.refresh, elsewhere)).status).toBe(200)
    } finally {
      vi.useRealTimers()
    }
    const [first, second] = await listOf(ana)
    expect(first).toMatchObject({ id: was?.id, address: elsewhere, created_at: was?.created_at, current: true })
    expect(Date.parse(first?.last_used_at ?? '') - Date.parse(was?.last_used_at ?? '')).toBeGreaterThanOrEqual(3600_000)
    expect(second?.id).toBe(phone.id)
  })

  it('leaves out sessions that are too old to be refreshed', async () => {
    const ana = await signedUp('ana')
    const phone = await loginWith(ana, 'Phone/1.0')
    const old = new Date(Date.now() - 7 * 86_400_000 - 1000).toISOString()
    await db.update(sessions).set({ rotated_at: old }).where(eq(sessions.id, phone.id))
    expect((await listOf(ana)).map(({ id }) => id)).not.toContain(phone.id)
  })
})

describe('ending a session', () => {
  it('refuses its tokens at once, but not those of other sessions', async () => {
    const ana = await signedUp('ana')
    const [phone, tablet] = [await loginWith(ana, 'Phone/1.0'), await loginWith(ana, 'Tablet/1.0')]
    for (const { access } of [phone, tablet]) expect((await me(access)).status).toBe(200)
    const ended = await ana.delete(`/api/auth/sessions/${phone.id}`)
    expect([ended.status, ended.text]).toEqual([204, ''])
    await isOver(phone)
    expect((await me(tablet.access)).status).toBe(200)
    expect((await listOf(ana)).map(({ id }) => id)).not.toContain(phone.id)
    // Whatever KV has.
    userCache.clear()
    expect((await me(phone.access)).status).toBe(401)
  })

  it('works for the session of the request itself', async () => {
    const ana = await signedUp('ana')
    const [own] = await listOf(ana)
    expect((await ana.delete(`/api/auth/sessions/${own?.id}`)).status).toBe(204)
    await isOver(ana)
  })

  it('is 404 for one that has ended, for an invalid id, and for another user’s, which stays active', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const phone = await loginWith(ana, 'Phone/1.0')
    expect((await ana.delete(`/api/auth/sessions/${phone.id}`)).status).toBe(204)
    const [theirs] = await listOf(boris)
    const refusals = []
    for (const id of [phone.id, theirs?.id, 987_654_321, 0, '1e3', 'x']) {
      const answer = await ana.delete(`/api/auth/sessions/${id}`)
      expect(problemOf(answer), String(id)).toBe('404 not-found')
      refusals.push({ ...(answer.body as object), request_id: '' })
    }
    // Another user's session looks like one that never existed.
    expect(refusals[1]).toEqual(refusals[2])
    expect((await me(boris.access)).status).toBe(200)
    expect((await refresh(boris.refresh)).status).toBe(200)
    // Nothing is recorded for either user, because nothing happened.
    for (const [person, count] of [[ana, 1] as const, [boris, 0] as const]) {
      const { text } = await person.get('/api/users/me/events')
      expect(text.match(/session-ended/g) ?? []).toHaveLength(count)
    }
  })

  it('ends all others, or none where there are none', async () => {
    const ana = await signedUp('ana')
    const others = [await loginWith(ana, 'Phone/1.0'), await loginWith(ana, 'Tablet/1.0')]
    const boris = await signedUp('boris')
    expect((await ana.delete('/api/auth/sessions')).status).toBe(204)
    for (const other of others) await isOver(other)
    expect((await listOf(ana)).map(({ current }) => current)).toEqual([true])
    expect((await refresh(ana.refresh)).status).toBe(200)
    expect((await me(boris.access)).status).toBe(200)
    expect((await ana.delete('/api/auth/sessions/')).status).toBe(204)
    expect((await me(ana.access)).status).toBe(200)
  })

  it('when two sessions end each other at once, leaves at most one, with no response but 204 and 401', async () => {
    for (let round = 0; round < 3; round++) {
      const ana = await signedUp('ana')
      const other = await loginWith(ana, 'Phone/1.0')
      const answers = await Promise.all(
        [ana.access, other.access].map((token) => ana.delete('/api/auth/sessions', { token })),
      )
      for (const { status } of answers) expect([204, 401]).toContain(status)
      const left = await db.select().from(sessions).where(eq(sessions.user_id, ana.id))
      expect(left.length).toBeLessThanOrEqual(1)
      for (const [n, { access }] of [ana, other].entries()) {
        if (answers[n]?.status === 401) expect((await me(access)).status).toBe(401)
      }
    }
  })

  it('wins over a simultaneous refresh: none of its tokens is valid afterwards', async () => {
    for (let round = 0; round < 3; round++) {
      const ana = await signedUp('ana')
      const phone = await loginWith(ana, 'Phone/1.0')
      const [renewed, ended] = await Promise.all([refresh(phone.refresh), ana.delete(`/api/auth/sessions/${phone.id}`)])
      expect(ended.status).toBe(204)
      expect([200, 401]).toContain(renewed.status)
      if (renewed.status === 200) {
        const { access_token, refresh_token } = read(tokensSchema, renewed)
        await isOver({ access: access_token, refresh: refresh_token })
      }
      const left = await db
        .select()
        .from(sessions)
        .where(and(eq(sessions.user_id, ana.id), eq(sessions.id, phone.id)))
      expect(left).toEqual([])
    }
  })

  it('leaves KV and gate in agreement at the next request', async () => {
    const ana = await signedUp('ana')
    await loginWith(ana, 'Phone/1.0')
    expect((await ana.delete('/api/auth/sessions')).status).toBe(204)
    await ana.get('/api/users/me')
    await vi.waitFor(async () => {
      const remaining = z
        .looseObject({ sessions: z.array(z.number()) })
        .parse(JSON.parse((await env.CACHE.get(`user:${ana.id}`)) ?? '{}'))
      expect(remaining.sessions).toHaveLength(1)
    })
    const again = await ana.get('/api/users/me')
    expect(again.headers.get('Server-Timing')).toContain('desc="memory"')
  })
})

describe('a refresh token', () => {
  it('needs no body if sent as a bearer token: no body, no bytes of any media type, null and an empty text all count as absent', async () => {
    const ana = await signedUp('ana')
    const bodies: [body: string | undefined, type: string | undefined][] = [
      [undefined, undefined],
      ['', undefined],
      // The media types that axios and `curl -d ''` send.
      ['', 'application/x-www-form-urlencoded'],
      ['', 'application/json'],
      ['{}', 'application/json'],
      ['{"refresh_token":null}', 'application/json'],
      ['{"refresh_token":""}', 'application/json'],
    ]
    for (const [raw, type] of bodies) {
      const answer = await call('POST', '/api/auth/refresh', {
        token: (await ana.login()).refresh,
        ...(raw === undefined ? {} : { raw: new TextEncoder().encode(raw) }),
        headers: { ...from(ana.address), ...(type === undefined ? {} : { 'Content-Type': type }) },
      })
      expect(answer.status, `${raw} ${type} ${answer.text}`).toBe(200)
    }
    for (const json of [{}, { refresh_token: null }, { refresh_token: '' }]) {
      expect(pointersOf(await call('POST', '/api/auth/refresh', { json }))).toEqual(['/refresh_token'])
    }
  })
})
