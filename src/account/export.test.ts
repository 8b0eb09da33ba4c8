import { asc, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { call, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  awaitLetters,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { emailTokens } from '../auth/table.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'
import { exportSchema } from './schema.ts'

const db = database()
const path = '/api/users/me/export'

/** Text that JSON, SQL or HTML could mishandle. */
const odd = [
  { first_name: '"Quoted" \\ back\\slash', last_name: "O'Neil; DROP TABLE contacts; --", additional: 'a\n\tb' },
  { first_name: 'Їжак', last_name: '日本 👩‍👩‍👧', additional: '</script>\u2028\u2029<script>\u{10FFFF}' },
  { last_name: '],"contacts":[', email: 'a+b@example.com', phone: '+380 (44) 123-45/67', birthday: '--02-29' },
  { first_name: 'null', birthday: '1918-04-03', favorite: true },
]

/** A user with rows in every table, whose letters have been sent. */
async function existing(name: string): Promise<Person> {
  const person = await signedUp(name)
  for (const contact of odd) expect((await person.post('/api/contacts', contact)).status).toBe(201)
  await call('POST', '/api/auth/login', {
    json: { email: person.email, password },
    headers: { ...from(freshAddress()), 'User-Agent': `Odd "agent" \\ <b>of ${name}</b>` },
  })
  await call('POST', '/api/auth/login', {
    json: { email: person.email, password: 'wrong' },
    headers: from('192.0.2.9'),
  })
  await call('POST', '/api/auth/request-password-reset-email', { json: { email: person.email } })
  expect((await person.patch('/api/users/me', { locale: 'uk' })).status).toBe(200)
  await linkToken(person.email, 'reset-password')
  await vi.waitFor(async () => {
    expect((await person.get('/api/users/me/events')).text).toContain('login-failed')
    const letters = await db.select().from(outbox).where(eq(outbox.user_id, person.id))
    expect(letters.map(({ sent_at }) => sent_at !== null)).toEqual([true, true])
  })
  return person
}

const stored = z.looseObject({ id: z.number() })

describe('the export', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await existing('ana')
    boris = await existing('boris')
  })

  it('is one JSON file that no cache stores', async () => {
    const answer = await ana.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="vizitka-export.json"')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.text.endsWith('}\n')).toBe(true)
    expect(() => exportSchema.parse(answer.body)).not.toThrow()
  })

  it('contains the same data as the other routes', async () => {
    const all = read(exportSchema, await ana.get(path))
    expect(Math.abs(Date.parse(all.exported_at) - Date.now())).toBeLessThan(10_000)
    const { locale, confirmed_at, ...me } = all.account
    expect(me).toEqual((await ana.get('/api/users/me')).body)
    expect([locale, Date.parse(confirmed_at ?? '') > 0]).toEqual(['uk', true])

    const contacts = (await ana.get('/api/contacts?limit=100&sort=created')).body
    expect(all.contacts.map(({ book: _, ...contact }) => contact)).toEqual(contacts)
    expect(new Set(all.contacts.map(({ book }) => book))).toEqual(new Set(['contacts']))
    expect(all.contacts).toMatchObject(odd)
    expect(all.books).toMatchObject([{ slug: 'contacts', name: 'Contacts' }])

    const listed = z.array(z.looseObject({ id: z.number(), current: z.boolean() }))
    const live = read(listed, await ana.get('/api/auth/sessions')).map(({ current: _, ...session }) => session)
    expect(all.sessions).toEqual(live.toSorted((a, b) => a.id - b.id))
    expect(all.sessions.map(({ device }) => device)).toContain('Odd "agent" \\ <b>of ana</b>')

    const happened = read(z.array(stored), await ana.get('/api/users/me/events?limit=100'))
    expect(all.events).toEqual(happened.toReversed())
    expect(new Set(all.events.map(({ kind }) => kind))).toEqual(
      new Set(['signed-up', 'email-confirmed', 'logged-in', 'login-failed', 'reset-requested']),
    )

    expect(all.links.map(({ purpose }) => purpose)).toEqual(['confirm-email', 'reset-password'])
    const letters = await db.select().from(outbox).where(eq(outbox.user_id, ana.id)).orderBy(asc(outbox.id))
    expect(all.letters).toEqual(
      letters.map(({ kind, recipient, subject, created_at, sent_at, failed_at }) => ({
        kind,
        recipient,
        subject,
        created_at,
        sent_at,
        failed_at,
      })),
    )
    expect(all.letters.map(({ kind }) => kind)).toEqual(['confirm-email', 'reset-password'])
  })

  it('contains no data of other users', async () => {
    const { text } = await ana.get(path)
    for (const other of [boris.email, boris.address, 'of boris']) expect(text).not.toContain(other)
    const mine = read(exportSchema, await ana.get(path))
    const theirs = read(exportSchema, await boris.get(path))
    for (const table of ['sessions', 'contacts'] as const) {
      const ids = mine[table].map(({ id }) => id)
      expect(ids.length).toBeGreaterThan(0)
      expect(theirs[table].filter(({ id }) => ids.includes(id))).toEqual([])
    }
    // Event ids are numbered for each account, so they are the same in both.
    for (const event of mine.events) expect(theirs.events).not.toContainEqual(event)
  })

  it('contains no password, hash or token', async () => {
    const { text } = await ana.get(path)
    const [row] = await db.select().from(users).where(eq(users.id, ana.id))
    const hashes = await db.select().from(emailTokens).where(eq(emailTokens.user_id, ana.id))
    expect(hashes).toHaveLength(2)
    const reset = await linkToken(ana.email, 'reset-password')
    const secrets = [password, row?.password_hash ?? '', ana.access, ana.refresh, reset]
    for (const secret of [...secrets, ...hashes.map(({ token_hash }) => token_hash)]) {
      expect(text).not.toContain(secret)
    }
    expect(text).not.toMatch(/scrypt|hash|generation|revision|_key/)
  })

  it('is complete for a new account, too', async () => {
    const nina = await signedUp('nina')
    await awaitLetters(nina.email)
    const all = read(exportSchema, await nina.get(path))
    expect([all.contacts.length, all.sessions.length, all.letters.length, all.links.length]).toEqual([0, 1, 1, 1])
    await db.delete(outbox).where(eq(outbox.user_id, nina.id))
    await db.delete(emailTokens).where(eq(emailTokens.user_id, nina.id))
    expect(read(exportSchema, await nina.get(path))).toMatchObject({ letters: [], links: [], contacts: [] })
  })

  it('leaves out letters to a requested new address, which would show who else has an account', async () => {
    const nina = await signedUp('nina')
    const target = freshEmail('target')
    await nina.post('/api/users/me/email', { email: target, current_password: password })
    await awaitLetters(target)
    await awaitLetters(nina.email, 2)
    const answer = await nina.get(path)
    expect(read(exportSchema, answer).letters.map(({ kind }) => kind)).toEqual(['confirm-email', 'email-change'])
    expect(answer.text).not.toContain(target)
  })
})
