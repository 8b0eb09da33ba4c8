import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { delivered, failure, here, letter, server } from '../../../test/smtp.ts'
import { smtpMailer } from './smtp.ts'

const { SMTP_PORT, TEST_INBOX } = env

describe('a letter', () => {
  it('arrives, with the standard headers', async () => {
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
    expect(head).not.toMatch(/^(bcc|list-unsubscribe.*):/im)
  })

  it('has the Message-ID that it was given, and says how one click ends letters of its kind', async () => {
    const { mailer, heard } = await server({})
    const unsubscribeUrl = `https://vizitka.test/unsubscribe/1.${'x'.repeat(43)}`
    await mailer().send({ ...letter, messageId: 'of-ours', unsubscribeUrl })
    const [transcript] = await heard()
    const [head] = transcript?.letter.split('\r\n\r\n') ?? []
    expect(head).toMatch(/^Message-ID: <of-ours@vizitka\.test>$/m)
    expect(head?.split('\r\n')).toContain(`List-Unsubscribe: <${unsubscribeUrl}>`)
    expect(head).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m)
    for (const odd of [
      { messageId: 'a\r\nBcc: eve@example.com' },
      { unsubscribeUrl: 'https://a\r\nBcc: b@c.example' },
    ]) {
      expect(await failure(mailer().send({ ...letter, ...odd }))).toMatchObject({ permanent: true })
    }
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

  it('is sent in lines that a strict server accepts', async () => {
    const { mailer, heard, commands } = await server({ capabilities: ['DSN', 'SIZE 1000000'] })
    await mailer({ from: `Контактна книга ${'дуже '.repeat(30)}<hello@vizitka.test>` }).send({
      ...letter,
      subject: `Підтвердьте ${'адресу '.repeat(40)}`,
      text: 'х'.repeat(4000),
    })
    const [transcript] = await heard()
    for (const line of transcript?.letter.split('\r\n') ?? []) {
      expect(line).toMatch(/^\p{ASCII}*$/u)
      // RFC 5322 section 2.1.1 recommends 78; the library's boundaries are longer, and 998 is required.
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

  it('leaks nothing into the next one', async () => {
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

describe('an injected line', () => {
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
    // A mail program trims blanks around an address; anything else makes it invalid.
    expect(await failure(mailer().send({ ...letter, to }))).toMatchObject({ permanent: true })
    expect(await heard()).toEqual([])
  })

  it.each([...hostile.map((tail) => `Vizitka${tail} <hello@vizitka.test>`), 'Vizitka', 'Vizitka <hello>', 'a@b, c@d'])(
    'is refused in a sender: %j',
    async (from) => {
      const { mailer, heard } = await server({})
      // If misconfigured, it can be corrected while the letters wait.
      expect(await failure(mailer({ from }).send(letter))).toMatchObject({ permanent: false })
      expect(await heard()).toEqual([])
    },
  )
})

describe('a recipient beyond ASCII', () => {
  const to = 'їжак@example.com'

  it('is refused for good if the server does not support SMTPUTF8', async () => {
    const { mailer, commands } = await server({})
    const error = await failure(mailer().send({ ...letter, to }))
    expect(error).toMatchObject({ permanent: true, message: expect.stringContaining('SMTPUTF8') })
    expect(await commands()).toEqual(['EHLO [127.0.0.1]'])
  })

  it('does not fail the letter if only the sender is: MAIL_FROM can be corrected while it waits', async () => {
    const { mailer } = await server({})
    const error = await failure(mailer({ from: 'Їжак <їжак@vizitka.test>' }).send(letter))
    expect(error).toMatchObject({ permanent: false, message: expect.stringContaining('SMTPUTF8') })
  })

  it('gets the letter if the server supports it', async () => {
    const { mailer, commands } = await server({ capabilities: ['8BITMIME', 'SMTPUTF8'] })
    await mailer().send({ ...letter, to })
    expect(await commands()).toContain('MAIL FROM:<hello@vizitka.test> SMTPUTF8')
    const mine = `їжак-${crypto.randomUUID()}@example.com`
    expect((await delivered({ to: mine })).To).toEqual([{ Name: '', Address: mine }])
  })
})
