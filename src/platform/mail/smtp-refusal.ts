import { truncate } from '../text/truncate.ts'
import { MailError } from './mailer.ts'

/** What a server answered to a command (RFC 5321, section 4.2). */
export interface Reply {
  readonly code: number
  readonly text: string
}

/** What the server judges at a step: before it hears whom a letter is for, us alone. */
export type Subject = 'us' | 'recipient' | 'letter'

/** What a message may not hold: secrets of ours, and whom the letter is for. */
export interface Hidden {
  readonly secrets: readonly string[]
  readonly recipients: readonly string[]
}

/**
 * A reply's code and its enhanced status (RFC 3463) are always told. Its words are told too, since they name the
 * reason, but not where a server may echo what it was sent: filters quote links, and links in letters are keys.
 * @param hidden what the words may not hold; false where they may not be told at all
 */
export function refusal(what: string, { code, text }: Reply, hidden: Hidden | false, about: Subject): MailError {
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
