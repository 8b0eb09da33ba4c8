import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { call } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { database } from '../../test/database.ts'
import { change, freshAddress, from, signedUp } from '../../test/people.ts'
import { issueUnsubscribeToken } from '../auth/tokens.ts'
import { configuration } from '../config.ts'
import { outboxRow } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'
import { digestKind } from './letter-kinds.ts'
import { queueDigests } from './queue-digests.ts'

const db = database()
const config = configuration(env)
const saturday = new Date('2026-11-28T06:00:30.000Z')
const due = '2026-11-28T06:00:00.000Z'

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

const lettersOf = (id: number) =>
  db
    .select()
    .from(outbox)
    .where(and(eq(outbox.user_id, id), eq(outbox.kind, digestKind)))

/** A person for whom a letter about birthdays waits to be sent. */
async function awaiting(created_at: string) {
  const person = await signedUp('ana')
  await person.patch('/api/users/me', { birthday_digest: 'daily' })
  const letter = { kind: digestKind, to: person.email, subject: 'Birthdays today', text: 'x', html: 'x' }
  const row = outboxRow({ ...letter, unsubscribeUrl: 'https://vizitka.test/unsubscribe/1.x' }, person.id)
  await db.insert(outbox).values({ ...row, due_at: hoursAgo(-1), created_at })
  return person
}

describe('a letter about birthdays that waits to be sent', () => {
  it('is not sent once its day is over', async () => {
    const [late, recent] = [await awaiting(hoursAgo(24.1)), await awaiting(hoursAgo(23.9))]
    await queueDigests({ db, config }, saturday)
    expect(await lettersOf(late.id)).toMatchObject([
      { due_at: null, text: null, html: null, unsubscribe_url: null, sent_at: null, failed_at: expect.any(String) },
    ])
    expect(await lettersOf(recent.id)).toMatchObject([{ text: 'x', failed_at: null }])
  })

  it('is deleted when its reader ends such letters, in the account or by a link', async () => {
    const settings = await awaiting(hoursAgo(1))
    await settings.patch('/api/users/me', { birthday_digest: 'weekly' })
    expect(await lettersOf(settings.id)).toHaveLength(1)
    await settings.patch('/api/users/me', { birthday_digest: null })
    expect(await lettersOf(settings.id)).toEqual([])
    const link = await awaiting(hoursAgo(1))
    const url = `/unsubscribe/${issueUnsubscribeToken(link.id, config)}`
    const oneClick = { ...from(freshAddress()), 'Content-Type': 'application/x-www-form-urlencoded' }
    expect((await call('POST', url, { headers: oneClick, raw: 'List-Unsubscribe=One-Click' })).status).toBe(200)
    expect(await lettersOf(link.id)).toEqual([])
  })

  it('is not queued where there is no mail server, and the next one moves on', async () => {
    const ana = await signedUp('ana')
    await add(ana, { first_name: 'Today', birthday: '--11-28' })
    await change(ana, { birthday_digest: 'daily', tz: 'Europe/Kyiv', next_digest_at: due })
    await queueDigests({ db, config: { ...config, SMTP_HOST: undefined } }, saturday)
    expect(await lettersOf(ana.id)).toEqual([])
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    expect(row?.next_digest_at).toBe('2026-11-29T06:00:00.000Z')
  })
})
