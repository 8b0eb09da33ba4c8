import { type Email, LogLevel, WorkerMailer, type WorkerMailerOptions } from 'worker-mailer'
import { isAscii } from '../text/email.ts'
import { withTimeout } from '../timeout.ts'
import { MailError } from './mailer.ts'
import { hasControls, octets } from './message.ts'
import type { SmtpOptions } from './smtp-options.ts'
import { type Hidden, type Reply, refusal, type Subject } from './smtp-refusal.ts'

const goodbyeMilliseconds = 1000 // the letter is accepted by then, so QUIT's answer is a courtesy
const longestReply = 16_384 // characters; RFC 5321 section 4.5.3.1.5 gives a line 512

/**
 * The parts of worker-mailer 1.2.1 this file builds on. It calls them private: its version is pinned, and tests hold
 * it.
 */
interface Parts {
  socket: Socket
  reader: ReadableStreamDefaultReader<Uint8Array>
  writer: WritableStreamDefaultWriter<Uint8Array>
  emailSending: Email | null
  supportsStartTls: boolean
  allowAuth: boolean
  authTypeSupported: string[]
  greet(): Promise<void>
  ehlo(): Promise<void>
  tls(): Promise<void>
  auth(): Promise<void>
  mail(): Promise<void>
  rcpt(): Promise<void>
  data(): Promise<void>
  body(): Promise<void>
  parseCapabilities(reply: string): void
  read(): Promise<string>
  readTimeout(): Promise<string>
  writeLine(line: string): Promise<void>
}

const WorkerMailerParts = WorkerMailer as unknown as new (options: WorkerMailerOptions) => Parts

/**
 * One connection, one letter or none. worker-mailer brings the commands and the MIME; its reading, its timeouts and its
 * queue are replaced, because it reads a closed connection for ever without yielding to any timer.
 */
class Conversation extends WorkerMailerParts {
  private readonly options: SmtpOptions
  private readonly email: Email | null
  private readonly decoder = new TextDecoder()
  private heard = ''
  private reply: Reply | undefined
  private supportsSmtpUtf8 = false

  constructor(options: SmtpOptions, email: Email | null) {
    super({
      host: options.host,
      port: options.port,
      secure: options.security === 'tls',
      startTls: options.security === 'starttls',
      // RFC 4616 wants UTF-8, and the library's btoa() knows octets only.
      ...(hasCredentials(options) && {
        credentials: { username: octets(options.username), password: octets(options.password) },
      }),
      authType: ['plain', 'login'],
      // Left to itself it asks servers that know RFC 3461 never to report a bounce.
      dsn: { RET: { HEADERS: true }, NOTIFY: { FAILURE: true } },
      // Its log shows every line, the password among them.
      logLevel: LogLevel.NONE,
    })
    this.options = options
    this.email = email
    this.emailSending = email
  }

  /** Greets the server, encrypted where that was asked for, and learns what it can do. */
  private async introduce(): Promise<void> {
    await this.step('the connection', async () => void (await this.socket.opened))
    await this.step('the connection', () => this.greet())
    await this.step('our greeting', () => this.ehlo())
    if (this.options.security === 'starttls') {
      await this.step('encryption', () => this.tls())
      await this.step('our greeting', () => this.ehlo())
    }
  }

  async offersSmtpUtf8(): Promise<boolean> {
    await this.introduce()
    return this.supportsSmtpUtf8
  }

  /** Resolves once the server has taken responsibility for the letter (RFC 5321 section 4.2.5). */
  async deliver(): Promise<void> {
    await this.introduce()
    if (hasCredentials(this.options)) await this.step('the user name or password', () => this.auth(), { quote: false })
    await this.step('the sender', () => this.mail())
    // Before, a refusal is about us: a wrong password must not kill every letter. From here on it may be about this
    // one.
    await this.step('the recipient', () => this.rcpt(), { about: 'recipient' })
    await this.step('the letter', () => this.data(), { about: 'letter' })
    await this.step('the letter', () => this.body(), { quote: false, about: 'letter' })
  }

  /** Says goodbye (RFC 5321 section 4.1.1.10). However the server takes it, the letter is its own by now. */
  async quit(): Promise<void> {
    const goodbye = async () => {
      await this.writeLine('QUIT')
      await this.read()
    }
    await withTimeout('The goodbye', goodbyeMilliseconds, goodbye).catch(() => undefined)
  }

  hangUp(): void {
    // A server that is gone already makes closing fail, which is as good as closed.
    this.socket.close().catch(() => undefined)
  }

  /** One whole reply (RFC 5321 section 4.2.1), however it was cut into packets. */
  override async read(): Promise<string> {
    const lines: string[] = []
    for (let length = 0; length < longestReply; ) {
      const line = await this.readLine()
      const [, code, separator, text = ''] = /^(\d{3})(?:([ -])(.*))?$/.exec(line) ?? []
      if (code === undefined) break
      lines.push(text)
      length += line.length
      if (separator === '-') continue
      this.reply = { code: Number(code), text: lines.join(' ') }
      return lines.map((each, n) => `${code}${n < lines.length - 1 ? '-' : ' '}${each}\r\n`).join('')
    }
    throw new MailError('The mail server answered with something that is not SMTP.')
  }

  private async readLine(): Promise<string> {
    while (!this.heard.includes('\n') && this.heard.length < longestReply) {
      const { done, value } = await this.reader.read()
      if (done) throw new MailError('The mail server closed the connection before it had taken the letter.')
      this.heard += this.decoder.decode(value, { stream: true })
    }
    const [line = ''] = this.heard.split('\n', 1)
    this.heard = this.heard.slice(line.length + 1)
    return line.replace(/\r$/, '')
  }

  /** The library races each reply against a timer it never clears; one deadline over everything does better. */
  override readTimeout(): Promise<string> {
    return this.read()
  }

  /** Each command passes here: the second fence against smuggled ones, and the grammar strict servers insist on. */
  override writeLine(line: string): Promise<void> {
    if (hasControls(line)) throw new MailError('An SMTP command may not hold control characters.', { permanent: true })
    this.reply = undefined // it answered an earlier command
    const strict = line
      .replace(/^(EHLO|HELO) .*$/, '$1 [127.0.0.1]') // RFC 5321 section 4.1.3; a Worker has no name of its own
      .replace(/^(MAIL FROM|RCPT TO): </, '$1:<') // RFC 5321 section 3.3: no space there
    return super.writeLine(strict.startsWith('MAIL FROM') && this.needsSmtpUtf8() ? `${strict} SMTPUTF8` : strict)
  }

  override parseCapabilities(reply: string): void {
    // The library's patterns try each way to share out blanks: a line of a few thousand would keep the isolate busy for
    // minutes.
    super.parseCapabilities(reply.replace(/[^\S\r\n]+/g, ' '))
    this.supportsSmtpUtf8 = /^250[ -]SMTPUTF8\b/im.test(reply)
  }

  override async tls(): Promise<void> {
    if (!this.supportsStartTls) {
      throw new MailError(
        'The mail server does not offer STARTTLS, so nothing was sent. Check SMTP_PORT and SMTP_SECURITY.',
      )
    }
    await this.writeLine('STARTTLS')
    await this.read()
    if (this.reply?.code !== 220) throw new Error('STARTTLS was refused')
    // What came in clear text after the "go ahead" may be anybody's words (RFC 3207 section 6).
    if (this.heard !== '') throw new MailError('The mail server spoke out of turn before encryption. Nothing was sent.')
    this.reader.releaseLock()
    this.writer.releaseLock()
    this.socket = this.socket.startTls()
    this.reader = this.socket.readable.getReader()
    this.writer = this.socket.writable.getWriter()
    // RFC 3207 section 4.2: what was promised in clear text is forgotten.
    this.supportsStartTls = false
    this.allowAuth = false
    this.authTypeSupported = []
    this.supportsSmtpUtf8 = false
  }

  override async auth(): Promise<void> {
    if (!this.authTypeSupported.some((type) => type === 'plain' || type === 'login')) {
      throw new MailError('The mail server offers no sign-in by AUTH PLAIN or AUTH LOGIN, so nothing was sent.')
    }
    await super.auth()
  }

  override async mail(): Promise<void> {
    if (this.needsSmtpUtf8() && !this.supportsSmtpUtf8) {
      throw new MailError('The mail server takes no addresses with letters beyond ASCII (SMTPUTF8, RFC 6531).', {
        // The sender's address (MAIL_FROM) is configured, and can be mended while the letter waits.
        permanent: this.email?.to.some(({ email }) => !isAscii(email)) === true,
      })
    }
    await super.mail()
  }

  private needsSmtpUtf8(): boolean {
    return this.email !== null && [this.email.from, ...this.email.to].some(({ email }) => !isAscii(email))
  }

  /** What no message may hold: with our secrets, no word; whom the letter is for is left out of the words. */
  private hidden(): Hidden {
    return { secrets: secretsOf(this.options), recipients: this.email?.to.map(({ email }) => email) ?? [] }
  }

  /** Runs a step, and turns whatever it throws into a MailError that may be logged. */
  private async step(
    what: string,
    run: () => Promise<void>,
    { quote = true, about = 'us' }: { quote?: boolean; about?: Subject } = {},
  ): Promise<void> {
    this.reply = undefined
    try {
      await run()
    } catch (error) {
      if (error instanceof MailError) throw error
      // The library's own errors are no `cause`: they hold the server's words, and those may hold our secrets.
      if (this.reply) throw refusal(what, this.reply, quote && this.hidden(), about)
      throw new MailError(`The connection to the mail server ${this.options.host} failed.`, { cause: error })
    }
  }
}

/**
 * Begins a conversation, to send an e-mail or only to learn what the server takes.
 * @throws MailError when the runtime opens no connection there
 */
export function openConversation(options: SmtpOptions, email: Email | null): Conversation {
  try {
    return new Conversation(options, email)
  } catch (error) {
    throw new MailError(`The mail server ${options.host}:${options.port} cannot be reached.`, { cause: error })
  }
}

function hasCredentials(options: SmtpOptions): options is SmtpOptions & { username: string; password: string } {
  return options.username !== undefined && options.password !== undefined
}

/** The password in every shape in which it travels. */
function secretsOf(options: SmtpOptions): string[] {
  if (!hasCredentials(options)) return []
  const [username, password] = [octets(options.username), octets(options.password)]
  return [options.password, btoa(password), btoa(`\0${username}\0${password}`)].filter((secret) => secret !== '')
}
