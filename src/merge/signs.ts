import { numberOf, phoneKey } from '../contacts/search/phone-digits.ts'
import { fold } from '../platform/text/fold.ts'
import { emailKey } from '../users/table.ts'

/** What the signs of a contact are computed from: `readFields` of a vCard and the JSON of a contact both have it. */
export interface Signed {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly birthday: string | null
  readonly emails: readonly { readonly value: string }[]
  readonly phones: readonly { readonly value: string }[]
}

/** The kinds of signs, as they begin a sign. */
export const signKinds = ['email', 'phone', 'born'] as const
export type SignKind = (typeof signKinds)[number]

/** The digits of a phone that are compared. Before them stand a country and a prefix that people leave out. */
export const comparedDigits = 9

/** The fewest digits of a phone that is compared: shorter numbers are those of services, or inside a company. */
export const fewestDigits = 7

const emailSign = (address: string): string[] => {
  const key = emailKey(address)
  return key.includes('@') ? [`email:${key}`] : []
}

/** The last nine digits, and the extension, if any: colleagues share a number and have extensions of their own. */
const phoneSign = (phone: string): string[] => {
  const number = numberOf(phone)
  if (number.length < fewestDigits) return []
  const [, extension] = phoneKey(phone).split(' ')
  return [`phone:${number.slice(-comparedDigits)}${extension === undefined ? '' : ` ${extension}`}`]
}

const bornSign = ({ first_name, last_name, birthday }: Signed): string[] => {
  const name = fold([first_name, last_name].filter((part) => part !== null).join(' '))
  return name === '' || birthday === null ? [] : [`born:${birthday} ${name}`]
}

/**
 * Returns the signs of a contact, each once. Two contacts that share one are probably the same person: the same e-mail
 * address (any of theirs, in any case, the domain in either spelling), the same last nine digits of a phone (of seven
 * digits at least, and with the same extension), or the same name and birthday (both with the year, or both without).
 * Each begins with its kind: `email:oles@example.com`, `phone:441234567`, `born:1918-04-03 олесь гончар`.
 */
export const signsOf = (contact: Signed): string[] => [
  ...new Set([
    ...contact.emails.flatMap(({ value }) => emailSign(value)),
    ...contact.phones.flatMap(({ value }) => phoneSign(value)),
    ...bornSign(contact),
  ]),
]

/** Splits a sign into its kind and its value. */
export function partsOfSign(sign: string): { readonly kind: SignKind; readonly value: string } {
  const kind = signKinds.find((one) => sign.startsWith(`${one}:`)) ?? 'email'
  return { kind, value: sign.slice(kind.length + 1) }
}
