import { and, eq } from 'drizzle-orm'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { eventsOf, kindsOf, refresh } from '../../test/accounts.ts'
import { call, problemOf, read } from '../../test/client.ts'
import { database, execute } from '../../test/database.ts'
import { freshAddress, from, linkToken, type Person, password, signedUp } from '../../test/people.ts'
import { sessions } from './table.ts'

const db = database()
const tokens = z.object({ access_token: z.string(), refresh_token: z.string() })

/** The two hundredth character has two units, so cutting by units would leave half of it. */
const stored = `${'a'.repeat(199)}😀`
const sent = `${stored}${'b'.repeat(50)}`

const send = (path: string, json: object) =>
  call('POST', `/api/auth/${path}`, { json, headers: { ...from(freshAddress()), 'User-Agent': sent } })

/** Refreshes twice, then uses the first token again, as a thief or their victim would. */
async function replay(ana: Person) {
  const second = read(tokens, await refresh(ana.refresh))
  const third = read(tokens, await refresh(second.refresh_token))
  return { third, answer: await send('refresh', { refresh_token: ana.refresh }) }
}

async function isOver(ana: Person, { access_token, refresh_token }: z.infer<typeof tokens>): Promise<void> {
  expect(problemOf(await call('GET', '/api/users/me', { token: access_token }))).toBe('401 session-revoked')
  expect(problemOf(await refresh(refresh_token))).toBe('401 session-revoked')
  const [session = ''] = ana.refresh.split('.')
  const left = and(eq(sessions.user_id, ana.id), eq(sessions.id, Number(session)))
  expect(await db.select().from(sessions).where(left)).toEqual([])
}

describe('a User-Agent of more than two hundred characters', () => {
  it('is cut to whole characters, and prevents nothing from being done or recorded', async () => {
    const ana = await signedUp('ana')
    expect(problemOf(await send('login', { email: ana.email, password: 'not the password' }))).toBe(
      '401 invalid-credentials',
    )
    expect((await send('login', { email: ana.email, password })).status).toBe(200)
    expect((await send('request-password-reset-email', { email: ana.email })).status).toBe(202)
    expect(await linkToken(ana.email, 'reset-password')).toBeTruthy()
    await vi.waitFor(async () => {
      const seen = (await eventsOf(ana)).filter(({ device }) => device === stored).map(({ kind }) => kind)
      expect(seen.toSorted()).toEqual(['logged-in', 'login-failed', 'reset-requested'])
    })
    expect((await ana.get('/api/auth/sessions')).text).toContain(`"${stored}"`)
  })

  it('does not keep a session active when an old refresh token is replayed', async () => {
    const ana = await signedUp('ana')
    const { third, answer } = await replay(ana)
    expect(problemOf(answer)).toBe('401 session-revoked')
    await isOver(ana, third)
    const again = await ana.login()
    const [theft] = (
      await eventsOf({ ...ana, ...again, get: (path) => call('GET', path, { token: again.access }) })
    ).filter(({ kind }) => kind === 'refresh-token-stolen')
    expect(theft?.device).toBe(stored)
  })
})

describe('a theft whose event cannot be written', () => {
  it('ends the session all the same', async () => {
    const ana = await signedUp('ana')
    await execute(
      `CREATE TRIGGER no_events BEFORE INSERT ON events WHEN NEW.user_id = ${ana.id} BEGIN SELECT RAISE(ABORT, 'no room for events'); END`,
    )
    onTestFinished(() => execute('DROP TRIGGER IF EXISTS no_events'))
    const { third, answer } = await replay(ana)
    expect(problemOf(answer)).toBe('401 session-revoked')
    await isOver(ana, third)
    await execute('DROP TRIGGER no_events')
    expect(
      await kindsOf({ ...ana, get: async (path) => call('GET', path, { token: (await ana.login()).access }) }),
    ).not.toContain('refresh-token-stolen')
  })
})
