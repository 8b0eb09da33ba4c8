import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Script, Transcript } from '../../../test/hostile-smtp.ts'
import { type Letter, MailError } from './mailer.ts'
import { type SmtpOptions, smtpMailer } from './smtp.ts'

const { SMTP_PORT, TEST_INBOX, TEST_HOSTILE_SMTP } = env

const here = { host: '127.0.0.1', security: 'none', from: 'Vizitka <hello@vizitka.test>', timeoutSeconds: 5 } as const
const letter: Letter = {
  to: 'ana@example.com',
  subject: 'Hello',
  text: 'Open the door: k3y',
  html: '<p>Open the door: k3y</p>',
}

/** A server that behaves as the script says; `heard` tells what its clients did. */
async function server(script: Script) {
  const started = await fetch(TEST_HOSTILE_SMTP, { method: 'POST', body: JSON.stringify(script) })
  const { port } = await started.json<{ port: number }>()
  const heard = async () => await (await fetch(`${TEST_HOSTILE_SMTP}/${port}`)).json<Transcript[]>()
  return {
    heard,
    mailer: (options: Partial<SmtpOptions> = {}) => smtpMailer({ ...here, port, ...options }),
    /** The commands of the only client there was, once it has gone. */
    commands: async () => {
      await expect.poll(heard, { timeout: 3000 }).toEqual([expect.objectContaining({ closed: true })])
      return (await heard()).flatMap(({ commands }) => commands)
    },
  }
}

async function failure(sending: Promise<void>): Promise<MailError> {
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof MailError)) throw new Error(`A MailError was expected, and this came: ${String(error)}`)
  return error
}

interface Detail {
  readonly From: { readonly Name: string; readonly Address: string }
  readonly To: { readonly Address: string }[]
  readonly Cc: unknown[]
  readonly Bcc: unknown[]
  readonly Subject: string
  readonly Text: string
  readonly HTML: string
  readonly MessageID: string
  readonly Date: string
}

/** Sends to the inbox, and reads there what has arrived. */
async function delivered(change: Partial<Letter>, options: Partial<SmtpOptions> = {}): Promise<Detail> {
  const to = change.to ?? `${crypto.randomUUID()}@example.com`
  await smtpMailer({ ...here, port: Number(SMTP_PORT), ...options }).send({ ...letter, ...change, to })
  const found = await fetch(`${TEST_INBOX}/api/v1/search?query=to:${encodeURIComponent(to)}`)
  const { messages } = await found.json<{ messages: { ID: string }[] }>()
  expect(messages).toHaveLength(1)
  return await (await fetch(`${TEST_INBOX}/api/v1/message/${messages[0]?.ID}`)).json<Detail>()
}

describe('a letter', () => {
  it('arrives, with the headers that machines look for', async () => {
    const arrived = await delivered({})
    expect(arrived).toMatchObject({
      From: { Name: 'Vizitka', Address: 'hello@vizitka.test' },
      Subject: 'Hello',
      Cc: [],
      Bcc: [],
      MessageID: expect.stringMatching(/^[\w-]+@vizitka\.test$/),
    })
    expect(Math.abs(Date.now() - Date.parse(arrived.Date))).toBeLessThan(60_000)

    const { mailer, heard } = await server({})
    await mailer().send(letter)
    const [transcript] = await heard()
    const [head] = transcript?.letter.split('\r\n\r\n') ?? []
    expect(head).toMatch(/^Auto-Submitted: auto-generated$/m)
    expect(head).toMatch(/^Date: \w{3}, \d{2} \w{3} \d{4} [\d:]{8} \+0000$/m)
    expect(head).toMatch(/^Message-ID: <[\w-]+@vizitka\.test>$/m)
    expect(head).not.toMatch(/^bcc:/im)
  })

  it.each([
    ['lines that begin with a dot', '.\n..\n.hidden\r\n.\r\nQUIT\r\nend'],
    ['lines longer than SMTP allows', `${'x'.repeat(5000)}\n${'слово '.repeat(500)}end`],
    ['Ukrainian, emoji and odd spaces', 'Вітаємо, Їжачку! 🦔\n=3D стрілка → кінець \t.\nhttps://a.test/?a=1&b=2#end'],
    ['text that looks like SMTP', 'RCPT TO:<eve@example.com>\r\nDATA\r\n354\r\nFrom me\nend'],
  ])('keeps %s', async (_what, text) => {
    const arrived = await delivered({ text, html: `<pre>${text}</pre>` })
    const lines = (body: string) => body.replaceAll('\r\n', '\n').trimEnd()
    expect(lines(arrived.Text)).toBe(lines(text))
    expect(lines(arrived.HTML)).toBe(lines(`<pre>${text}</pre>`))
  })

  it('travels in lines a strict server takes', async () => {
    const { mailer, heard, commands } = await server({ capabilities: ['DSN', 'SIZE 1000000'] })
    await mailer({ from: `Контактна книга ${'дуже '.repeat(30)}<hello@vizitka.test>` }).send({
      ...letter,
      subject: `Підтвердьте ${'адресу '.repeat(40)}`,
      text: 'х'.repeat(4000),
    })
    const [transcript] = await heard()
    for (const line of transcript?.letter.split('\r\n') ?? []) {
      expect(line).toMatch(/^\p{ASCII}*$/u)
      // RFC 5322 section 2.1.1 would have 78; the library's boundaries do not fit that, and 998 is the law.
      expect(line.length).toBeLessThanOrEqual(line.startsWith('Content-Type: multipart/') ? 998 : 78)
    }
    expect(await commands()).toEqual([
      'EHLO [127.0.0.1]',
      'MAIL FROM:<hello@vizitka.test> RET=HDRS',
      'RCPT TO:<ana@example.com> NOTIFY=FAILURE',
      'DATA',
      'QUIT',
    ])
  })

  it.each([
    ['Їжак, "Колючий" & Co.', '"Їжак, \\"Колючий\\" & Co." <hello@vizitka.test>'],
    ['Vizitka, Inc. "the book" \\ <x>', '"Vizitka, Inc. \\"the book\\" \\\\ <x>" <hello@vizitka.test>'],
    ["O'Neil; admin@example.com", "O'Neil; admin@example.com <hello@vizitka.test>"],
    ['=?UTF-8?Q?not_encoded?=', '=?UTF-8?Q?not_encoded?= <hello@vizitka.test>'],
    ['Д'.repeat(200), `${'Д'.repeat(200)} <hello@vizitka.test>`],
    ['', 'hello@vizitka.test'],
    ['', '<hello@vizitka.test>'],
  ])('is from %s', async (name, from) => {
    const arrived = await delivered({}, { from })
    expect(arrived.From).toEqual({ Name: name, Address: 'hello@vizitka.test' })
  })

  it.each(['Підтвердьте адресу 🦔'.repeat(9), '=?UTF-8?Q?plain?=', 'a'.repeat(300), '', ': <script>'])(
    'is about %s',
    async (subject) => {
      expect((await delivered({ subject })).Subject).toBe(subject)
    },
  )

  it('leaves nothing of itself in the next one', async () => {
    const [first, second] = ['first', 'second'].map((name) => `${name}-${crypto.randomUUID()}@example.com`) as [
      string,
      string,
    ]
    const mailer = smtpMailer({ ...here, port: Number(SMTP_PORT) })
    await mailer.send({ ...letter, to: first, subject: 'One' })
    await mailer.send({ ...letter, to: second, subject: 'Two' })
    const found = await fetch(`${TEST_INBOX}/api/v1/search?query=to:${second}`)
    expect(await found.json()).toMatchObject({ messages: [{ Subject: 'Two', To: [{ Address: second }], Bcc: [] }] })
  })

  it('goes to a domain written in any script', async () => {
    const { mailer, commands } = await server({})
    await mailer().send({ ...letter, to: 'ana@пошта.укр' })
    expect(await commands()).toContain('RCPT TO:<ana@xn--80a1acn3a.xn--j1amh>')
  })
})

describe('a smuggled line', () => {
  const hostile = ['\r\nBcc: eve@example.com', '\nRCPT TO:<eve@example.com>', '\rX: y', '\0', '\x7f', '\x85']

  it.each(hostile)('is refused in a subject: %j', async (tail) => {
    const { mailer, heard } = await server({})
    expect(await failure(mailer().send({ ...letter, subject: `Hello${tail}` }))).toMatchObject({ permanent: true })
    expect(await heard()).toEqual([])
  })

  it.each([
    ...hostile.flatMap((tail) => [`ana@example.com${tail}`, `ana${tail}@example.com`]),
    'ana@example.com> NOTIFY=NEVER',
    'ana@example.com>,<eve@example.com',
    'ana@example.com, eve@example.com',
    'Ana <ana@example.com>',
    '"ana@x"@example.com',
    'ana@[127.0.0.1]',
    'ana@example.com\u2028',
    'ana@пошта.укр/x',
    'ana',
    '@example.com',
    'ana@',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a.'.repeat(130)}com`,
    '',
  ])('is refused in a recipient: %j', async (to) => {
    const { mailer, heard } = await server({})
    // A mail program trims what surrounds an address; anything else is no address.
    expect(await failure(mailer().send({ ...letter, to }))).toMatchObject({ permanent: true })
    expect(await heard()).toEqual([])
  })

  it.each([...hostile.map((tail) => `Vizitka${tail} <hello@vizitka.test>`), 'Vizitka', 'Vizitka <hello>', 'a@b, c@d'])(
    'is refused in a sender: %j',
    async (from) => {
      const { mailer, heard } = await server({})
      // Configured wrongly, it can be mended while the letters wait.
      expect(await failure(mailer({ from }).send(letter))).toMatchObject({ permanent: false })
      expect(await heard()).toEqual([])
    },
  )
})

describe('a server that breaks off', () => {
  it.each<[string, Script['steps']]>([
    ['at once', { connect: { next: 'close' } }],
    ['by a reset', { connect: { next: 'reset' } }],
    ['after its greeting', { connect: { say: ['220 Hello\r\n'], next: 'close' } }],
    ['in the middle of a line', { connect: { say: ['220 Hel'], next: 'close' } }],
    ['in the middle of its capabilities', { EHLO: { say: ['250-hostile.test\r\n', '250-SI'], next: 'close' } }],
    ['at MAIL', { MAIL: { next: 'close' } }],
    ['at RCPT', { RCPT: { next: 'reset' } }],
    ['at DATA', { DATA: { next: 'close' } }],
    ['in the middle of the letter', { line: { next: 'close' } }],
    ['in the middle of the letter, by a reset', { line: { next: 'reset' } }],
    ['after the letter', { body: { next: 'close' } }],
  ])('%s is told at once, and may be tried again', async (_when, steps) => {
    const { mailer } = await server({ steps: steps ?? {} })
    const before = Date.now()
    expect(await failure(mailer().send(letter))).toMatchObject({ permanent: false })
    expect(Date.now() - before).toBeLessThan(2000)
  })

  it('after accepting the letter has accepted it', async () => {
    await (await server({ steps: { QUIT: { next: 'reset' } } })).mailer().send(letter)
    await (await server({ steps: { body: { say: ['250 Taken\r\n'], next: 'close' } } })).mailer().send(letter)
    const before = Date.now()
    await (await server({ steps: { QUIT: { next: 'hang' } } })).mailer().send(letter)
    expect(Date.now() - before).toBeLessThan(3000)
  })

  it('was never there', async () => {
    expect(await failure(smtpMailer({ ...here, port: 1 }).send(letter))).toMatchObject({ permanent: false })
  })
})

describe('a server that never finishes', () => {
  it.each<[string, Script['steps']]>([
    ['says nothing', { connect: { next: 'hang' } }],
    ['stops after half a line', { connect: { say: ['220'], next: 'hang' } }],
    ['stops at EHLO', { EHLO: { next: 'hang' } }],
    ['stops at RCPT', { RCPT: { next: 'hang' } }],
    ['stops at DATA', { DATA: { next: 'hang' } }],
    ['stops after the letter', { body: { next: 'hang' } }],
    ['goes on and on with its capabilities', { EHLO: { say: Array(200).fill('250-X\r\n'), next: 'hang' } }],
  ])('and %s is left when the time is up', async (_how, steps) => {
    const { mailer, commands } = await server({ steps: steps ?? {} })
    const before = Date.now()
    const error = await failure(mailer({ timeoutSeconds: 1 }).send(letter))
    expect(error).toMatchObject({ permanent: false, message: expect.stringContaining('within 1 seconds') })
    expect(Date.now() - before).toBeGreaterThan(900)
    expect(Date.now() - before).toBeLessThan(3000)
    await commands() // the connection is closed
  })
})

describe('a server that announces blanks by the thousand', () => {
  it('keeps nobody waiting', async () => {
    const blanks = ' \t'.repeat(3500)
    const announcements = [
      `250 AUTH${blanks}x${blanks}\r\n`,
      `250 ${'AUTH '.repeat(3000)}\r\n`,
      `250 AUTH=${'= '.repeat(7000)}\r\n`,
    ]
    for (const announcement of announcements) {
      const { mailer } = await server({ steps: { EHLO: { say: [announcement] } } })
      const before = Date.now()
      await mailer().send(letter)
      // Of blanks that are tried in each way, a thousand took a second, and thousands take minutes.
      expect(Date.now() - before).toBeLessThan(2000)
    }
  })
})

describe('a server that talks nonsense', () => {
  it.each<[string, Script['steps']]>([
    ['for a greeting', { connect: { say: ['HTTP/1.1 400 Bad Request\r\n\r\n'] } }],
    ['in octets', { connect: { say: ['\u0000\u0001\ufffd\n'] } }],
    ['in the middle of a reply', { EHLO: { say: ['250-hostile.test\r\n', 'what\r\n', '250 OK\r\n'] } }],
    ['without end', { connect: { next: 'flood' } }],
    ['at RCPT', { RCPT: { say: ['yes\r\n'] } }],
  ])('%s is left', async (_how, steps) => {
    const { mailer, commands } = await server({ steps: steps ?? {} })
    expect(await failure(mailer().send(letter))).toMatchObject({
      permanent: false,
      message: 'The mail server answered with something that is not SMTP.',
    })
    await commands()
  })

  it('in packets of any size is understood', async () => {
    const { mailer, commands } = await server({
      steps: {
        connect: { say: ['2', '20-Hello\r', '\n22', '0 again\r\n'] },
        EHLO: { say: ['250-hostile.test\r\n250-Ї', 'жак\r\n', '250-SIZE 1', '00\r\n', '250 ', 'DSN\r\n'] },
        MAIL: { say: ['250\r\n'] },
        RCPT: { say: ['250 fine\n'] },
      },
    })
    await mailer().send(letter)
    expect(await commands()).toHaveLength(5)
  })
})

describe('a refusal', () => {
  const steps = ['connect', 'EHLO', 'HELO', 'MAIL', 'RCPT', 'DATA', 'body'] as const
  const letters = ['RCPT', 'DATA', 'body']
  it.each(
    steps.flatMap((step) => [
      [step, '451', '4.7.1', false] as const,
      // No such mailbox: for good, but only where the letter is what is answered.
      [step, '550', '5.1.1', letters.includes(step)] as const,
      // Relaying denied, sender not allowed, no TLS: about us, though servers say so at RCPT, and to be mended.
      [step, '554', '5.7.1', false] as const,
      [step, '530', '5.7.0', false] as const,
    ]),
  )('at %s with %s %s', async (step, code, status, permanent) => {
    const says = { say: [`${code}-${status} Not\r\n${code} ${status} today\r\n`] }
    const { mailer, commands } = await server({
      steps: step === 'HELO' ? { EHLO: { say: ['502 5.5.1 What?\r\n'] }, HELO: says } : { HELO: says, [step]: says },
    })
    const error = await failure(mailer().send(letter))
    expect(error).toMatchObject({ permanent, message: expect.stringContaining(`${code} ${status}`) })
    await commands()
  })

  it('keeps what the server echoes of the letter and the password out of the message', async () => {
    const credentials = { username: 'ana', password: 'hunter2-їжак' }
    const base64 = btoa(String.fromCharCode(...new TextEncoder().encode('\0ana\0hunter2-їжак')))
    const echo = `550 5.7.1 Blocked: k3y hunter2-їжак ${base64}\r\n`
    for (const step of ['AUTH', 'MAIL', 'RCPT', 'body'] as const) {
      const { mailer } = await server({ capabilities: ['AUTH PLAIN'], steps: { [step]: { say: [echo] } } })
      const error = await failure(mailer(credentials).send(letter))
      expect(error.message).toContain('550 5.7.1')
      expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/hunter2|k3y|Blocked/)
      expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain(base64)
    }
  })

  it('is told without the address that the server repeats, in whatever way', async () => {
    const { to } = letter
    const name = to.slice(0, to.indexOf('@'))
    for (const [echo, reported] of [
      [
        `550 5.1.1 <${to}>: Recipient address rejected: User unknown`,
        '550 5.1.1 <…>: Recipient address rejected: User unknown',
      ],
      [`550 5.1.1 ${to.toUpperCase()}... User unknown`, '550 5.1.1 … User unknown'],
      [`550 No such mailbox: ${name.toUpperCase()}`, '550 No such mailbox: …'],
      [`552 5.2.2 "${name}" is over quota, as is ${name}@elsewhere.test`, '552 5.2.2 "…" is over quota, as is …'],
    ]) {
      const { mailer } = await server({ steps: { RCPT: { say: [`${echo}\r\n`] } } })
      const { message } = await failure(mailer().send(letter))
      expect(message).toBe(`The mail server refused the recipient: ${reported}`)
    }
  })

  it('is told in one short printable line', async () => {
    const { mailer } = await server({ steps: { RCPT: { say: [`550 \u001b[31m no\tsuch ${'x'.repeat(900)}\r\n`] } } })
    const { message } = await failure(mailer().send(letter))
    expect(message).toMatch(/^The mail server refused the recipient: 550 \[31m no such x+$/)
    expect(message.length).toBeLessThan(260)
  })

  it('is told in whole characters, however long it is', async () => {
    const { mailer } = await server({ steps: { RCPT: { say: [`550 ${'x'.repeat(199)}😀 and more\r\n`] } } })
    const { message } = await failure(mailer().send(letter))
    expect(message).toBe(`The mail server refused the recipient: 550 ${'x'.repeat(199)}😀`)
  })

  it.each([
    // [what is said at RCPT, for good, about this letter alone]
    ['501 Bad address syntax', true, true],
    ['501 5.5.4 Invalid arguments', false, false],
    ['450 4.1.2 Recipient address rejected: Domain not found', false, true],
    ['450 4.1.1 Unverified address', false, true],
    ['452 4.2.2 Mailbox full', false, true],
    ['550 5.1.1 User unknown', true, true],
    // About the sender, though said at RCPT: MAIL_FROM can be mended.
    ['450 4.1.8 Sender address rejected: Domain not found', false, false],
    ['550 5.1.8 Sender address rejected: Domain not found', false, false],
    ['451 4.3.0 Temporary lookup failure', false, false],
    ['450 Try again later', false, false],
    ['554 5.7.1 Relay access denied', false, false],
  ])('at RCPT with “%s” is for good: %s, and about this letter alone: %s', async (output, permanent, aboutLetter) => {
    const { mailer } = await server({ steps: { RCPT: { say: [`${output}\r\n`] } } })
    expect(await failure(mailer().send(letter))).toMatchObject({ permanent, aboutLetter })
  })
})

describe('credentials', () => {
  const credentials = { username: 'ana', password: 'pässwörd' }
  const decoded = (base64 = '') => new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)))

  it('go by AUTH PLAIN, in UTF-8', async () => {
    const { mailer, commands } = await server({ capabilities: ['AUTH CRAM-MD5 LOGIN PLAIN'] })
    await mailer(credentials).send(letter)
    const auth = (await commands()).find((command) => command.startsWith('AUTH'))
    expect(decoded(auth?.replace('AUTH PLAIN ', ''))).toBe('\0ana\0pässwörd')
  })

  it('are not needed where the server merely offers to take some', async () => {
    const { mailer, commands } = await server({ capabilities: ['AUTH PLAIN LOGIN'] })
    await mailer().send(letter)
    expect(await commands()).not.toContainEqual(expect.stringMatching(/^AUTH/))
    await delivered({}, credentials) // the inbox takes any
    await delivered({})
  })

  it.each([[[]], [['AUTH CRAM-MD5']], [['AUTH XOAUTH2 GSSAPI']]])(
    'have nowhere to go where %j is offered',
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
    // What some firewalls make of STARTTLS, so that nobody encrypts: as many letters, and no such word.
    ['was cut out of the answer', { capabilities: ['XXXXXXXA', 'AUTH PLAIN'] }, ['EHLO [127.0.0.1]']],
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

  it('is not used where clear text was asked for', async () => {
    const { mailer, commands } = await server({ capabilities: ['STARTTLS'] })
    await mailer().send(letter)
    expect(await commands()).not.toContain('STARTTLS')
  })
})

describe('an encrypted connection', () => {
  const credentials = { username: 'ana', password: 'hunter2' } as const
  const starttls: Script = { capabilities: ['STARTTLS'], securedCapabilities: ['AUTH PLAIN'] }
  const both = [['tls', { ...starttls, tls: true }] as const, ['starttls', starttls] as const]

  // workerd accepts the hostile server's certificate only where NODE_EXTRA_CA_CERTS names it: see hostile-smtp.ts.
  const isTrusted = async () => (await (await fetch(TEST_HOSTILE_SMTP)).json<{ trusted: boolean }>()).trusted

  it.for(both)('to a server nobody vouches for is given up (%s)', async ([security, script]) => {
    const { mailer, commands } = await server({ ...script, stranger: true })
    expect(await failure(mailer({ ...credentials, security }).send(letter))).toMatchObject({ permanent: false })
    expect((await commands()).join()).not.toMatch(/AUTH|MAIL|RCPT|DATA/)
  })

  it.for(both)('carries all that matters (%s)', async ([security, script], { skip }) => {
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

  it('forgets what was promised in clear text', async ({ skip }) => {
    skip(!(await isTrusted()), 'NODE_EXTRA_CA_CERTS is not set')
    const { mailer, commands } = await server({ capabilities: ['STARTTLS', 'AUTH PLAIN'], securedCapabilities: [] })
    expect(await failure(mailer({ ...credentials, security: 'starttls' }).send(letter))).toMatchObject({
      permanent: false,
    })
    expect((await commands()).join()).not.toContain('AUTH')
  })
})

describe('a recipient beyond ASCII', () => {
  const to = 'їжак@example.com'

  it('is refused for good where the server knows no SMTPUTF8', async () => {
    const { mailer, commands } = await server({})
    const error = await failure(mailer().send({ ...letter, to }))
    expect(error).toMatchObject({ permanent: true, message: expect.stringContaining('SMTPUTF8') })
    expect(await commands()).toEqual(['EHLO [127.0.0.1]'])
  })

  it('is no fault of a letter where only the sender is: MAIL_FROM can be mended while it waits', async () => {
    const { mailer } = await server({})
    const error = await failure(mailer({ from: 'Їжак <їжак@vizitka.test>' }).send(letter))
    expect(error).toMatchObject({ permanent: false, message: expect.stringContaining('SMTPUTF8') })
  })

  it('gets the letter where it does', async () => {
    const { mailer, commands } = await server({ capabilities: ['8BITMIME', 'SMTPUTF8'] })
    await mailer().send({ ...letter, to })
    expect(await commands()).toContain('MAIL FROM:<hello@vizitka.test> SMTPUTF8')
    const mine = `їжак-${crypto.randomUUID()}@example.com`
    expect((await delivered({ to: mine })).To).toEqual([{ Name: '', Address: mine }])
  })
})
