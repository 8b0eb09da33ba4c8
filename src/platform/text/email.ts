import { domainToUnicode } from 'node:url'

/** Octets: RFC 5321, section 4.5.3.1.1. */
const maxLocalOctets = 64
/** Octets, as the address travels: RFC 5321, section 4.5.3.1.3, less the angle brackets. */
const maxAddressOctets = 254

/**
 * The dot-string of RFC 5321, section 4.1.2, with the letters that RFC 6531, section 3.3, adds. Quoted local parts are
 * not taken: RFC 5321 advises against them, and a command is easily hidden in one.
 */
const localPart = /^[^\s\p{C}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}"(),.:;<>@[\\\]]+)*$/u

/**
 * Labels of RFC 5321, section 4.1.2, and RFC 1035, section 2.3.4; two at least, and a last one that is no number (RFC
 * 3696, section 2).
 */
const domainName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** A label that begins or ends with a hyphen, between any of the dots of UTS #46: in ASCII it would no longer show. */
const looseHyphen = /(?:^|[.\u3002\uff0e\uff61])-|-(?:$|[.\u3002\uff0e\uff61])/

const atom = '[^\\u0000-\\u0020"(),.:;<>@\\[\\\\\\]\\u007f-\\u009f]+'
/** As much of the rule as a regular expression of any dialect can say, for the document. */
export const emailPattern = `^${atom}(\\.${atom})*@[^\\u0000-\\u0020"(),:;<>@\\[\\\\\\]\\u007f-\\u009f]{1,255}$`

/** Whether every character is ASCII. */
export function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}

/**
 * A domain as DNS has it: its labels in ASCII (RFC 5891, by the mapping of UTS #46), in lower case. An empty text where
 * it is none that can be written so.
 */
export function asciiDomain(domain: string): string {
  if (isAscii(domain)) return domain.toLowerCase()
  // Whatever would end a host, or be decoded in one, is in no domain.
  if (domain.length > maxAddressOctets || /[\s\p{C}/?#%@:[\\\]]/u.test(domain)) return ''
  return URL.parse(`http://${domain}`)?.hostname ?? ''
}

/**
 * An address with its domain in ASCII, so that both spellings of one domain are one text. As it is where that cannot
 * be.
 */
export function withAsciiDomain(address: string): string {
  const start = address.lastIndexOf('@') + 1
  const domain = address.slice(start)
  if (start === 0 || isAscii(domain)) return address
  return address.slice(0, start) + (asciiDomain(domain) || domain)
}

/**
 * The spellings of an address: as it is, with its domain in ASCII, and with its domain in the letters of its script.
 * One alone where they are the same, or where it has no other.
 */
export function spellingsOf(address: string): string[] {
  const ascii = withAsciiDomain(address)
  const start = ascii.lastIndexOf('@') + 1
  const letters = /(^|\.)xn--/i.test(ascii.slice(start)) ? domainToUnicode(ascii.slice(start)) : ''
  return [...new Set([address, ascii, ...(letters ? [address.slice(0, start) + letters] : [])])]
}

/** Whether the part before the @ is one that only servers with SMTPUTF8 take (RFC 6531). */
export function needsSmtpUtf8(address: string): boolean {
  return !isAscii(address.slice(0, Math.max(0, address.lastIndexOf('@'))))
}

const octets = (text: string): number => new TextEncoder().encode(text).length

/**
 * Says what is wrong with an e-mail address, or null where mail can be sent to it: RFC 5321, with domains and local
 * parts in any script (RFC 5890, RFC 6531). Accounts and contacts have this one rule.
 */
export function emailFault(address: string): string | null {
  if ([...address].length > maxAddressOctets) return `must have at most ${maxAddressOctets} characters`
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at))
  if (!localPart.test(local)) return 'must be an e-mail address, such as ana@example.com'
  const typedDomain = address.slice(at + 1)
  const domain = asciiDomain(typedDomain)
  if (looseHyphen.test(typedDomain) || !domainName.test(domain)) {
    return 'must be an e-mail address with a domain after the @, such as ana@example.com'
  }
  if (octets(local) > maxLocalOctets) {
    return isAscii(local)
      ? `must have at most ${maxLocalOctets} characters before the @`
      : `must be shorter before the @: letters beyond a to z count as two or more of ${maxLocalOctets}`
  }
  if (octets(`${local}@${domain}`) > maxAddressOctets) return `must have at most ${maxAddressOctets} characters`
  return null
}
