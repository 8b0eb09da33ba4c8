import { Email } from 'worker-mailer'
import { asciiDomain, isAscii } from '../text/email.ts'
import { MailError, type SentLetter } from './mailer.ts'

const longestAddress = 254 // octets, RFC 5321 section 4.5.3.1.3 less the angle brackets
const longestLocalPart = 64 // octets, RFC 5321 section 4.5.3.1.1

interface Mailbox {
  readonly name: string
  readonly address: string
}

/**
 * Makes a letter in the library's format, with every header written here (RFC 5322), because the library neither
 * escapes nor folds headers.
 * @throws MailError if the subject or an address could inject a header, or an address is not a valid mailbox
 */
export function compose(from: string, letter: SentLetter): Email {
  const sender = mailbox(from)
  const recipient = addrSpec(letter.to, 'recipient')
  if (hasControls(letter.subject)) {
    throw new MailError('A subject may not hold line breaks or other control characters.', { permanent: true })
  }
  const { messageId = null, unsubscribeUrl = null } = letter
  if (hasControls(`${messageId}${unsubscribeUrl}`)) {
    throw new MailError('A header may not hold line breaks or other control characters.', { permanent: true })
  }
  return new Email({
    from: { email: sender.address },
    to: { email: recipient },
    subject: letter.subject,
    text: letter.text,
    html: letter.html,
    // A new object for each letter: the library writes into it.
    headers: {
      From: sender.name === '' ? sender.address : `${phrase(sender.name)}\r\n <${sender.address}>`,
      To: recipient,
      Subject: unstructured(letter.subject),
      Date: new Date().toUTCString().replace('GMT', '+0000'), // RFC 5322 section 4.3 calls GMT obsolete
      'Message-ID': `<${messageId ?? crypto.randomUUID()}${sender.address.slice(sender.address.lastIndexOf('@'))}>`,
      'Auto-Submitted': 'auto-generated', // RFC 3834 section 5: no holiday replies
      // RFC 2369 section 3.2, and RFC 8058 section 3.1: mail programs show a button.
      ...(unsubscribeUrl !== null && {
        'List-Unsubscribe': `<${unsubscribeUrl}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
  })
}

/** Parses `Name <a@b>`, `"Name, Inc." <a@b>` or `a@b`. */
function mailbox(text: string): Mailbox {
  if (hasControls(text)) {
    throw new MailError('The sender (MAIL_FROM) may not hold line breaks or other control characters.', {
      permanent: false,
    })
  }
  const named = /^(.*)<([^<>]*)>$/.exec(text.trim())
  const name = (named?.[1] ?? '').trim()
  const quoted = /^"(.*)"$/.exec(name)?.[1]?.replace(/\\(.)/g, '$1')
  return { name: quoted ?? name, address: addrSpec(named?.[2] ?? text.trim(), 'sender') }
}

/**
 * Checks an address and writes its domain in ASCII (RFC 5891); the local part is unchanged. Quoted local parts and
 * address literals are refused: nobody uses them, and they can hide a command.
 */
function addrSpec(text: string, role: 'sender' | 'recipient'): string {
  const [, localPart = '', domain = ''] =
    /^([^\s\p{C}"(),:;<>@[\\\]]+)@([^\s\p{C}"(),:;<>@[\\\]/?#%]+)$/u.exec(text) ?? []
  const address = localPart && `${localPart}@${isAscii(domain) ? domain : asciiDomain(domain)}`
  if (
    !address ||
    address.endsWith('@') ||
    octets(localPart).length > longestLocalPart ||
    octets(address).length > longestAddress
  ) {
    throw new MailError(`The ${role}'s address is not one that mail can be sent with.`, {
      // The sender is configured, and can be corrected while the letter waits.
      permanent: role === 'recipient',
    })
  }
  return address
}

/** Whether a text contains a line break or another control character. */
export function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** Writes a display name as a quoted string (RFC 5322 section 3.2.4), or as encoded words, which may not be quoted. */
function phrase(name: string): string {
  return needsEncoding(name) ? encodedWords(name) : `"${name.replace(/["\\]/g, '\\$&')}"`
}

function unstructured(text: string): string {
  return needsEncoding(text) ? encodedWords(text) : text
}

/** Whether a text is not ASCII, exceeds a line of 78 characters, or looks like an encoded word. */
function needsEncoding(text: string): boolean {
  return !isAscii(text) || text.length > 65 || text.includes('=?')
}

/** Encodes a text by RFC 2047: words of at most 75 characters, each of whole characters, on folded lines. */
function encodedWords(text: string): string {
  const longestWord = 42 // octets: 56 characters of Base64 and 12 of frame fit a line of 78 after the header's name
  const words: string[] = []
  let word = ''
  for (const character of text) {
    if (octets(word + character).length > longestWord) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map((each) => `=?UTF-8?B?${btoa(octets(each))}?=`).join('\r\n ')
}

/** UTF-8 with one character for each octet, as btoa() needs it. */
export function octets(text: string): string {
  return Array.from(new TextEncoder().encode(text), (octet) => String.fromCharCode(octet)).join('')
}
