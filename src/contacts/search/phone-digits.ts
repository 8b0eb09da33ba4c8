import { asciiDigits, limitMarks } from '../../platform/text/fold.ts'

/** The digits of a text, in the digits of any script. */
export const digitsOf = (text: string): string => asciiDigits(limitMarks(text).normalize('NFKD')).replace(/\D/g, '')

/** A phone number and its extension, by their digits: an extension begins with the first letter, comma or semicolon. */
function phoneParts(phone: string): [number: string, extension: string] {
  const at = phone.search(/[\p{L},;]/u)
  return at < 0 ? [digitsOf(phone), ''] : [digitsOf(phone.slice(0, at)), digitsOf(phone.slice(at))]
}

/** The digits by which a number is searched: those before its extension, or all where there are none before it. */
export const numberOf = (phone: string): string => phoneParts(phone)[0] || digitsOf(phone)

/** The digits of a phone, with a blank before its extension, so that no search matches across the two. */
export const phoneKey = (phone: string): string => phoneParts(phone).filter(Boolean).join(' ')
