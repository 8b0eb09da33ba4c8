import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { pointersOf } from '../../test/client.ts'
import { database, errorOf } from '../../test/database.ts'
import { change, type Person, signedUp } from '../../test/people.ts'
import { isStaleRevision } from '../platform/db/errors.ts'
import { users } from '../users/table.ts'

const db = database()
const due = '2026-11-28T06:00:00.000Z'

const rowOf = async ({ id }: Person) => {
  const [row] = await db.select().from(users).where(eq(users.id, id))
  if (!row) throw new Error('The account is gone.')
  return row
}

describe('the settings of letters about birthdays', () => {
  it('are off at first, and are shown and changed with the account', async () => {
    const ana = await signedUp('ana')
    const first = await ana.get('/api/users/me')
    expect(first.body).toMatchObject({ birthday_digest: null, tz: 'UTC', leap_day: 'mar1' })
    const settings = { birthday_digest: 'weekly', tz: 'Europe/Kyiv', leap_day: 'feb28' }
    expect((await ana.patch('/api/users/me', settings)).body).toMatchObject(settings)
    const second = await ana.get('/api/users/me')
    expect(second.body).toMatchObject(settings)
    expect(second.headers.get('ETag')).not.toBe(first.headers.get('ETag'))
    expect((await ana.patch('/api/users/me', { username: 'Anna' })).body).toMatchObject(settings)
    expect((await ana.get('/api/users/me/export')).body).toMatchObject({ account: settings })
  })

  it('are refused where they are none', async () => {
    const ana = await signedUp('ana')
    for (const [field, values] of Object.entries({
      birthday_digest: ['monthly', '', 1],
      tz: ['Europe/Kyjiw', '+02:00', '', null, 'Kyiv'.repeat(9)],
      leap_day: ['feb29', null],
    })) {
      for (const value of values) {
        expect(pointersOf(await ana.patch('/api/users/me', { [field]: value })), `${value}`).toEqual([`/${field}`])
      }
    }
    expect(await rowOf(ana)).toMatchObject({ birthday_digest: null, tz: 'UTC', next_digest_at: null })
  })

  it('move the next letter to the next 08:00 of the time zone, in the same write', async () => {
    const ana = await signedUp('ana')
    const nextOf = async () => (await rowOf(ana)).next_digest_at
    const hourIn = (at: string | null, timeZone: string) =>
      new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' }).format(new Date(at ?? 0))
    await ana.patch('/api/users/me', { tz: 'America/New_York' })
    expect(await nextOf()).toBeNull()
    await ana.patch('/api/users/me', { birthday_digest: 'daily' })
    const first = await nextOf()
    expect(hourIn(first, 'America/New_York')).toBe('08:00')
    expect(Date.parse(first ?? '') - Date.now()).toBeLessThan(25 * 3_600_000)
    expect(Date.parse(first ?? '')).toBeGreaterThan(Date.now())
    await ana.patch('/api/users/me', { tz: 'Asia/Kathmandu' })
    expect(hourIn(await nextOf(), 'Asia/Kathmandu')).toBe('08:00')
    // What does not concern the letters leaves the next one, even if it is due and not yet queued.
    await db.update(users).set({ next_digest_at: due }).where(eq(users.id, ana.id))
    await ana.patch('/api/users/me', { birthday_digest: 'daily', tz: 'Asia/Kathmandu', leap_day: 'feb28' })
    expect(await nextOf()).toBe(due)
    await ana.patch('/api/users/me', { birthday_digest: null })
    expect(await nextOf()).toBeNull()
  })

  it('agree with the next letter, though two changes come at once', async () => {
    const ana = await signedUp('ana')
    for (let round = 0; round < 3; round++) {
      await ana.patch('/api/users/me', { birthday_digest: null, tz: 'UTC' })
      await Promise.all([
        ana.patch('/api/users/me', { birthday_digest: 'daily' }),
        ana.patch('/api/users/me', { tz: 'Asia/Kathmandu' }),
      ])
      const { birthday_digest, tz, next_digest_at } = await rowOf(ana)
      const minutes = next_digest_at?.replace(/.*T(\d\d:\d\d).*/, '$1')
      const expected = birthday_digest === null ? undefined : tz === 'UTC' ? '08:00' : '02:15'
      expect(minutes).toBe(expected)
    }
  })

  it('never change without a new revision, because cached copies of the account contain them', async () => {
    const ana = await signedUp('ana')
    for (const set of [{ birthday_digest: 'daily' }, { tz: 'Europe/Kyiv' }, { leap_day: 'feb28' }] as const) {
      const refused = await errorOf(Promise.resolve(db.update(users).set(set).where(eq(users.id, ana.id))))
      expect(isStaleRevision(refused)).toBe(true)
    }
  })

  it('are not seen by admins', async () => {
    const ana = await signedUp('ana')
    await ana.patch('/api/users/me', { birthday_digest: 'daily', tz: 'Europe/Kyiv' })
    await change(ana, { role: 'admin' })
    const { text } = await ana.get('/api/admin/users?limit=5')
    expect(text).not.toMatch(/birthday_digest|Kyiv|leap_day/)
  })
})
