import { domainToUnicode } from 'node:url'

/** Octets: RFC 5321, section 4.5.3.1.1. */
const maxLocalOctets = 64
/** In octets, with the domain in ASCII: RFC 5321, section 4.5.3.1.3, less the angle brackets. */
const maxAddressOctets = 254

/**
 * The dot-string of RFC 5321, section 4.1.2, with the letters that RFC 6531, section 3.3, adds. Quoted local parts are
 * refused: RFC 5321 advises against them, and they can hide a command.
 */
const localPart = /^[^\s\p{C}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}"(),.:;<>@[\\\]]+)*$/u

/**
 * Labels of RFC 5321, section 4.1.2, and RFC 1035, section 2.3.4. At least two, and the last one is not a number (RFC
 * 3696, section 2).
 */
const domainName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A label that begins or ends with a hyphen, between any of the dots of UTS #46. After conversion to ASCII it could not
 * be recognized.
 */
const looseHyphen = /(?:^|[.\u3002\uff0e\uff61])-|-(?:$|[.\u3002\uff0e\uff61])/

const atom = '[^\\u0000-\\u0020"(),.:;<>@\\[\\\\\\]\\u007f-\\u009f]+'
/** The part of the rule that every dialect of regular expressions can express, for the document. */
export const emailPattern = `^${atom}(\\.${atom})*@[^\\u0000-\\u0020"(),:;<>@\\[\\\\\\]\\u007f-\\u009f]{1,255}$`

/** Whether every character is ASCII. */
export function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}

/**
 * Converts a domain to ASCII labels (RFC 5891, by the mapping of UTS #46) in lower case. Empty if that is not possible.
 */
export function asciiDomain(domain: string): string {
  if (isAscii(domain)) return domain.toLowerCase()
  // Characters that would end a host or be decoded in one are in no domain.
  if (domain.length > maxAddressOctets || /[\s\p{C}/?#%@:[\\\]]/u.test(domain)) return ''
  return URL.parse(`http://${domain}`)?.hostname ?? ''
}

/**
 * Writes an address with its domain in ASCII, so that both spellings of a domain are the same text. Unchanged if that
 * is not possible.
 */
export function withAsciiDomain(address: string): string {
  const start = address.lastIndexOf('@') + 1
  const domain = address.slice(start)
  if (start === 0 || isAscii(domain)) return address
  return address.slice(0, start) + (asciiDomain(domain) || domain)
}

/**
 * The spellings of an address: as it is, with its domain in ASCII, and with its domain in its own script; without
 * duplicates.
 */
export function spellingsOf(address: string): string[] {
  const ascii = withAsciiDomain(address)
  const start = ascii.lastIndexOf('@') + 1
  const letters = /(^|\.)xn--/i.test(ascii.slice(start)) ? domainToUnicode(ascii.slice(start)) : ''
  return [...new Set([address, ascii, ...(letters ? [address.slice(0, start) + letters] : [])])]
}

/** Whether the part before the @ needs a server with SMTPUTF8 (RFC 6531). */
export function needsSmtpUtf8(address: string): boolean {
  return !isAscii(address.slice(0, Math.max(0, address.lastIndexOf('@'))))
}

const octets = (text: string): number => new TextEncoder().encode(text).length

/**
 * Says what is wrong with an e-mail address, or null if mail can be sent to it: RFC 5321, with domains and local parts
 * in any script (RFC 5890, RFC 6531). Accounts and contacts share this rule.
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
