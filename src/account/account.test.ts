import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { askForReset, changePassword, eventList, eventsOf, fresh, kindsOf, login } from '../../test/accounts.ts'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { confirmationToken, freshEmail, linkToken, type Person, password, signedUp } from '../../test/people.ts'
import { events } from '../audit/table.ts'
import { runScheduled } from '../schedule.ts'
import { users } from '../users/table.ts'

const db = database()

describe('the events of an account', () => {
  it('list what happened, newest first', async () => {
    const ana = await signedUp('ana')
    expect(await kindsOf(ana)).toEqual(['logged-in', 'email-confirmed', 'signed-up'])
    expect(problemOf(await login(ana.email, 'not the password'))).toBe('401 invalid-credentials')
    await vi.waitFor(async () => expect((await kindsOf(ana))[0]).toBe('login-failed'))
    await ana.login()
    expect((await changePassword(ana, fresh)).status).toBe(204)
    await askForReset(ana.email)
    await vi.waitFor(async () => expect((await kindsOf(ana))[0]).toBe('reset-requested'))
    await login(ana.email, fresh)
    expect((await ana.delete('/api/auth/sessions')).status).toBe(204)
    expect(await kindsOf(ana)).toEqual([
      'session-ended',
      'logged-in',
      'reset-requested',
      'password-changed',
      'logged-in',
      'login-failed',
      'logged-in',
      'email-confirmed',
      'signed-up',
    ])
    const list = await eventsOf(ana)
    expect(list.find(({ kind }) => kind === 'signed-up')?.address).toBe(ana.address)
    // The failed login came from another address, and the owner sees that address.
    expect(list.find(({ kind }) => kind === 'login-failed')?.address).not.toBe(ana.address)
  })

  it('are listed in pages, each event once', async () => {
    const ana = await signedUp('ana')
    for (let n = 0; n < 4; n++) await ana.login()
    const all = await ana.get('/api/users/me/events?limit=100')
    expect(all.headers.get('Link')).toBeNull()
    expect(read(eventList, all)).toHaveLength(7)
    const found: z.infer<typeof eventList> = []
    let path: string | undefined = '/api/users/me/events?limit=3&total=true'
    let pages = 0
    while (path) {
      const page: Awaited<ReturnType<Person['get']>> = await ana.get(path)
      found.push(...read(eventList, page))
      expect(page.headers.get('X-Total-Count')).toBe(pages === 0 ? '7' : '8')
      path = page.headers.get('Link')?.match(/^<https:\/\/vizitka\.test([^>]+)>; rel="next"$/)?.[1]
      // New events do not shift the pages.
      if (pages === 0) await ana.login()
      pages += 1
    }
    expect(pages).toBe(3)
    expect(found).toEqual(all.body)
    expect(read(eventList, await ana.get('/api/users/me/events?limit=2&skip=6'))).toEqual(found.slice(5))
  })

  it('refuse an invalid page', async () => {
    const ana = await signedUp('ana')
    await ana.post('/api/contacts', { first_name: 'One' })
    await ana.post('/api/contacts', { first_name: 'Two' })
    const cursor = (await ana.get('/api/contacts?limit=1')).headers.get('Link')?.match(/cursor=([^&>]+)/)?.[1]
    expect(pointersOf(await ana.get(`/api/users/me/events?cursor=${cursor}`))).toEqual(['query/cursor'])
    expect(pointersOf(await ana.get('/api/users/me/events?limit=0'))).toEqual(['query/limit'])
    expect(pointersOf(await ana.get('/api/users/me/events?kind=logged-in'))).toEqual(['query/kind'])
  })

  it('are visible only to the owner', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const theirs = await eventsOf(boris)
    for (const event of await eventsOf(ana)) expect(theirs).not.toContainEqual(event)
    // Another user's cursor gives no access.
    const link = (await ana.get('/api/users/me/events?limit=1')).headers.get('Link')?.match(/cursor=([^&>]+)/)?.[1]
    const page = read(eventList, await boris.get(`/api/users/me/events?cursor=${link}`))
    for (const event of page) expect(theirs).toContainEqual(event)
  })

  it('are numbered for each account: events of other accounts do not change one’s own numbers', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const before = (await eventsOf(ana)).map(({ id }) => id)
    expect(before).toEqual(before.map((_, at) => before.length - at))
    for (let times = 0; times < 3; times++) await login(boris.email, 'a password typed wrong')
    await askForReset(boris.email)
    await vi.waitFor(async () => {
      const kinds = await kindsOf(boris)
      expect(kinds.filter((kind) => kind === 'login-failed')).toHaveLength(3)
      expect(kinds).toContain('reset-requested')
    })
    await ana.login()
    expect((await eventsOf(ana)).map(({ id }) => id)).toEqual([before.length + 1, ...before])
    const { text } = await ana.get('/api/users/me/export')
    const exported = z.object({ events: z.array(z.looseObject({ id: z.number() })) }).parse(JSON.parse(text))
    expect(exported.events.map(({ id }) => id)).toEqual([...before.toReversed(), before.length + 1])
  })

  it('contain no password, token or e-mail', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    await login(ana.email, 'a password typed wrong')
    await askForReset(ana.email)
    const reset = await linkToken(ana.email, 'reset-password')
    await ana.post('/api/users/me/email', { email: target, current_password: password })
    const move = await confirmationToken(target)
    await call('POST', '/api/auth/confirm-email', { json: { token: move } })
    expect((await changePassword(ana, fresh)).status).toBe(204)
    await vi.waitFor(async () => expect(await kindsOf(ana)).toContain('login-failed'))
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    const rows = await db.select().from(events).where(eq(events.user_id, ana.id))
    expect(rows.length).toBeGreaterThanOrEqual(7)
    const text = JSON.stringify(rows)
    const secrets = [password, fresh, 'a password typed wrong', ana.access, ana.refresh, reset, move]
    for (const secret of [...secrets, row?.password_hash ?? '', ana.email, target]) expect(text).not.toContain(secret)
  })

  it('are stored for 180 days', async () => {
    const ana = await signedUp('ana')
    const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    await db.delete(events).where(eq(events.user_id, ana.id))
    await db.insert(events).values([
      { user_id: ana.id, kind: 'logged-in', detail: 'old', created_at: at(180.01) },
      { user_id: ana.id, kind: 'logged-in', detail: 'young', created_at: at(179.99) },
      // Of a deleted account.
      { user_id: ana.id + 1_000_000, kind: 'deleted', created_at: at(181) },
    ])
    await runScheduled('17 * * * *', env)
    expect(await eventsOf(ana)).toMatchObject([{ detail: 'young' }])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 0.02 * 86_400_000 })
    try {
      await runScheduled('17 * * * *', env)
    } finally {
      vi.useRealTimers()
    }
    expect(await db.select().from(events).where(eq(events.user_id, ana.id))).toEqual([])
    expect(await db.select().from(events).where(eq(events.kind, 'deleted'))).toEqual([])
  })
})
