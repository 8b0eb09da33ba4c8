import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Script } from '../../../test/hostile-smtp.ts'
import { delivered, failure, letter, server } from '../../../test/smtp.ts'

const { TEST_HOSTILE_SMTP } = env

describe('credentials', () => {
  const credentials = { username: 'ana', password: 'pässwörd' }
  const decoded = (base64 = '') => new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)))

  it('are sent by AUTH PLAIN, in UTF-8', async () => {
    const { mailer, commands } = await server({ capabilities: ['AUTH CRAM-MD5 LOGIN PLAIN'] })
    await mailer(credentials).send(letter)
    const auth = (await commands()).find((command) => command.startsWith('AUTH'))
    expect(decoded(auth?.replace('AUTH PLAIN ', ''))).toBe('\0ana\0pässwörd')
  })

  it('are not needed if the server only offers authentication', async () => {
    const { mailer, commands } = await server({ capabilities: ['AUTH PLAIN LOGIN'] })
    await mailer().send(letter)
    expect(await commands()).not.toContainEqual(expect.stringMatching(/^AUTH/))
    await delivered({}, credentials) // the inbox takes any
    await delivered({})
  })

  it.each([[[]], [['AUTH CRAM-MD5']], [['AUTH XOAUTH2 GSSAPI']]])(
    'are not sent if the server offers %j',
    async (capabilities) => {
      const { mailer, commands } = await server({ capabilities })
      expect(await failure(mailer(credentials).send(letter))).toMatchObject({ permanent: false })
      expect(await commands()).toEqual(['EHLO [127.0.0.1]'])
    },
  )
})

describe('starttls', () => {
  const credentials = { username: 'ana', password: 'hunter2', security: 'starttls' } as const

  it.each<[string, Script, string[]]>([
    ['is not offered', { capabilities: ['AUTH PLAIN'] }, ['EHLO [127.0.0.1]']],
    // Some firewalls replace STARTTLS by other letters, so that nobody encrypts.
    ['is overwritten by a firewall', { capabilities: ['XXXXXXXA', 'AUTH PLAIN'] }, ['EHLO [127.0.0.1]']],
    [
      'cannot be, since EHLO is not known',
      { steps: { EHLO: { say: ['502 What?\r\n'] } } },
      ['EHLO [127.0.0.1]', 'HELO [127.0.0.1]'],
    ],
    [
      'is refused',
      { capabilities: ['STARTTLS', 'AUTH PLAIN'], steps: { STARTTLS: { say: ['454 4.7.0 Not now\r\n'] } } },
      ['EHLO [127.0.0.1]', 'STARTTLS'],
    ],
    [
      'is answered with more than a go-ahead',
      { capabilities: ['STARTTLS', 'AUTH PLAIN'], steps: { STARTTLS: { say: ['220 Go\r\n250 AUTH PLAIN\r\n'] } } },
      ['EHLO [127.0.0.1]', 'STARTTLS'],
    ],
    [
      'is followed by clear text',
      {
        capabilities: ['STARTTLS', 'AUTH PLAIN'],
        steps: { STARTTLS: { say: ['220 Go\r\n', '250 AUTH PLAIN\r\n'], next: 'hang' } },
      },
      ['EHLO [127.0.0.1]', 'STARTTLS'],
    ],
    [
      'is followed by a break',
      { capabilities: ['STARTTLS', 'AUTH PLAIN'], steps: { STARTTLS: { say: ['220 Go\r\n'], next: 'close' } } },
      ['EHLO [127.0.0.1]', 'STARTTLS'],
    ],
  ])('that %s sends nothing in clear text', async (_what, script, expected) => {
    const { mailer, commands } = await server(script)
    expect(await failure(mailer({ ...credentials, timeoutSeconds: 2 }).send(letter))).toMatchObject({
      permanent: false,
    })
    const output = await commands()
    expect(output.slice(0, expected.length)).toEqual(expected)
    expect(output.slice(expected.length).join()).not.toMatch(/AUTH|MAIL|RCPT|DATA|hunter2|k3y/)
  })

  it('is not used if clear text is configured', async () => {
    const { mailer, commands } = await server({ capabilities: ['STARTTLS'] })
    await mailer().send(letter)
    expect(await commands()).not.toContain('STARTTLS')
  })
})

describe('an encrypted connection', () => {
  const credentials = { username: 'ana', password: 'hunter2' } as const
  const starttls: Script = { capabilities: ['STARTTLS'], securedCapabilities: ['AUTH PLAIN'] }
  const both = [['tls', { ...starttls, tls: true }] as const, ['starttls', starttls] as const]

  // workerd accepts the hostile server's certificate only if NODE_EXTRA_CA_CERTS names it: see hostile-smtp.ts.
  const isTrusted = async () => (await (await fetch(TEST_HOSTILE_SMTP)).json<{ trusted: boolean }>()).trusted

  it.for(both)('to a server with an untrusted certificate is given up (%s)', async ([security, script]) => {
    const { mailer, commands } = await server({ ...script, stranger: true })
    expect(await failure(mailer({ ...credentials, security }).send(letter))).toMatchObject({ permanent: false })
    expect((await commands()).join()).not.toMatch(/AUTH|MAIL|RCPT|DATA/)
  })

  it.for(both)('carries everything (%s)', async ([security, script], { skip }) => {
    skip(!(await isTrusted()), 'NODE_EXTRA_CA_CERTS is not set')
    const { mailer, commands } = await server(script)
    await mailer({ ...credentials, security }).send(letter)
    expect(await commands()).toEqual([
      ...(security === 'starttls' ? ['EHLO [127.0.0.1]', 'STARTTLS'] : []),
      '🔒 EHLO [127.0.0.1]',
      '🔒 AUTH PLAIN AGFuYQBodW50ZXIy',
      '🔒 MAIL FROM:<hello@vizitka.test>',
      '🔒 RCPT TO:<ana@example.com>',
      '🔒 DATA',
      '🔒 QUIT',
    ])
  })

  it('discards capabilities announced in clear text', async ({ skip }) => {
    skip(!(await isTrusted()), 'NODE_EXTRA_CA_CERTS is not set')
    const { mailer, commands } = await server({ capabilities: ['STARTTLS', 'AUTH PLAIN'], securedCapabilities: [] })
    expect(await failure(mailer({ ...credentials, security: 'starttls' }).send(letter))).toMatchObject({
      permanent: false,
    })
    expect((await commands()).join()).not.toContain('AUTH')
  })
})
