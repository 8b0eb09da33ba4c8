import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { endSessions } from '../src/auth/session-store.ts'
import { contacts } from '../src/contacts/table.ts'
import { gateOf } from '../src/platform/gate/client.ts'
import { writeAtNewRevision } from '../src/platform/gate/write-at-new-revision.ts'
import { runScheduled } from '../src/schedule.ts'
import { users } from '../src/users/table.ts'
import { database } from './database.ts'
import { apiDocument, operationsOf } from './document.ts'
import { picture, upload } from './pictures.ts'
import { type Asked, cases, formOf, type Newcomer, newcomer, nowhere } from './routes.ts'
import { serve } from './serving.ts'
import { inKv } from './shown-pictures.ts'

const db = database()

/** The guarded routes with a body. */
async function taking() {
  const operations = operationsOf(await apiDocument()).filter(
    ({ requestBody, security }) => requestBody && security?.length,
  )
  const names = new Set(operations.map(({ name }) => name))
  const found = cases.filter(({ route }) => names.has(route))
  expect(new Set(found.map(({ route }) => route))).toEqual(names)
  return found
}

/** Disables the account, as an admin does. */
const disable = ({ id }: Newcomer) =>
  writeAtNewRevision(gateOf(env, `user:${id}`), 1, (revision) =>
    db.update(users).set({ disabled: true, revision }).where(eq(users.id, id)),
  )

const logOut = ({ id, sessionId }: Newcomer) =>
  writeAtNewRevision(gateOf(env, `user:${id}`), 1, (revision) =>
    endSessions(db, id, { only: sessionId }, revision, { kind: 'session-ended', ...nowhere }),
  )

/** What is stored about a user that a request could change. */
async function stored({ id }: Newcomer) {
  const [user] = await db.select().from(users).where(eq(users.id, id))
  const { revision: _, disabled: __, ...rest } = user ?? {}
  return { rest, book: await db.select().from(contacts).where(eq(contacts.owner_id, id)) }
}

/** A request whose second half waits: its length is announced, as a real client does. */
async function sendHalf(method: string, requested: Asked) {
  const { path, json, token = '' } = requested
  const form = formOf(requested)
  const whole = new Response(form ?? JSON.stringify(json))
  const type = form ? (whole.headers.get('Content-Type') ?? '') : 'application/json'
  const bytes = new Uint8Array(await whole.arrayBuffer())
  const half = bytes.length >> 1
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const first = writer.write(bytes.slice(0, half))
  const headers = { 'Content-Type': type, 'Content-Length': String(bytes.length) }
  const answer = serve({}, path, { method, token, body: readable, headers })
  await first
  // Long enough that a service that did not wait for the rest would have admitted it.
  await new Promise((resolve) => setTimeout(resolve, 150))
  const finish = async () => {
    await writer.write(bytes.slice(half))
    await writer.close()
    return answer
  }
  return { finish }
}

/** A store that takes so long to store a picture that something else happens meanwhile. */
const slowly = (happen: () => Promise<unknown>) =>
  new Proxy(env.CACHE, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        if (name === 'put' && String(args[0]).startsWith('avatar:')) await happen()
        return Reflect.apply(method, target, args)
      }
    },
  })

afterEach(() => {
  vi.useRealTimers()
})

describe('a request that is held open', () => {
  it('while the account is disabled writes nothing, whatever it sends', { timeout: 120_000 }, async () => {
    for (const one of await taking()) {
      const ana = await newcomer(one)
      const request = await sendHalf(one.route.split(' ')[0] ?? '', await one.ask(ana))
      const before = await stored(ana)
      await disable(ana)
      const answer = await request.finish()
      expect([answer.status, await answer.text()], one.route).toEqual([401, expect.stringContaining('session-revoked')])
      expect(await stored(ana), one.route).toEqual(before)
    }
  })

  it('and sends the rest while nothing has ended is answered as ever', async () => {
    const ana = await newcomer()
    const { finish } = await sendHalf('PATCH', { path: '/api/users/avatar', picture: true, token: ana.access })
    expect((await finish()).status).toBe(200)
  })

  it('by a stranger is not even read', async () => {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1
          controller.enqueue(new Uint8Array(1000))
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': '5000000' }
    const answer = await serve({}, '/api/users/avatar', { method: 'PATCH', token: 'nobody', body, headers })
    expect([answer.status, pulled]).toEqual([401, 0])
  })

  it('by a store of pictures that takes its time writes nothing, once the session has ended', async () => {
    for (const path of ['/api/users/avatar', '/api/contacts/{id}/avatar']) {
      const ana = await newcomer()
      const before = await stored(ana)
      const CACHE = slowly(() => logOut(ana))
      const answer = await serve({ CACHE }, path.replace('{id}', String(ana.contactId)), {
        method: 'PATCH',
        token: ana.access,
        body: upload(picture('png')),
      })
      expect([answer.status, await answer.text()], path).toEqual([401, expect.stringContaining('session-revoked')])
      expect(await stored(ana), path).toEqual(before)
    }
  })

  it('by such a store while an admin disables the account shows no picture, and keeps none', async () => {
    const root = await newcomer({ role: 'admin' })
    for (const path of ['/api/users/avatar', '/api/contacts/{id}/avatar']) {
      const ana = await newcomer()
      const before = await stored(ana)
      const earlier = new Set(await inKv())
      const newPictures = async () => (await inKv()).filter((name) => !earlier.has(name))
      const CACHE = slowly(async () => {
        const json = { disabled: true }
        const disabled = await serve({}, `/api/admin/users/${ana.id}`, { method: 'PATCH', token: root.access, json })
        expect(disabled.status).toBe(200)
      })
      const answer = await serve({ CACHE }, path.replace('{id}', String(ana.contactId)), {
        method: 'PATCH',
        token: ana.access,
        body: upload(picture('png')),
      })
      expect([answer.status, await answer.text()], path).toEqual([401, expect.stringContaining('session-revoked')])
      // The same response as for any other request of a disabled account.
      expect((await serve({}, '/api/users/me', { token: ana.access })).status).toBe(401)
      const after = await stored(ana)
      expect(after, path).toEqual(before)
      expect(after, path).toMatchObject({ rest: { avatar: null }, book: [{ avatar: null }] })
      // It was stored all the same: the cron job deletes it, once no request can be waiting for it.
      expect(await newPictures(), path).toHaveLength(1)
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 16 * 60_000 })
      await runScheduled('* * * * *', env)
      expect(await newPictures(), path).toEqual([])
      vi.useRealTimers()
    }
  })

  it('to take an export slowly gets no more of it ten seconds after the session has ended', async () => {
    const ana = await newcomer()
    const answer = await serve({}, '/api/users/me/export', { token: ana.access })
    const reader = answer.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
    await logOut(ana)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 })
    const rest = async () => {
      while (!(await reader?.read())?.done);
    }
    await expect(rest()).rejects.toThrow()
  })
})
