import { Buffer } from 'node:buffer'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Configuration } from '../config/configuration.ts'
import { cleanPasted } from '../text/paste.ts'

/** What a key is for. Each use has a key of its own, so that nothing made for one serves as another. */
export type KeyUse = 'access-token' | 'refresh-token' | 'reset-confirmation' | 'email-name'

const derived = new Map<string, Uint8Array>()

/**
 * The 256-bit keys of one use, the current first, then that of `SECRET_KEY_PREVIOUS`: sign with the first, accept any.
 * Derived by HKDF-SHA-256 (RFC 5869) with the use as its `info`.
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

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function sameText(one: string, other: string): boolean {
  // Comparing digests rather than the texts makes their lengths equal, and so the time.
  const [a, b] = [sha256(utf8ToBytes(one)), sha256(utf8ToBytes(other))]
  let difference = 0
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0)
  return difference === 0
}

/** A random text that nobody can guess: 256 bits in base64url, for links. */
export function randomToken(): string {
  return Buffer.from(randomBytes(32)).toString('base64url')
}

/**
 * What is stored of a {@link randomToken}: its SHA-256 in hex. It is random, so a fast hash keeps it safe. Blanks
 * around it, and marks that nobody can see, are what pasting added: they do not count.
 */
export function tokenHash(token: string): string {
  return digest(cleanPasted(token).trim())
}

/** SHA-256 of a text, in hex. */
export function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}
