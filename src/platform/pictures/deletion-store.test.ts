import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { call } from '../../../test/client.ts'
import { database } from '../../../test/database.ts'
import { admin, change, password, signedUp } from '../../../test/people.ts'
import { picture, upload } from '../../../test/pictures.ts'
import { serve } from '../../../test/serving.ts'
import { addressOf, contactOf, give, inKv, look } from '../../../test/shown-pictures.ts'
import { runScheduled } from '../../schedule.ts'
import { pictureDeletions } from './table.ts'

const db = database()
afterEach(() => {
  vi.useRealTimers()
})

const discarded = async () => (await db.select().from(pictureDeletions)).map(({ picture }) => picture)
const sweep = (bindings: object = {}) => runScheduled('* * * * *', { ...env, ...bindings })

describe('a picture that nothing shows any more', () => {
  it('is deleted by the next cron run: replaced, removed, or deleted with its contact and its history', async () => {
    const ana = await signedUp('ana')
    const path = await contactOf(ana)
    const other = await contactOf(ana)
    const [first, second] = [
      addressOf(await give(ana, `${path}/avatar`, picture('png'))),
      addressOf(await give(ana, `${path}/avatar`, picture('gif'))),
    ]
    const third = addressOf(await give(ana, `${other}/avatar`, picture('webp')))
    const mine = addressOf(await give(ana, '/api/users/avatar', picture('jpeg')))
    await sweep()
    const statuses = () => Promise.all([first, second, third, mine].map(async (url) => (await look(url)).status))
    // The contact's history shows the previous one.
    expect(await statuses()).toEqual([200, 200, 200, 200])
    const gone = await ana.delete('/api/users/avatar')
    expect(addressOf(gone)).toContain('/initials/')
    expect((await ana.delete(other)).status).toBe(204)
    expect(addressOf(await ana.delete(`${path}/avatar`))).toContain('/initials/')
    await sweep()
    expect(await statuses()).toEqual([200, 200, 200, 404])
    expect((await ana.delete(path)).status).toBe(204)
    expect((await ana.delete('/api/trash')).status).toBe(204)
    await sweep()
    expect(await statuses()).toEqual([404, 404, 404, 404])
    expect(await discarded()).toEqual([])
  })

  it('is deleted with its account, as are those of its contacts', async () => {
    const [ana, boris, root] = [await signedUp('ana'), await signedUp('boris'), await admin('root')]
    const urls: string[] = []
    for (const person of [ana, boris]) {
      urls.push(addressOf(await give(person, '/api/users/avatar', picture('png'))))
      for (let n = 0; n < 2; n++) {
        urls.push(addressOf(await give(person, `${await contactOf(person)}/avatar`, picture('png'))))
      }
    }
    const remaining = addressOf(await give(root, '/api/users/avatar', picture('png')))
    expect((await ana.delete('/api/users/me', { json: { current_password: password } })).status).toBe(204)
    expect((await root.delete(`/api/admin/users/${boris.id}`)).status).toBe(204)
    await sweep()
    expect(await Promise.all(urls.map(async (url) => (await look(url)).status))).toEqual(Array(6).fill(404))
    expect((await look(remaining)).status).toBe(200)
    expect(await discarded()).toEqual([])
  })

  it('is tried again with back-off while its store fails', async () => {
    const ana = await signedUp('ana')
    await give(ana, '/api/users/avatar', picture('png'))
    await ana.delete('/api/users/avatar')
    const CACHE = new Proxy(env.CACHE, {
      get: (inner, name) =>
        name === 'delete'
          ? () => Promise.reject(new Error('KV is down'))
          : (Reflect.get(inner, name) as () => unknown).bind(inner),
    })
    await sweep({ CACHE })
    await sweep()
    const waiting = await discarded()
    expect(waiting).toHaveLength(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await sweep()
    expect(await discarded()).toEqual([])
    expect(await inKv()).not.toContain(waiting[0]?.replace('kv:', 'avatar:'))
  })

  it('is deleted if the change that would show it failed, and nothing is before then', async () => {
    const ana = await signedUp('ana')
    const url = addressOf(await give(ana, '/api/users/avatar', picture('png')))
    const before = await inKv()
    // The account changes while the picture is being stored, so the request must fail.
    const CACHE = new Proxy(env.CACHE, {
      get: (inner, name) =>
        name === 'put'
          ? async (...args: Parameters<KVNamespace['put']>) => {
              await inner.put(...args)
              if (args[0].startsWith('avatar:')) await change(ana, { username: 'changed' })
            }
          : (Reflect.get(inner, name) as () => unknown).bind(inner),
    })
    const tag = (await ana.get('/api/users/me')).headers.get('ETag') ?? ''
    const answer = await serve({ CACHE }, '/api/users/avatar', {
      method: 'PATCH',
      token: ana.access,
      body: upload(picture('gif')),
      headers: { 'If-Match': tag },
    })
    expect(answer.status).toBe(412)
    expect(await inKv()).toHaveLength(before.length + 1)
    await sweep()
    expect(await inKv()).toHaveLength(before.length + 1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 16 * 60_000 })
    await sweep()
    expect(await inKv()).toEqual(before)
    expect((await look(url)).status).toBe(200)
  })

  it('is 404 if it never existed', async () => {
    for (const path of [
      `/avatars/${'a'.repeat(43)}`,
      '/avatars/health',
      '/avatars/..%2fuser',
      '/avatars/initials/12-QUs.svg',
      '/avatars/initials/1-PGI-.svg',
      '/avatars/initials/1-QUJD.svg',
      '/avatars/initials/1.png',
    ]) {
      expect((await call('GET', path)).status, path).toBe(404)
    }
  })
})

describe('without KV', () => {
  it('a picture is neither stored nor shown, and the response says so', async () => {
    const ana = await signedUp('ana')
    const url = addressOf(await give(ana, '/api/users/avatar', picture('png')))
    const failing = async () => {
      throw new Error('KV is down')
    }
    const CACHE = { get: failing, put: failing, getWithMetadata: failing, delete: failing }
    const displayed = await serve({ CACHE }, new URL(url).pathname)
    expect(displayed.status).toBe(503)
    expect(displayed.headers.get('Retry-After')).toBe('1')
    expect(await displayed.json()).toMatchObject({ code: 'avatar-store-unavailable' })
    const answer = await serve({ CACHE }, '/api/users/avatar', {
      method: 'PATCH',
      token: ana.access,
      body: upload(picture('gif')),
    })
    expect(await answer.json()).toMatchObject({ code: 'avatar-store-unavailable' })
    expect(addressOf(await ana.get('/api/users/me'))).toBe(url)
  })
})
