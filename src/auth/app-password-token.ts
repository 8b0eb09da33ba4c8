import { randomBytes } from '@noble/hashes/utils.js'
import { digest } from '../platform/crypto/keys.ts'

/** RFC 4648, section 6, in lower case: five bits a character. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
/** 130 random bits. */
const secretLength = 26

/** An app password is read from its end: its secret has digits, too, and always the same length. */
const format = new RegExp(`^vz([1-9]\\d{0,14})[a-z2-7]{${secretLength}}$`)

/** Makes an app password: `vz`, the id of its account and a secret. The id says which gate to ask, and is no secret. */
export function createAppPassword(userId: number): string {
  // 256 is a multiple of 32, so every character is as likely as any other.
  const secret = [...randomBytes(secretLength)].map((byte) => alphabet[byte % alphabet.length]).join('')
  return `vz${userId}${secret}`
}

/** Whether a text claims to be an app password, whole or not. */
export const looksLikeAppPassword = (text: string): boolean => text.startsWith('vz')

/** Whose an app password is, and its hash, which is all that is stored of it; null for what cannot be one. */
export function readAppPassword(text: string): { readonly userId: number; readonly hash: string } | null {
  const userId = format.exec(text)?.[1]
  // The secret is random, so a fast hash keeps it safe. It is no HMAC of SECRET_KEY: phones must survive a new key.
  return userId === undefined ? null : { userId: Number(userId), hash: digest(text) }
}
