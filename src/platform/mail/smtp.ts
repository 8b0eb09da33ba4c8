import { type Email, LogLevel, WorkerMailer, type WorkerMailerOptions } from 'worker-mailer'
import { isAscii } from '../text/email.ts'
import { truncate } from '../text/truncate.ts'
import { TimeoutError, withTimeout } from '../timeout.ts'
import { MailError, type Mailer } from './mailer.ts'
import { compose, hasControls, octets } from './message.ts'

/** Where letters leave, and in whose name. */
export interface SmtpOptions {
  readonly host: string
  /** 465 goes with `tls`, 587 with `starttls`. Cloudflare lets no Worker out through port 25. */
  readonly port: number
  /**
   * `tls`: encrypted from the first byte (RFC 8314). `starttls`: encrypted by RFC 3207, or no letter. `none`: clear
   * text.
   */
  readonly security: 'tls' | 'starttls' | 'none'
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** `Name <a@b>`, or an address alone. */
  readonly from: string
  /** For the whole conversation, from connecting to the server's last word. Twenty unless said otherwise. */
  readonly timeoutSeconds?: number | undefined
}

const defaultTimeoutSeconds = 20 // waitUntil allows 30 after the answer: room is left to write down how it ended
const goodbyeMilliseconds = 1000 // the letter is accepted by then, so QUIT's answer is a courtesy
const longestReply = 16_384 // characters; RFC 5321 section 4.5.3.1.5 gives a line 512

/**
 * Sends each letter over a connection of its own (RFC 5321), by worker-mailer.
 *
 * `send` throws a MailError: at once and permanent when the subject or an address could smuggle a header or a command
 * or cannot be a mailbox; permanent when the server answers 5yz to the recipient or the letter and means these; passing
 * when it answers 4yz, or 5yz to anything else, breaks off, talks nonsense, takes longer than `timeoutSeconds`, or
 * withholds the encryption or the sign-in that was asked for. `aboutLetter` when the refusal, 4yz too, means the
 * recipient or the letter. No message holds the password or a word of the letter.
 */
export function smtpMailer(options: SmtpOptions): Mailer {
  return {
    async send(letter) {
      const email = compose(options.from, letter)
      const conversation = open(options, email)
      const timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds
      try {
        await withTimeout('The mail server', timeoutSeconds * 1000, () => conversation.deliver())
        await conversation.quit()
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        throw new MailError(`The mail server did not take the letter within ${timeoutSeconds} seconds.`)
      } finally {
        conversation.hangUp()
      }
    },
  }
}

/**
 * Asks the mail server whether it takes addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531, section
 * 3.1).
 * @throws MailError when it does not say
 */
export async function supportsSmtpUtf8(options: SmtpOptions): Promise<boolean> {
  const conversation = open(options, null)
  const timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds
  try {
    const answer = await withTimeout('The mail server', timeoutSeconds * 1000, () => conversation.offersSmtpUtf8())
    await conversation.quit()
    return answer
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new MailError(`The mail server did not say what it takes within ${timeoutSeconds} seconds.`)
  } finally {
    conversation.hangUp()
  }
}

// ---------------------------------------------------------------- the conversation

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

interface Reply {
  readonly code: number
  readonly text: string
}

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

/** What the server judges at a step: before it hears whom a letter is for, us alone. */
type Subject = 'us' | 'recipient' | 'letter'

interface Hidden {
  readonly secrets: readonly string[]
  readonly recipients: readonly string[]
}

function open(options: SmtpOptions, email: Email | null): Conversation {
  try {
    return new Conversation(options, email)
  } catch (error) {
    throw new MailError(`The mail server ${options.host}:${options.port} cannot be reached.`, { cause: error })
  }
}

/**
 * A reply's code and its enhanced status (RFC 3463) are always told. Its words are told too, since they name the
 * reason, but not where a server may echo what it was sent: filters quote links, and links in letters are keys.
 * @param hidden what the words may not hold; false where they may not be told at all
 */
function refusal(what: string, { code, text }: Reply, hidden: Hidden | false, about: Subject): MailError {
  const isTold = hidden && !hidden.secrets.some((secret) => text.includes(secret))
  const words = isTold
    ? withoutAddresses(text, hidden.recipients)
    : (/^[245]\.\d{1,3}\.\d{1,3}\b/.exec(text)?.[0] ?? '')
  const printable = truncate(words.replace(/[\s\p{C}]+/gu, ' ').trim(), 200)
  const aboutLetter = isAboutLetter(code, text, about)
  const permanent = aboutLetter && code >= 500
  return new MailError(`The mail server refused ${what}: ${`${code} ${printable}`.trim()}`, { permanent, aboutLetter })
}

/**
 * Words in which a server repeats whom a letter is for, in whatever case, or only what is before the @: without that.
 */
function withoutAddresses(text: string, recipients: readonly string[]): string {
  const names = recipients.map((address) => RegExp.escape(address.slice(0, address.lastIndexOf('@'))))
  const named = new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join('|')})(?![\\p{L}\\p{N}])`, 'giu')
  return text.replace(/[^\s<>()[\],;:]{1,64}@[^\s<>()[\],;:]{1,255}/g, '…').replace(named, '…')
}

/**
 * Whether a refusal is about the letter or whom it is for. Servers answer many of their grudges against the sender at
 * RCPT too (relaying, sender policy, missing TLS, the sender's address: RFC 3463's x.3, x.5, x.7, x.1.7 and x.1.8), and
 * those can be mended. Of replies without an enhanced status, 501 at RCPT is about the address's syntax (RFC 5321,
 * section 4.3.2).
 */
function isAboutLetter(code: number, text: string, about: Subject): boolean {
  if (about === 'us') return false
  const [, subject = '', detail = ''] = /^[45]\.(\d{1,3})\.(\d{1,3})\b/.exec(text) ?? []
  if (subject === '') return [550, 551, 553].includes(code) || (about === 'recipient' && code === 501)
  return subject === '1' ? !['7', '8'].includes(detail) : ['2', '6'].includes(subject)
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
