import { env } from 'cloudflare:workers'
import { eq, isNotNull } from 'drizzle-orm'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { call } from '../../../test/client.ts'
import { database, execute } from '../../../test/database.ts'
import { awaitLetters, freshAddress, freshEmail, from, lettersTo, password } from '../../../test/people.ts'
import { sessions } from '../../auth/table.ts'
import { configuration } from '../../config.ts'
import { runScheduled } from '../../schedule.ts'
import { users } from '../../users/table.ts'
import { MailError, type Mailer } from './mailer.ts'
import { createMailer, deliver, isMailHealthy, outboxRow, resend, sendDueLetters } from './outbox-store.ts'
import { outbox } from './table.ts'

const db = database()
const letter = { kind: 'test' as const, subject: 'Subject', text: 'secret text', html: '<p>secret html</p>' }

async function waiting(to: string): Promise<number> {
  const [row] = await db
    .insert(outbox)
    .values(outboxRow({ ...letter, to }, null))
    .returning({ id: outbox.id })
  return row?.id ?? 0
}

const rowOf = async (id: number) => (await db.select().from(outbox).where(eq(outbox.id, id)))[0]

async function at<T>(minutes: number, go: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 })
  try {
    return await go()
  } finally {
    vi.useRealTimers()
  }
}

/** A mailer that records its letters, and can be told to fail. */
function spy(fault?: () => Error): Mailer & { sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    async send({ to }) {
      const error = fault?.()
      if (error) throw error
      sent.push(to)
    },
  }
}

beforeEach(async () => {
  await db.delete(outbox)
})

describe('the outbox', () => {
  it('sends a letter once, though several try at once, and erases its text', async () => {
    const id = await waiting('once@example.com')
    const mailer = spy()
    await Promise.all(Array.from({ length: 5 }, () => deliver(db, mailer, id)))
    await sendDueLetters(db, mailer)
    expect(mailer.sent).toEqual(['once@example.com'])
    expect(await rowOf(id)).toMatchObject({ text: null, html: null, due_at: null, failed_at: null, attempts: 1 })
  })

  it('tries again with back-off while the mail server is down, and loses nothing', async () => {
    const id = await waiting('later@example.com')
    const down = spy(() => new MailError('connection refused'))
    await deliver(db, down, id)
    expect(await rowOf(id)).toMatchObject({
      attempts: 1,
      text: 'secret text',
      last_error: 'MailError: connection refused',
    })
    await sendDueLetters(db, down)
    expect((await rowOf(id))?.attempts).toBe(1)
    await at(1.1, () => sendDueLetters(db, down))
    expect((await rowOf(id))?.attempts).toBe(2)
    const up = spy()
    await at(2.2, () => sendDueLetters(db, up))
    expect(up.sent).toEqual([])
    await at(3.4, () => sendDueLetters(db, up))
    expect(up.sent).toEqual(['later@example.com'])
    expect((await rowOf(id))?.sent_at).toBeTruthy()
  })

  it('marks a letter as failed after ninety attempts, which take a week, or when the server refuses it for good', async () => {
    const id = await waiting('never@example.com')
    const down = spy(() => new Error('still down'))
    for (let attempt = 1; attempt <= 90; attempt++) await at(attempt * 121, () => sendDueLetters(db, down))
    expect(await rowOf(id)).toMatchObject({ attempts: 90, due_at: null, sent_at: null })
    expect((await rowOf(id))?.failed_at).toBeTruthy()
    const refused = await waiting('refused@example.com')
    await deliver(
      db,
      spy(() => new MailError('550 no such user', { permanent: true })),
      refused,
    )
    expect(await rowOf(refused)).toMatchObject({ attempts: 1, due_at: null, last_error: 'MailError: 550 no such user' })
  })

  it('sends a failed letter again on request, and then erases its text', async () => {
    const id = await waiting('given-up@example.com')
    expect(await resend(db, id)).toBeUndefined()
    await deliver(
      db,
      spy(() => new MailError('550 no such user', { permanent: true })),
      id,
    )
    expect(await resend(db, id)).toMatchObject({ attempts: 0, failed_at: null })
    const alive = spy()
    await sendDueLetters(db, alive)
    expect(alive.sent).toEqual(['given-up@example.com'])
    expect(await rowOf(id)).toMatchObject({ text: null, html: null, failed_at: null })
    expect(await resend(db, id)).toBeUndefined()
  })

  it('sends a letter with the same Message-ID at every attempt, and another than other letters have', async () => {
    const [id, other] = [await waiting('again@example.com'), await waiting('other@example.com')]
    const ids: unknown[] = []
    const failing: Mailer = {
      async send({ messageId }) {
        ids.push(messageId)
        throw new MailError('connection refused')
      },
    }
    await deliver(db, failing, id)
    await at(1.1, () => deliver(db, failing, id))
    await deliver(db, failing, other)
    expect(ids[0]).toMatch(/^[\w-]{36}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  it('takes over a letter whose sender died', async () => {
    const id = await waiting('orphan@example.com')
    const dead: Mailer = { send: () => new Promise(() => {}) }
    void deliver(db, dead, id)
    await vi.waitFor(async () => expect((await rowOf(id))?.attempts).toBe(1))
    const alive = spy()
    await sendDueLetters(db, alive)
    expect(alive.sent).toEqual([])
    await at(1.1, () => sendDueLetters(db, alive))
    expect(alive.sent).toEqual(['orphan@example.com'])
  })

  it('says that mail is late when a letter has waited for a quarter of an hour', async () => {
    await waiting('late@example.com')
    expect(await isMailHealthy(db)).toBe(true)
    expect(await at(15.1, () => isMailHealthy(db))).toBe(false)
  })

  it('is not late for a letter whose own recipient is refused, while others arrive', async () => {
    const refused = await waiting('nobody@no-such-domain.example')
    const ofRecipient = spy(() => new MailError('450 4.1.2 Domain not found', { aboutLetter: true }))
    await deliver(db, ofRecipient, refused)
    expect(await rowOf(refused)).toMatchObject({ attempts: 1, failed_at: null, text: 'secret text' })
    expect(await at(15.1, () => isMailHealthy(db))).toBe(true)
    // If the server itself fails, the letter is late like any other.
    await at(16, () =>
      sendDueLetters(
        db,
        spy(() => new MailError('connection refused')),
      ),
    )
    expect(await at(16.1, () => isMailHealthy(db))).toBe(false)
  })

  it('is not late for a letter that its recipient’s refusal delays, in any words, while later letters are sent', async () => {
    const delayed = await waiting('full@example.com')
    await deliver(
      db,
      spy(() => new MailError('RCPT TO was answered by 452 Try later')),
      delayed,
    )
    expect(await at(20, () => isMailHealthy(db))).toBe(false)
    const later = await at(10, () => waiting('later@example.com'))
    await at(10, () => deliver(db, spy(), later))
    expect(await at(20, () => isMailHealthy(db))).toBe(true)
    // After a quarter of an hour without any delivered letter, it counts again.
    expect(await at(26, () => isMailHealthy(db))).toBe(false)
  })

  it('stores a mail server’s words in whole characters', async () => {
    const id = await waiting('refused@example.com')
    const words = `${'x'.repeat(299)}😀`
    await deliver(
      db,
      spy(() => new MailError(`${words} and more`, { permanent: true })),
      id,
    )
    expect(await rowOf(id)).toMatchObject({ due_at: null, last_error: `MailError: ${words}` })
    expect((await rowOf(id))?.failed_at).toBeTruthy()
  })

  it('sends all due letters, though the result of one cannot be written', async () => {
    const ids: number[] = []
    for (let n = 0; n < 7; n++) ids.push(await waiting(`due-${n}@example.com`))
    await execute(
      `CREATE TRIGGER no_outcome BEFORE UPDATE OF sent_at ON outbox WHEN NEW.id = ${ids[0]} BEGIN SELECT RAISE(ABORT, 'no outcome'); END`,
    )
    onTestFinished(() => execute('DROP TRIGGER IF EXISTS no_outcome'))
    const mailer = spy()
    await expect(sendDueLetters(db, mailer)).rejects.toThrow()
    expect(mailer.sent).toHaveLength(7)
    const sent = await db.select().from(outbox).where(isNotNull(outbox.sent_at))
    expect(sent.map(({ id }) => id).toSorted()).toEqual(ids.slice(1).toSorted())
  })

  it('keeps letters if no mail server is configured', async () => {
    const id = await waiting('kept@example.com')
    const mailer = createMailer({ ...configuration(env), SMTP_HOST: undefined })
    await deliver(db, mailer, id)
    for (let day = 1; day <= 30; day++) await at(day * 1440, () => sendDueLetters(db, mailer))
    expect(await rowOf(id)).toMatchObject({ attempts: 0, text: 'secret text', failed_at: null })
    // It is sent once a mail server is configured.
    const named = spy()
    await at(31 * 1440, () => sendDueLetters(db, named))
    expect(named.sent).toEqual(['kept@example.com'])
  })
})

describe('signing up while the mail server is down', () => {
  it('succeeds, and after three failed attempts the letter arrives once', async () => {
    const email = freshEmail('patient')
    const { app } = await import('../../app.ts')
    const waits: Promise<unknown>[] = []
    const executionCtx = {
      waitUntil: (wait: Promise<unknown>) => waits.push(wait),
      passThroughOnException() {},
      props: {},
    }
    const request = new Request('https://vizitka.test/api/auth/signup', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...from(freshAddress()) },
      body: JSON.stringify({ username: 'patient', email, password }),
    })
    // Port 9 is closed.
    const down = { ...env, SMTP_PORT: '9' }
    const answer = await app.fetch(request, down, executionCtx)
    expect(answer.status).toBe(201)
    await Promise.all(waits)
    expect(await lettersTo(email)).toEqual([])
    // The second and third attempt, a minute and two after the ones before.
    for (const minutes of [1.1, 3.2]) await at(minutes, () => runScheduled('* * * * *', down))
    const letterOf = async () => (await db.select().from(outbox).where(eq(outbox.recipient, email)))[0]
    expect(await letterOf()).toMatchObject({ attempts: 3, sent_at: null })
    // Two cron runs at once, and one more: the letter is sent once.
    await at(7.3, () => Promise.all([runScheduled('* * * * *', env), runScheduled('* * * * *', env)]))
    await at(60, () => runScheduled('* * * * *', env))
    expect((await awaitLetters(email))[0]?.Subject).toBe('Confirm your email')
    expect(await lettersTo(email)).toHaveLength(1)
    expect(await letterOf()).toMatchObject({ attempts: 4, text: null, html: null })
  })
})

describe('the hourly job', () => {
  it('frees the address of an account that was not confirmed for seven days, and no other', async () => {
    const email = freshEmail('squatter')
    const signup = () =>
      call('POST', '/api/auth/signup', {
        json: { username: 'squatter', email, password },
        headers: from(freshAddress()),
      })
    expect((await signup()).status).toBe(201)
    await awaitLetters(email)
    await runScheduled('17 * * * *', env)
    expect((await signup()).status).toBe(409)
    const confirmed = await db
      .insert(users)
      .values({
        username: 'old',
        email,
        email_key: freshEmail('old'),
        password_hash: '',
        created_at: '2020-01-01',
        confirmed_at: '2020-01-02',
      })
      .returning({ id: users.id })
    const remaining = confirmed[0]?.id ?? 0
    await db.insert(sessions).values({ user_id: remaining, created_at: '2020-01-01', rotated_at: '2020-01-01' })
    await at(7 * 1440 + 1, () => runScheduled('17 * * * *', env))
    expect((await signup()).status).toBe(201)
    expect(await db.select().from(users).where(eq(users.id, remaining))).toHaveLength(1)
    expect(await db.select().from(sessions).where(eq(sessions.user_id, remaining))).toEqual([])
  })

  it('refuses an unknown cron expression', async () => {
    await expect(runScheduled('* * 1 1 *', env)).rejects.toThrow('* * 1 1 *')
  })
})
