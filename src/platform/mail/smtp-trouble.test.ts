import { describe, expect, it } from 'vitest'
import type { Script } from '../../../test/hostile-smtp.ts'
import { failure, here, letter, server } from '../../../test/smtp.ts'
import { smtpMailer } from './smtp.ts'

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
  ])('%s is reported at once, and may be tried again', async (_when, steps) => {
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

  it('that does not exist fails', async () => {
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
  ])('and %s is left at the deadline', async (_how, steps) => {
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
  it('does not block the isolate', async () => {
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
      // With backtracking, thousands of blanks take minutes; a busy machine takes five seconds for a letter.
      expect(Date.now() - before).toBeLessThan(20_000)
    }
  })
})

describe('a server that sends invalid replies', () => {
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

  it('that splits its replies into packets of any size is understood', async () => {
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
      // No such mailbox: permanent, but only if the reply concerns the letter.
      [step, '550', '5.1.1', letters.includes(step)] as const,
      // Relaying denied, sender not allowed, no TLS: these concern us, though servers say so at RCPT, and can be
      // corrected.
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

  it('keeps the letter and the password, which the server may echo, out of the message', async () => {
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

  it('is reported without the recipient that the server repeats, in any spelling', async () => {
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

  it('is reported in one short printable line', async () => {
    const { mailer } = await server({ steps: { RCPT: { say: [`550 \u001b[31m no\tsuch ${'x'.repeat(900)}\r\n`] } } })
    const { message } = await failure(mailer().send(letter))
    expect(message).toMatch(/^The mail server refused the recipient: 550 \[31m no such x+$/)
    expect(message.length).toBeLessThan(260)
  })

  it('is reported in whole characters, however long it is', async () => {
    const { mailer } = await server({ steps: { RCPT: { say: [`550 ${'x'.repeat(199)}😀 and more\r\n`] } } })
    const { message } = await failure(mailer().send(letter))
    expect(message).toBe(`The mail server refused the recipient: 550 ${'x'.repeat(199)}😀`)
  })

  it.each([
    // [the reply at RCPT, whether it is permanent, whether it concerns only this letter]
    ['501 Bad address syntax', true, true],
    ['501 5.5.4 Invalid arguments', false, false],
    ['450 4.1.2 Recipient address rejected: Domain not found', false, true],
    ['450 4.1.1 Unverified address', false, true],
    ['452 4.2.2 Mailbox full', false, true],
    ['550 5.1.1 User unknown', true, true],
    // These concern the sender, though said at RCPT: MAIL_FROM can be corrected.
    ['450 4.1.8 Sender address rejected: Domain not found', false, false],
    ['550 5.1.8 Sender address rejected: Domain not found', false, false],
    ['451 4.3.0 Temporary lookup failure', false, false],
    ['450 Try again later', false, false],
    ['554 5.7.1 Relay access denied', false, false],
  ])('at RCPT with “%s” is permanent: %s, and only about this letter: %s', async (output, permanent, aboutLetter) => {
    const { mailer } = await server({ steps: { RCPT: { say: [`${output}\r\n`] } } })
    expect(await failure(mailer().send(letter))).toMatchObject({ permanent, aboutLetter })
  })
})
