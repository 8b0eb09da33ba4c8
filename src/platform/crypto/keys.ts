import { Buffer } from 'node:buffer'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Configuration } from '../config/configuration.ts'
import { cleanPasted } from '../text/paste.ts'

/** The purpose of a key. Each purpose has its own key, so that nothing signed for one is accepted for another. */
export type KeyUse = 'access-token' | 'refresh-token' | 'reset-confirmation' | 'email-name' | 'unsubscribe'

const derived = new Map<string, Uint8Array>()

/**
 * Derives the 256-bit keys of one purpose by HKDF-SHA-256 (RFC 5869), with the purpose as `info`: first the current
 * key, then that of `SECRET_KEY_PREVIOUS`. Sign with the first, accept any.
 */
export function keysFor(use: KeyUse, config: Configuration): [current: Uint8Array, ...previous: Uint8Array[]] {
  const key = (secret: string): Uint8Array => {
    const name = `${use} ${secret}`
    const cached = derived.get(name)
    if (cached) return cached
    const fresh = hkdf(sha256, utf8ToBytes(secret), undefined, utf8ToBytes(`vizitka ${use}`), 32)
    derived.set(name, fresh)
    return fresh
  }
  return [key(config.SECRET_KEY), ...(config.SECRET_KEY_PREVIOUS ? [key(config.SECRET_KEY_PREVIOUS)] : [])]
}

/** HMAC-SHA-256 (RFC 2104) of a text, in base64url. */
export function sign(key: Uint8Array, text: string): string {
  return Buffer.from(hmac(sha256, key, utf8ToBytes(text))).toString('base64url')
}

/** Compares two texts in constant time. */
export function sameText(one: string, other: string): boolean {
  // Digests have the same length, so the time does not depend on the lengths of the texts.
  const [a, b] = [sha256(utf8ToBytes(one)), sha256(utf8ToBytes(other))]
  let difference = 0
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0)
  return difference === 0
}

/** Creates a random token: 256 bits in base64url, for links. */
export function randomToken(): string {
  return Buffer.from(randomBytes(32)).toString('base64url')
}

/**
 * Hashes a {@link randomToken} for storage: SHA-256 in hex. A fast hash is safe, because the token is random. Blanks
 * around it and invisible characters, which pasting may add, are ignored.
 */
export function tokenHash(token: string): string {
  return digest(cleanPasted(token).trim())
}

/** The SHA-256 of a text, in hex. */
export function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}
