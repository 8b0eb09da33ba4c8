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
 * The parts of worker-mailer 1.2.1 that this file uses. They are declared private; the version is pinned, and tests
 * check them.
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
 * One connection for one letter or none. worker-mailer provides the commands and MIME. Its reading, timeouts and queue
 * are replaced, because it reads a closed connection forever without yielding to any timer.
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
      // RFC 4616 requires UTF-8, but the library's btoa() accepts octets only.
      ...(hasCredentials(options) && {
        credentials: { username: octets(options.username), password: octets(options.password) },
      }),
      authType: ['plain', 'login'],
      // By default, the library asks servers that support RFC 3461 never to report a bounce.
      dsn: { RET: { HEADERS: true }, NOTIFY: { FAILURE: true } },
      // The library's log contains every line, the password included.
      logLevel: LogLevel.NONE,
    })
    this.options = options
    this.email = email
    this.emailSending = email
  }

  /** Greets the server, with encryption if required, and learns its capabilities. */
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
    // Until here, a refusal concerns our configuration: a wrong password must not fail every letter for good. From here
    // on it may concern this letter.
    await this.step('the recipient', () => this.rcpt(), { about: 'recipient' })
    await this.step('the letter', () => this.data(), { about: 'letter' })
    await this.step('the letter', () => this.body(), { quote: false, about: 'letter' })
  }

  /** Sends QUIT (RFC 5321 section 4.1.1.10). Whatever the server answers, it has accepted the letter. */
  async quit(): Promise<void> {
    const goodbye = async () => {
      await this.writeLine('QUIT')
      await this.read()
    }
    await withTimeout('The goodbye', goodbyeMilliseconds, goodbye).catch(() => undefined)
  }

  hangUp(): void {
    // Closing fails if the server has gone already, which is as good as closed.
    this.socket.close().catch(() => undefined)
  }

  /** Reads one complete reply (RFC 5321 section 4.2.1), however it was split into packets. */
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
      if (done) throw new MailError('The mail server closed the connection before it had accepted the letter.')
      this.heard += this.decoder.decode(value, { stream: true })
    }
    const [line = ''] = this.heard.split('\n', 1)
    this.heard = this.heard.slice(line.length + 1)
    return line.replace(/\r$/, '')
  }

  /** The library sets a timer for each reply and never clears it. One deadline for the whole conversation is better. */
  override readTimeout(): Promise<string> {
    return this.read()
  }

  /** Checks each command: a second defence against injected commands, and the grammar that strict servers require. */
  override writeLine(line: string): Promise<void> {
    if (hasControls(line)) throw new MailError('An SMTP command may not hold control characters.', { permanent: true })
    this.reply = undefined // it answered an earlier command
    const strict = line
      .replace(/^(EHLO|HELO) .*$/, '$1 [127.0.0.1]') // RFC 5321 section 4.1.3; a Worker has no name of its own
      .replace(/^(MAIL FROM|RCPT TO): </, '$1:<') // RFC 5321 section 3.3: no space there
    return super.writeLine(strict.startsWith('MAIL FROM') && this.needsSmtpUtf8() ? `${strict} SMTPUTF8` : strict)
  }

  override parseCapabilities(reply: string): void {
    // The library's patterns backtrack over blanks: a line with a few thousand would block the isolate for minutes.
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
    // Text that came unencrypted after the "go ahead" may be injected (RFC 3207 section 6).
    if (this.heard !== '')
      throw new MailError('The mail server sent data before encryption began. Nothing was sent to it.')
    this.reader.releaseLock()
    this.writer.releaseLock()
    this.socket = this.socket.startTls()
    this.reader = this.socket.readable.getReader()
    this.writer = this.socket.writable.getWriter()
    // RFC 3207 section 4.2: capabilities announced before encryption are discarded.
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
      throw new MailError('The mail server does not accept addresses with letters beyond ASCII (SMTPUTF8, RFC 6531).', {
        // The sender's address (MAIL_FROM) is configured, and can be corrected while the letter waits.
        permanent: this.email?.to.some(({ email }) => !isAscii(email)) === true,
      })
    }
    await super.mail()
  }

  private needsSmtpUtf8(): boolean {
    return this.email !== null && [this.email.from, ...this.email.to].some(({ email }) => !isAscii(email))
  }

  /** What no error message may contain: our secrets, and the recipient. */
  private hidden(): Hidden {
    return { secrets: secretsOf(this.options), recipients: this.email?.to.map(({ email }) => email) ?? [] }
  }

  /** Runs a step, and turns any error into a MailError that may be logged. */
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
      // The library's own error is not set as `cause`: it contains the server's words, which may contain our secrets.
      if (this.reply) throw refusal(what, this.reply, quote && this.hidden(), about)
      throw new MailError(`The connection to the mail server ${this.options.host} failed.`, { cause: error })
    }
  }
}

/**
 * Opens a conversation, to send a letter or only to learn the server's capabilities.
 * @throws MailError if the runtime cannot open a connection
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

/** The password in every encoding in which it is sent. */
function secretsOf(options: SmtpOptions): string[] {
  if (!hasCredentials(options)) return []
  const [username, password] = [octets(options.username), octets(options.password)]
  return [options.password, btoa(password), btoa(`\0${username}\0${password}`)].filter((secret) => secret !== '')
}
