import { eq } from 'drizzle-orm'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, problemOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { admin, awaitLetters, freshEmail, lettersTo, moderator, type Person } from '../../test/people.ts'
import { MailError, type Mailer } from '../platform/mail/mailer.ts'
import { deliver, outboxRow } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'

const db = database()
const lettersSchema = z.array(z.looseObject({ id: z.int(), state: z.string() }))
const idsOf = (answer: Answer) => read(lettersSchema, answer).map(({ id }) => id)

const sends: Mailer = { send: async () => {} }
const refuses: Mailer = { send: () => Promise.reject(new MailError('550 no such user', { permanent: true })) }
const isDown: Mailer = { send: () => Promise.reject(new MailError('connection refused')) }

/** A letter that was given to a mailer: it is sent, has failed, or waits for the next attempt. */
async function letter(mailer: Mailer, to = freshEmail('reader')): Promise<number> {
  const text = 'the secret link'
  const row = outboxRow({ kind: 'test', to, subject: 'A letter', text, html: `<p>${text}</p>` }, null)
  const [made] = await db.insert(outbox).values(row).returning({ id: outbox.id })
  const id = made?.id ?? 0
  await deliver(db, mailer, id)
  return id
}

let root: Person

beforeAll(async () => {
  root = await admin('root')
})

beforeEach(async () => {
  await db.delete(outbox)
})

describe('the outbox’s list', () => {
  it('shows the state of each letter, newest first, and never its text', async () => {
    const [sent, failed, waiting] = [await letter(sends), await letter(refuses), await letter(isDown)]
    const answer = await root.get('/api/admin/outbox')
    expect(answer.body).toMatchObject([
      { id: waiting, state: 'waiting', due_at: expect.any(String), last_error: 'MailError: connection refused' },
      { id: failed, state: 'failed', failed_at: expect.any(String), last_error: 'MailError: 550 no such user' },
      { id: sent, state: 'sent', sent_at: expect.any(String), last_error: null, kind: 'test', subject: 'A letter' },
    ])
    expect(answer.text).not.toMatch(/secret|"text"|"html"/)
    for (const [state, id] of Object.entries({ sent, failed, waiting })) {
      expect(idsOf(await root.get(`/api/admin/outbox?state=${state}`)), state).toEqual([id])
    }
    expect(problemOf(await root.get('/api/admin/outbox?state=lost'))).toBe('422 invalid-values')
  })

  it('is paged by Link, and lists each letter once, whatever is written meanwhile', async () => {
    const written: number[] = []
    for (let count = 0; count < 5; count++) written.unshift(await letter(refuses))
    await letter(sends)
    const seen: number[] = []
    let next: string | undefined = '/api/admin/outbox?state=failed&limit=2'
    while (next) {
      const answer: Answer = await root.get(next)
      seen.push(...idsOf(answer))
      next = answer.headers.get('Link')?.match(/^<https:\/\/vizitka\.test(.+)>; rel="next"$/)?.[1]
      await letter(refuses)
    }
    expect(seen).toEqual(written)
  })

  it('skips as many as skip says, and has the total on request', async () => {
    const [first, second] = [await letter(refuses), await letter(refuses)]
    await letter(sends)
    const answer = await root.get('/api/admin/outbox?state=failed&skip=1&total=true')
    expect(idsOf(answer)).toEqual([first])
    expect(answer.headers.get('X-Total-Count')).toBe('2')
    expect(idsOf(await root.get('/api/admin/outbox?skip=1&limit=1'))).toEqual([second])
  })

  it('is for admins only', async () => {
    const mira = await moderator('mira')
    const id = await letter(refuses)
    expect(problemOf(await mira.get('/api/admin/outbox'))).toBe('403 not-permitted')
    expect(problemOf(await mira.post(`/api/admin/outbox/${id}/resend`))).toBe('403 not-permitted')
  })
})

describe('resending a letter', () => {
  it('sends a failed letter, and then erases its text', async () => {
    const to = freshEmail('found')
    const id = await letter(refuses, to)
    const again = await root.post(`/api/admin/outbox/${id}/resend`)
    expect(again.status).toBe(202)
    expect(again.body).toMatchObject({ id, state: 'waiting', attempts: 0, failed_at: null })
    expect(again.text).not.toContain('secret')
    expect(await awaitLetters(to)).toMatchObject([
      { Subject: 'A letter', Text: expect.stringContaining('secret link') },
    ])
    await expect
      .poll(async () => (await root.get('/api/admin/outbox?state=sent')).body)
      .toMatchObject([{ id, attempts: 1, last_error: null }])
    const [row] = await db.select().from(outbox).where(eq(outbox.id, id))
    expect(row).toMatchObject({ text: null, html: null })
  })

  it('is refused for a letter that is waiting or was sent', async () => {
    for (const mailer of [isDown, sends]) {
      const answer = await root.post(`/api/admin/outbox/${await letter(mailer)}/resend`)
      expect(problemOf(answer)).toBe('409 letter-not-failed')
    }
  })

  it('happens once, however many requests come at once', async () => {
    const to = freshEmail('patient')
    const path = `/api/admin/outbox/${await letter(refuses, to)}/resend`
    const answers = await Promise.all(Array.from({ length: 4 }, () => root.post(path)))
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409])
    await awaitLetters(to)
    expect(problemOf(await root.post(path))).toBe('409 letter-not-failed')
    expect(await lettersTo(to)).toHaveLength(1)
  })

  it('is 404 for a letter that never existed or was deleted', async () => {
    const id = await letter(refuses)
    await db.delete(outbox)
    for (const gone of [id, 987_654_321]) {
      expect(problemOf(await root.post(`/api/admin/outbox/${gone}/resend`))).toBe('404 not-found')
    }
  })
})
