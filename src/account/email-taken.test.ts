import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { askForEmail, changeLinks, confirm, kindsOf, linkTo, login, signup } from '../../test/accounts.ts'
import { call, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { awaitLetters, confirmationToken, freshEmail, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'

const db = database()

describe('an address that another account uses', () => {
  it('gets the same response, a letter to its owner, and no link', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const free = await askForEmail(ana, freshEmail('free'))
    await vi.waitFor(async () => expect(await changeLinks(ana)).toHaveLength(1))
    const taken = await askForEmail(ana, boris.email.toUpperCase())
    expect(`${taken.status} ${taken.text}`).toBe(`${free.status} ${free.text}`)
    const names = ({ headers }: typeof free) => [...headers.keys()].filter((name) => name !== 'server-timing')
    expect(names(taken)).toEqual(names(free))
    const [letter] = await awaitLetters(boris.email, 2)
    expect(letter?.Subject).toBe('You already have an account')
    expect(letter?.Text).not.toMatch(/confirm-email|reset-password/)
    // Nothing about the requester.
    expect(letter?.Text).not.toMatch(new RegExp(`${ana.email}|${ana.address}`))
    // The requester gets the usual notice each time.
    expect((await awaitLetters(ana.email, 3)).filter(({ Subject }) => Subject.startsWith('A new email'))).toHaveLength(
      2,
    )
    expect(await changeLinks(ana)).toHaveLength(1)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
    expect((await boris.get('/api/users/me')).body).toMatchObject({ email: boris.email })
  })

  it('cannot be recognized by anything else that the requester can read', async () => {
    const boris = await signedUp('boris')
    const displayed = async (target: string): Promise<unknown> => {
      const ana = await signedUp('ana')
      expect((await askForEmail(ana, target)).status).toBe(202)
      await vi.waitFor(async () => {
        const mine = await db.select().from(outbox).where(eq(outbox.user_id, ana.id))
        expect(mine.filter(({ sent_at }) => sent_at === null)).toEqual([])
        expect(await kindsOf(ana)).toContain('email-change-requested')
      })
      await awaitLetters(ana.email, 2)
      const list = z.array(z.record(z.string(), z.unknown()))
      const stored = z
        .looseObject({ links: list, letters: list, events: list, sessions: list })
        .parse((await ana.get('/api/users/me/export')).body)
      const plain = (rows: z.infer<typeof list>) =>
        rows.map((row) => [row.purpose ?? row.kind ?? 'session', row.recipient === ana.email, row.subject])
      return [plain(stored.links), plain(stored.letters), plain(stored.events), plain(stored.sessions)]
    }
    expect(await displayed(boris.email)).toEqual(await displayed(freshEmail('free')))
  })

  it('is refused to a requester whose link was sent before it was taken', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    const token = await linkTo(ana, target)
    expect((await signup(target.toUpperCase())).status).toBe(201)
    expect(problemOf(await confirm(token))).toBe('409 email-taken')
    expect((await call('POST', `/confirm-email/${token}`)).status).toBe(409)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
    expect((await login(ana.email)).status).toBe(200)
    const [other] = await db.select().from(users).where(eq(users.email, target.toUpperCase()))
    expect(other).toMatchObject({ confirmed_at: null, username: 'other' })
    // The gate is not ahead of the row: the account is cached as before.
    expect(await kindsOf(ana)).not.toContain('email-changed')
    const me = () => serve({}, '/api/users/me', { token: ana.access })
    await me()
    expect((await me()).headers.get('Server-Timing')).toContain('desc="memory"')
  })

  it('goes to one of two who confirm it at once', async () => {
    for (let round = 0; round < 3; round++) {
      const people = [await signedUp('ana'), await signedUp('boris')]
      const target = freshEmail('target')
      const tokens: string[] = []
      for (const person of people) {
        expect((await askForEmail(person, target)).status).toBe(202)
        tokens.push(await confirmationToken(target, tokens.length + 1))
      }
      expect(new Set(tokens).size).toBe(2)
      const answers = await Promise.all(tokens.map(confirm))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
      for (const [n, person] of people.entries()) {
        const email = answers[n]?.status === 200 ? target : person.email
        expect((await person.get('/api/users/me')).body).toMatchObject({ email })
      }
    }
  })
})
