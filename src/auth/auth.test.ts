import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { later, login } from '../../test/accounts.ts'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  awaitLetters,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  lettersTo,
  password,
  signedUp,
} from '../../test/people.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'

const db = database()

const signup = (json: Record<string, unknown>) =>
  call('POST', '/api/auth/signup', { json: { username: 'ana', password, ...json }, headers: from(freshAddress()) })

describe('signing up', () => {
  it('creates an account, returns its URL, and sends a letter with a link', async () => {
    const email = freshEmail('Oksana.K')
    const answer = await signup({ username: '  Оксана ', email: ` ${email} ` })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Location')).toBe('/api/users/me')
    expect(answer.body).toMatchObject({
      user: {
        username: 'Оксана',
        email,
        role: 'user',
        avatar: expect.stringMatching(/^https:\/\/vizitka\.test\/avatars\/initials\/\d+-0J4\.svg$/),
        confirmed: false,
      },
    })
    expect(answer.text).not.toMatch(/hash|scrypt|revision/)
    const [letter] = await awaitLetters(email)
    expect(letter?.Subject).toBe('Confirm your email')
    const link = letter?.Text.match(/https:\/\/vizitka\.test\/confirm-email\/\S+/)?.[0] ?? 'no link'
    expect(letter?.HTML).toContain(`href="${link}"`)
    // Anyone can type a stranger's address and any name, so the letter does not contain it.
    expect(letter?.Text).not.toContain('Оксана')
  })

  it('sends the letter in the requested language', async () => {
    const email = freshEmail('uk')
    await signup({ email, locale: 'uk' })
    expect((await awaitLetters(email))[0]?.Subject).toBe('Підтвердьте свою пошту')
  })

  it('stores the secret link only until the letter is sent, and then only its hash', async () => {
    const email = freshEmail('scrubbed')
    await signup({ email })
    await awaitLetters(email)
    await vi.waitFor(async () => {
      const [row] = await db.select().from(outbox).where(eq(outbox.recipient, email))
      expect(row).toMatchObject({ text: null, html: null, due_at: null, attempts: 1, last_error: null })
      expect(row?.sent_at).toBeTruthy()
    })
  })

  it('gives an address, in any spelling, to one of two simultaneous requests', async () => {
    for (let round = 0; round < 3; round++) {
      const email = freshEmail('twin')
      const answers = await Promise.all([signup({ email }), signup({ email: email.toUpperCase() }), signup({ email })])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
      const lost = answers.filter(({ status }) => status === 409)
      expect(lost.map(problemOf)).toEqual(['409 email-taken', '409 email-taken'])
      expect(await db.select().from(users).where(eq(users.email_key, email))).toHaveLength(1)
      expect(await awaitLetters(email.toUpperCase()).then((letters) => letters.length)).toBe(1)
    }
  })

  it('says of each wrong value what is wrong with it', async () => {
    const email = freshEmail('wrong')
    const faults = async (json: Record<string, unknown>) => pointersOf(await signup({ email, ...json }))
    expect(await faults({ username: 'x' })).toEqual(['/username'])
    expect(await faults({ username: 'y'.repeat(65) })).toEqual(['/username'])
    expect(await faults({ username: 'a\u0000b' })).toEqual(['/username'])
    expect(await faults({ email: 'ana' })).toEqual(['/email'])
    expect(await faults({ email: `ana@example.com\r\nBcc: all@example.com` })).toEqual(['/email'])
    expect([...new Set(await faults({ email: `${'a'.repeat(250)}@example.com` }))]).toEqual(['/email'])
    expect(await faults({ email: `${'a'.repeat(65)}@example.com` })).toEqual(['/email'])
    expect(await faults({ username: '\u200b\u200b' })).toEqual(['/username'])
    expect(await faults({ password: '7 chars' })).toEqual(['/password'])
    expect(await faults({ password: 'p'.repeat(129) })).toEqual(['/password'])
    expect(await faults({ password: 'Password1' })).toEqual(['/password'])
    expect(await faults({ password: email.toUpperCase() })).toEqual(['/password'])
    expect(await faults({ username: 'Someone here', password: 'someone HERE' })).toEqual(['/password'])
    expect(await faults({ locale: 'fr' })).toEqual(['/locale'])
    expect(await faults({ role: 'admin', 'a/b~c': 1 })).toEqual(['/role', '/a~1b~0c'])
    expect((await faults({ username: 1, email: null, password: undefined })).sort()).toEqual([
      '/email',
      '/password',
      '/username',
    ])
    // None of them left half an account behind.
    expect(await db.select().from(users).where(eq(users.email_key, email))).toEqual([])
  })

  it('stores all of a password of 128 characters, and treats composed and decomposed characters alike', async () => {
    const email = freshEmail('long')
    const long = `${'ї'.repeat(127)}1`
    expect((await signup({ email, password: long.normalize('NFD') })).status).toBe(201)
    await call('POST', '/api/auth/confirm-email', { json: { token: await confirmationToken(email) } })
    expect((await login(email, long)).status).toBe(200)
    expect(problemOf(await login(email, `${'ї'.repeat(127)}2`))).toBe('401 invalid-credentials')
    expect(problemOf(await login(email, ` ${long}`))).toBe('401 invalid-credentials')
  })
})

describe('confirming an address', () => {
  it('can be repeated, and works only with the link', async () => {
    const email = freshEmail('confirm')
    await signup({ email })
    expect(problemOf(await login(email))).toBe('401 email-not-confirmed')
    expect(problemOf(await login(email, 'a wrong password'))).toBe('401 invalid-credentials')
    const token = await confirmationToken(email)
    for (const wrong of ['x', token.slice(1), `${token}x`]) {
      expect(problemOf(await call('POST', '/api/auth/confirm-email', { json: { token: wrong } }))).toBe(
        '404 link-not-found',
      )
    }
    for (const _ of [1, 2]) {
      expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    }
    expect((await login(email)).status).toBe(200)
  })

  it('needs the button: opening the page confirms nothing', async () => {
    const email = freshEmail('page')
    await signup({ email })
    const path = `/confirm-email/${await confirmationToken(email)}`
    for (const _ of [1, 2, 3]) {
      const page = await call('GET', path)
      expect(page.status).toBe(200)
      expect(page.text).toContain('<form method="post"')
    }
    expect(problemOf(await login(email))).toBe('401 email-not-confirmed')
    const pressed = await call('POST', path)
    expect(pressed.status).toBe(200)
    expect(pressed.text).toContain('confirmed')
    expect((await login(email)).status).toBe(200)
    expect((await call('GET', '/confirm-email/no-such-token')).status).toBe(404)
    expect((await call('POST', '/confirm-email/no-such-token')).status).toBe(404)
  })

  it('is refused after seven days', async () => {
    const email = freshEmail('late')
    await signup({ email })
    const token = await confirmationToken(email)
    const answer = await later(7 * 86_400 + 1, () => call('POST', '/api/auth/confirm-email', { json: { token } }))
    expect(problemOf(answer)).toBe('404 link-not-found')
  })

  it('can be requested again, with the same response for known, unknown and confirmed addresses', async () => {
    const waiting = freshEmail('waiting')
    await signup({ email: waiting })
    await awaitLetters(waiting)
    const ana = await signedUp('ana')
    const unknown = freshEmail('unknown')
    const answers = []
    for (const email of [waiting.toUpperCase(), ana.email, unknown]) {
      answers.push(
        await call('POST', '/api/auth/verification-email', { json: { email }, headers: from(freshAddress()) }),
      )
    }
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(Array(3).fill(`202 ${answers[0]?.text}`))
    const token = await confirmationToken(waiting, 2)
    expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    expect(await lettersTo(unknown)).toEqual([])
    expect(await lettersTo(ana.email)).toHaveLength(1)
  })
})

describe('one’s own account', () => {
  it('can be read, and is 304 for a client that has it already', async () => {
    const ana = await signedUp('ana')
    const me = await ana.get('/api/users/me')
    expect(me.body).toEqual({
      id: ana.id,
      username: 'ana',
      email: ana.email,
      role: 'user',
      avatar: `https://vizitka.test/avatars/initials/${ana.id % 12}-QQ.svg`,
      confirmed: true,
      ...{ birthday_digest: null, tz: 'UTC', leap_day: 'mar1' },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    const etag = me.headers.get('ETag') ?? ''
    expect((await ana.get('/api/users/me', { headers: { 'If-None-Match': `W/${etag}` } })).status).toBe(304)
    const renamed = await ana.patch('/api/users/me', { username: ' Анна ' })
    expect(renamed.body).toMatchObject({ username: 'Анна', email: ana.email })
    expect(renamed.headers.get('ETag')).not.toBe(etag)
    expect((await ana.get('/api/users/me', { headers: { 'If-None-Match': etag } })).body).toMatchObject({
      username: 'Анна',
    })
    expect(problemOf(await ana.patch('/api/users/me', { username: 'Late' }, { headers: { 'If-Match': etag } }))).toBe(
      '412 changed-meanwhile',
    )
  })

  it('does not let its owner change the role, the e-mail or the name to nothing', async () => {
    const ana = await signedUp('ana')
    for (const [field, value] of Object.entries({ username: 'x', disabled: true, confirmed_at: null })) {
      expect(pointersOf(await ana.patch('/api/users/me', { [field]: value }))).toEqual([`/${field}`])
    }
    // Read-only members may be sent back, and change nothing.
    const carried = { role: 'admin', email: 'x@example.com', confirmed: false }
    expect((await ana.patch('/api/users/me', carried)).status).toBe(200)
    const unchanged = { role: 'user', username: 'ana', email: ana.email, confirmed: true }
    expect((await ana.get('/api/users/me')).body).toMatchObject(unchanged)
  })

  it('accepts an empty change', async () => {
    const ana = await signedUp('ana')
    expect((await ana.patch('/api/users/me', {})).body).toMatchObject({ username: 'ana' })
  })
})
