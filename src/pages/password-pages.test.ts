import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { type Call, call } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { askOnPage, faultOf, heading, loginStatus } from '../../test/pages.ts'
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
import { serve } from '../../test/serving.ts'
import { events } from '../audit/table.ts'
import { emailTokens, sessions } from '../auth/table.ts'
import { outbox } from '../platform/mail/table.ts'
import { users } from '../users/table.ts'

const db = database()
const chosen = 'a password from the page 8'
const inUkrainian = { 'Accept-Language': 'uk-UA,uk;q=0.9,en;q=0.5' }

const choose = (path: string, secret: string, more: Call = {}) =>
  call('POST', path, { form: { password: secret }, ...more })

/** The page of the reset link, after a request on the other page. */
async function requested(person: Person): Promise<string> {
  expect((await askOnPage(person.email)).status).toBe(200)
  return `/reset-password/${await linkToken(person.email, 'reset-password')}`
}

/** Everything that the database has about an account. */
const stored = ({ id }: Person) =>
  db.batch([
    db.select().from(users).where(eq(users.id, id)),
    db.select().from(emailTokens).where(eq(emailTokens.user_id, id)),
    db.select().from(sessions).where(eq(sessions.user_id, id)),
    db.select().from(events).where(eq(events.user_id, id)),
    db.select().from(outbox).where(eq(outbox.user_id, id)),
  ])

describe('the page of a reset’s link', () => {
  it('shows the account, asks for a password, and changes nothing, however often it is opened', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    await vi.waitFor(async () => expect((await stored(ana))[4].every(({ sent_at }) => sent_at)).toBe(true))
    const before = await stored(ana)
    for (const method of ['GET', 'GET', 'HEAD']) {
      const answer = await call(method, path)
      expect(answer.status).toBe(200)
      if (method === 'HEAD') continue
      expect(heading(answer)).toBe('Choose a new password')
      expect(answer.text).toMatch(
        new RegExp(`<input [^>]*name="email" type="email" value="${ana.email}" autocomplete="username" readonly=""`),
      )
      const input = answer.text.match(/<input id="password"[^>]*>/)?.[0]
      for (const attribute of [
        'name="password"',
        'type="password"',
        'autocomplete="new-password"',
        'minlength="8"',
        'required=""',
        'aria-describedby="password-hint"',
      ]) {
        expect(input).toContain(attribute)
      }
      expect(answer.text).toContain('<p class="hint" id="password-hint">')
      expect(faultOf(answer, 'password')).toBeUndefined()
    }
    expect(await stored(ana)).toEqual(before)
    expect((await ana.get('/api/users/me')).status).toBe(200)
    expect(await loginStatus(ana.email, password)).toBe(200)
    expect((await choose(path, chosen)).status).toBe(200)
  })

  it('changes the password, ends every session and says so', async () => {
    const ana = await signedUp('ana')
    const answer = await choose(await requested(ana), chosen)
    expect(answer.status).toBe(200)
    expect(heading(answer)).toBe('Your password is changed')
    expect(answer.text).toContain('You were logged out everywhere. Log in with the new password.')
    expect(answer.text).toContain('<a class="button" href="/docs">Log in</a>')
    expect(answer.text).not.toContain(chosen)
    expect((await ana.get('/api/users/me')).status).toBe(401)
    expect((await call('POST', '/api/auth/refresh', { json: { refresh_token: ana.refresh } })).status).toBe(401)
    expect(await loginStatus(ana.email, password)).toBe(401)
    expect(await loginStatus(ana.email, chosen)).toBe(200)
    const letters = await awaitLetters(ana.email, 3)
    expect(letters.map(({ Subject }) => Subject)).toContain('Your password was changed')
  })

  it('uses the account of the link, whatever e-mail is sent along', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const answer = await call('POST', await requested(ana), { form: { email: boris.email, password: chosen } })
    expect(answer.status).toBe(200)
    expect(await loginStatus(ana.email, chosen)).toBe(200)
    expect(await loginStatus(boris.email, chosen)).toBe(401)
    expect(await loginStatus(boris.email, password)).toBe(200)
    expect((await boris.get('/api/users/me')).status).toBe(200)
  })

  it('shows beside the field what is wrong with a password, never sends it back, and can be tried again', async () => {
    const ana = await signedUp('Ana-Kovalenko')
    const path = await requested(ana)
    const wrong: [string, string, string][] = [
      ['', 'This is too short: at least 8 characters.', 'Пароль закороткий: потрібно щонайменше 8 символів.'],
      ['short 7', 'This is too short: at least 8 characters.', 'Пароль закороткий: потрібно щонайменше 8 символів.'],
      [
        'довгий'.repeat(22),
        'This is too long: at most 128 characters.',
        'Пароль задовгий: можна щонайбільше 128 символів.',
      ],
      [
        'qwertyuiop',
        'This is one of the most common passwords: choose another.',
        'Це один із найпоширеніших паролів: придумайте інший.',
      ],
      [
        'ana-kovalenko',
        'This is your e-mail or your name: choose another.',
        'Це ваша пошта або ваше ім’я: придумайте інший пароль.',
      ],
      [
        ana.email,
        'This is your e-mail or your name: choose another.',
        'Це ваша пошта або ваше ім’я: придумайте інший пароль.',
      ],
    ]
    for (const [secret, english, ukrainian] of wrong) {
      for (const [says, headers] of [
        [english, {}],
        [ukrainian, inUkrainian],
      ] as const) {
        const answer = await choose(path, secret, { headers })
        expect(answer.status, secret).toBe(422)
        expect(faultOf(answer, 'password')).toBe(says)
        expect(answer.text).toContain('aria-describedby="password-hint password-fault"')
        // The e-mail may be on the page.
        if (secret !== '') expect(answer.text.replaceAll(ana.email, '')).not.toContain(secret)
        expect(answer.text.match(/<input id="password"[^>]*>/)?.[0]).not.toContain('value')
      }
    }
    expect((await ana.get('/api/users/me')).status).toBe(200)
    expect(await loginStatus(ana.email, password)).toBe(200)
    expect((await choose(path, chosen)).status).toBe(200)
  })

  it('accepts a password as it is, with its spaces', async () => {
    const ana = await signedUp('ana')
    const secret = '  п’ять слів + & = %20  '
    expect((await choose(await requested(ana), secret)).status).toBe(200)
    expect(await loginStatus(ana.email, secret.trim())).toBe(401)
    expect(await loginStatus(ana.email, secret)).toBe(200)
  })

  it('shows the form again for a body that is not a form', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    for (const body of [{}, { json: { password: chosen } }, { form: { email: ana.email } }] satisfies Call[]) {
      const answer = await call('POST', path, body)
      expect(answer.status).toBe(422)
      expect(faultOf(answer, 'password')).toBe('This is too short: at least 8 characters.')
    }
    expect(await loginStatus(ana.email, password)).toBe(200)
  })

  it('links to the other page if the link is used, unknown, of another kind, or far too long', async () => {
    const ana = await signedUp('ana')
    const used = await requested(ana)
    expect((await choose(used, chosen)).status).toBe(200)
    const { email } = await signedUp('boris')
    const otherKind = await linkToken(email, 'confirm-email')
    for (const token of ['no-such-token', otherKind, 'x'.repeat(3000), '%FF', used.slice('/reset-password/'.length)]) {
      const path = `/reset-password/${token}`
      const answers = [await call('GET', path), await choose(path, chosen), await choose(path, 'short')]
      for (const answer of answers) {
        expect(answer.status, path).toBe(404)
        expect(heading(answer)).toBe('This link does not work')
        expect(answer.text).toContain('<a class="button" href="/forgot-password">Ask for a new letter</a>')
      }
    }
    expect(await loginStatus(ana.email, chosen)).toBe(200)
  })

  it('expires with the link’s hour', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 })
    try {
      expect((await call('GET', path)).status).toBe(404)
      expect((await choose(path, chosen)).status).toBe(404)
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets one of two succeed who use one link at once', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    const secrets = [`${chosen} one`, `${chosen} two`]
    const answers = await Promise.all(secrets.map((secret) => choose(path, secret)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404])
    const works = await Promise.all(secrets.map((secret) => loginStatus(ana.email, secret)))
    expect(works).toEqual(answers.map(({ status }) => (status === 200 ? 200 : 401)))
  })

  it('shares the limits of the routes that do the same, opened or sent', async () => {
    const bindings = { RATE_LIMITS: 'reset=3/60s' }
    const headers = from(freshAddress())
    const status = async (method: string, path: string) => (await serve(bindings, path, { method, headers })).status
    expect(await status('GET', '/reset-password/none')).toBe(404)
    expect(await status('POST', '/reset-password/none')).toBe(404)
    expect(await status('GET', '/api/auth/reset-password/none')).toBe(404)
    expect(await status('GET', '/reset-password/none')).toBe(429)
    expect(await status('POST', '/reset-password/none')).toBe(429)
  })
})

describe('both pages', () => {
  it('are in Ukrainian for Ukrainian readers', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    const headers = inUkrainian
    const seen = [
      await call('GET', '/forgot-password', { headers }),
      await askOnPage('ana', { headers }),
      await askOnPage(freshEmail('nobody'), { headers }),
      await call('GET', path, { headers }),
      await choose(path, chosen, { headers }),
      await choose(path, chosen, { headers }),
    ]
    expect(seen.map(heading)).toEqual([
      'Забули пароль?',
      'Забули пароль?',
      'Перевірте свою пошту',
      'Створіть новий пароль',
      'Ваш пароль змінено',
      'Це посилання не діє',
    ])
    for (const { text, headers } of seen) {
      expect(text).toContain('<html lang="uk">')
      expect(headers.get('Vary')).toContain('Accept-Language')
      const main = text.match(/<main.*<\/main>/s)?.[0] ?? ''
      expect(main.replace(/<[^>]*>/g, ' ').replace('ana@example.com', '')).not.toMatch(/[a-z]{2}/i)
    }
  })

  it('have the content security policy of pages, are not cached and not indexed, in every state', async () => {
    const ana = await signedUp('ana')
    const path = await requested(ana)
    const seen = [
      await call('GET', '/forgot-password'),
      await askOnPage('ana'),
      await askOnPage(freshEmail('nobody')),
      await call('GET', path),
      await choose(path, 'short'),
      await choose(path, chosen),
      await choose(path, chosen),
    ]
    expect(seen.map(({ status }) => status)).toEqual([200, 422, 200, 200, 422, 200, 404])
    for (const { headers, text } of seen) {
      const policy = headers.get('Content-Security-Policy') ?? ''
      for (const directive of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
        expect(policy).toContain(directive)
      }
      expect(policy).not.toMatch(/script-src|unsafe/)
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Cache-Control')).toBe('no-store')
      expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=|https?:/)
      expect(text).toContain('<meta name="robots" content="noindex"/>')
      expect(text).toContain('<a class="skip" href="#main"')
    }
  })

  it('are linked from the landing page', async () => {
    expect((await call('GET', '/')).text).toContain('<a href="/forgot-password">Forgot your password?</a>')
  })
})
