import { truncate } from '../text/truncate.ts'
import { MailError } from './mailer.ts'

/** What a server answered to a command (RFC 5321, section 4.2). */
export interface Reply {
  readonly code: number
  readonly text: string
}

/** What the server judges at a step. Until it knows the recipient, that is only us. */
export type Subject = 'us' | 'recipient' | 'letter'

/** What an error message may not contain: our secrets, and the recipient. */
export interface Hidden {
  readonly secrets: readonly string[]
  readonly recipients: readonly string[]
}

/**
 * Makes the MailError of a refusal. It always has the reply's code and enhanced status (RFC 3463). It also has the
 * reply's words, because they name the reason, except where a server may echo what it was sent: spam filters quote
 * links, and links in letters are secret.
 * @param hidden what the message may not contain; false if the reply's words may not appear at all
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

/** Removes the recipient from a server's words, in any case, and also the part before the @ alone. */
function withoutAddresses(text: string, recipients: readonly string[]): string {
  const names = recipients.map((address) => RegExp.escape(address.slice(0, address.lastIndexOf('@'))))
  const named = new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join('|')})(?![\\p{L}\\p{N}])`, 'giu')
  return text.replace(/[^\s<>()[\],;:]{1,64}@[^\s<>()[\],;:]{1,255}/g, '…').replace(named, '…')
}

/**
 * Whether a refusal concerns the letter or its recipient. At RCPT, servers also refuse because of the sender (relaying,
 * sender policy, missing TLS, the sender's address: RFC 3463's x.3, x.5, x.7, x.1.7 and x.1.8), which can be corrected.
 * Without an enhanced status, 501 at RCPT concerns the address's syntax (RFC 5321, section 4.3.2).
 */
function isAboutLetter(code: number, text: string, about: Subject): boolean {
  if (about === 'us') return false
  const [, subject = '', detail = ''] = /^[45]\.(\d{1,3})\.(\d{1,3})\b/.exec(text) ?? []
  if (subject === '') return [550, 551, 553].includes(code) || (about === 'recipient' && code === 501)
  return subject === '1' ? !['7', '8'].includes(detail) : ['2', '6'].includes(subject)
}
