import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { askForReset, login } from '../../test/accounts.ts'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import type { Script, Transcript } from '../../test/hostile-smtp.ts'
import {
  admin,
  change,
  confirmationToken,
  freshAddress,
  from,
  linkToken,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'

const unique = () => crypto.randomUUID().slice(0, 13)
const signUp = (email: string) =>
  call('POST', '/api/auth/signup', { json: { username: 'somebody', email, password }, headers: from(freshAddress()) })

/** The domain пошта.укр in DNS. */
const ascii = 'xn--80a1acn3a.xn--j1amh'
const label = 'a'.repeat(63)

describe('an address that RFC 5321 and IDNA allow', () => {
  const locals = ['a!b', 'x=y', 'foo/bar', "o'neill", 'a+b', '#$%&*?^`{|}~', 'first.last', 'їжак', '用户']
  const domains = [
    `${ascii}`,
    'пошта.укр',
    'bücher.example',
    'example.xn--p1ai',
    `${label}.example`,
    'a-b--c.example',
    'EXAMPLE.Org',
  ]
  const addresses = [
    ...locals.map((local) => `${local}-${unique()}@example.com`),
    ...domains.map((domain) => `ana-${unique()}@${domain}`),
    `${'a'.repeat(51)}${unique()}@example.com`,
  ]

  it.each(addresses)('is taken for an account and for a contact alike: %s', async (email) => {
    const answer = await signUp(email)
    expect(answer.status, answer.text).toBe(201)
    expect(answer.body).toMatchObject({ user: { email } })
  })

  it('is taken for a contact as for an account', async () => {
    const ana = await signedUp('ana')
    for (const email of addresses) {
      expect((await ana.post('/api/contacts', { first_name: 'Ana', email })).body).toMatchObject({ email })
    }
  })
})

describe('an address that mail cannot be sent to', () => {
  it.each([
    ...['ana', 'ana@', '@example.com', 'a b@example.com', 'a@b@example.com', 'ana@example', '"ana b"@example.com'],
    ...[
      '.ana@example.com',
      'ana.@example.com',
      'a..b@example.com',
      'ana@[192.0.2.1]',
      'ana@192.0.2.1',
      'a(b)@example.com',
    ],
    ...[
      'ana@b-.com',
      'ana@-b.com',
      'ana@b..com',
      'ana@.com',
      'ana@b.com.',
      'ana@b_c.com',
      'ana@пошта-.укр',
      'ana@пошта.укр/x',
    ],
    ...[`ana@${label}a.example`, `${'a'.repeat(65)}@example.com`, `${'ї'.repeat(33)}@example.com`, 'ana@пошта%2eукр'],
    `ana@${`${label}.`.repeat(4)}com`,
  ])('is refused for an account and for a contact alike: %s', async (email) => {
    expect(pointersOf(await signUp(email))).toEqual(['/email'])
    const ana = await signedUp('ana')
    expect(pointersOf(await ana.post('/api/contacts', { first_name: 'Ana', email }))).toEqual(['/email'])
  })
})

describe('a domain in two spellings', () => {
  it('is the same address for signing up, logging in, resets and admins', async () => {
    const local = `lesia-${unique()}`
    const [typed, other] = [`${local}@Пошта.УКР`, `${local.toUpperCase()}@${ascii.toUpperCase()}`]
    expect((await signUp(typed)).status).toBe(201)
    expect(problemOf(await signUp(other))).toBe('409 email-taken')
    // The letter is sent to the domain in DNS.
    const token = await confirmationToken(`${local}@${ascii}`)
    expect((await call('POST', '/api/auth/confirm-email', { json: { token } })).status).toBe(200)
    for (const email of [typed, other, `${local}@пошта.укр`]) expect((await login(email)).status).toBe(200)
    expect((await askForReset(other)).status).toBe(202)
    expect(await linkToken(`${local}@${ascii}`, 'reset-password')).toBeTruthy()
    const root = await admin('root')
    for (const q of [typed, other, '@пошта.укр', 'пошта.укр', ascii, local]) {
      const { body } = await root.get(`/api/admin/users?limit=100&q=${encodeURIComponent(q)}`)
      expect(
        z
          .array(z.looseObject({ email: z.string() }))
          .parse(body)
          .map(({ email }) => email),
        q,
      ).toContain(typed)
    }
  })

  it('makes one account an admin', async () => {
    const ana = await signedUp('ana')
    const email = `${unique()}@пошта.укр`
    await change(ana, { email, email_key: `${email.split('@')[0]}@${ascii}` })
    const named = { ADMIN_EMAIL: email.toUpperCase() }
    expect((await serve(named, '/api/auth/login', { method: 'POST', json: { email, password } })).status).toBe(200)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ role: 'admin' })
  })
})

describe('a pasted address', () => {
  it('is cleaned of invisible characters, for accounts, contacts and logging in', async () => {
    const ana = await signedUp('ana')
    const [local = ''] = ana.email.split('@')
    const pasted = `\u200e\u00a0${local.replace('-', '\u2011')}@exam\u00adple.com\u202c\ufeff `
    expect((await login(pasted)).status).toBe(200)
    expect(problemOf(await signUp(pasted))).toBe('409 email-taken')
    const form = { username: pasted, password }
    expect((await call('POST', '/api/auth/login', { form, headers: from(freshAddress()) })).status).toBe(200)
    const contact = await ana.post('/api/contacts', { first_name: 'Ana', email: pasted.replace('ple', 'ple７') })
    expect(contact.body).toMatchObject({ email: ana.email.replace('ple', 'ple7') })
  })
})

describe('letters beyond ASCII before the @', () => {
  /** A mail server that announces these capabilities, and records its clients' commands. */
  async function mailServer(capabilities: readonly string[]) {
    const script: Script = { capabilities }
    const started = await fetch(env.TEST_HOSTILE_SMTP, { method: 'POST', body: JSON.stringify(script) })
    const { port } = await started.json<{ port: number }>()
    const commands = async () => {
      const clients = await (await fetch(`${env.TEST_HOSTILE_SMTP}/${port}`)).json<Transcript[]>()
      return clients.flatMap((client) => client.commands)
    }
    return { bindings: { SMTP_PORT: String(port) }, commands }
  }

  const signUpAt = (bindings: object, email: string) =>
    serve(bindings, '/api/auth/signup', {
      method: 'POST',
      json: { username: 'їжак', email, password },
      headers: from(freshAddress()),
    })

  it('get their letter if the mail server supports them', async () => {
    const { bindings, commands } = await mailServer(['8BITMIME', 'SMTPUTF8'])
    const local = `їжак-${unique()}`
    expect((await signUpAt(bindings, `${local}@пошта.укр`)).status).toBe(201)
    expect(await commands()).toEqual(
      expect.arrayContaining(['MAIL FROM:<hello@vizitka.test> SMTPUTF8', `RCPT TO:<${local}@${ascii}>`]),
    )
  })

  it('are refused with an explanation if it does not, before an account exists, and the server is asked only once', async () => {
    const { bindings, commands } = await mailServer(['8BITMIME'])
    const email = `їжак-${unique()}@example.com`
    for (const _ of [1, 2]) {
      const answer = await signUpAt(bindings, email)
      expect(answer.status).toBe(422)
      expect(await answer.json()).toMatchObject({
        detail: expect.stringContaining('cannot write to an address with letters beyond a to z before the @'),
        errors: [{ pointer: '/email' }],
      })
    }
    expect(await commands()).toEqual(expect.not.arrayContaining(['MAIL FROM:<hello@vizitka.test>']))
    expect((await signUpAt({}, email)).status).toBe(201)
    // A domain needs no capability of the server.
    expect((await signUpAt(bindings, `ana-${unique()}@пошта.укр`)).status).toBe(201)
  })

  it('are refused in the same way as the new address of an account', async () => {
    const { bindings } = await mailServer([])
    const ana = await signedUp('ana')
    const json = { email: `їжак-${unique()}@example.com`, current_password: password }
    const init = { method: 'POST', token: ana.access, json }
    expect((await serve(bindings, '/api/users/me/email', init)).status).toBe(422)
    expect((await serve({}, '/api/users/me/email', init)).status).toBe(202)
  })

  it('sign up if the server cannot be asked: the letter waits', async () => {
    const silent = { SMTP_PORT: '9' }
    for (const bindings of [silent, { SMTP_HOST: '' }]) {
      expect((await signUpAt(bindings, `їжак-${unique()}@example.com`)).status).toBe(201)
    }
  })
})
