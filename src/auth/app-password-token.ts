import { randomBytes } from '@noble/hashes/utils.js'
import { digest } from '../platform/crypto/keys.ts'

/** RFC 4648, section 6, in lower case: five bits a character. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
/** 130 random bits. */
const secretLength = 26

/** An app password is parsed from its end, because the secret may begin with digits and always has the same length. */
const format = new RegExp(`^vz([1-9]\\d{0,14})[a-z2-7]{${secretLength}}$`)

/**
 * Creates an app password: `vz`, the id of its account, and a secret. The id says which gate to call, and is not
 * secret.
 */
export function createAppPassword(userId: number): string {
  // 256 is a multiple of 32, so all characters are equally likely.
  const secret = [...randomBytes(secretLength)].map((byte) => alphabet[byte % alphabet.length]).join('')
  return `vz${userId}${secret}`
}

/** Whether a text starts like an app password; it may be incomplete. */
export const looksLikeAppPassword = (text: string): boolean => text.startsWith('vz')

/** Parses an app password into its account and its hash, which is all that is stored of it. Null if it is malformed. */
export function readAppPassword(text: string): { readonly userId: number; readonly hash: string } | null {
  const userId = format.exec(text)?.[1]
  // A fast hash is safe, because the secret is random. It does not use SECRET_KEY: phones must keep working with a new
  // key.
  return userId === undefined ? null : { userId: Number(userId), hash: digest(text) }
}
