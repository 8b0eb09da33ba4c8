import { Buffer } from 'node:buffer'
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { commonPasswords } from './common-passwords.ts'
import { type HashCost, hashCost } from './hash-cost.ts'

const keyBytes = 32
const saltBytes = 16

/**
 * Hashes a password with scrypt (RFC 7914) and a random salt, as a PHC string: `$scrypt$ln=14,r=8,p=5$salt$hash`. The
 * password is normalized to NFC, so that it is the same on every keyboard; it is never trimmed or cut.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, salt, hashCost)
  return `$scrypt$ln=${hashCost.ln},r=${hashCost.r},p=${hashCost.p}$${unpadded(salt)}$${unpadded(hash)}`
}

/**
 * Whether a password matches a hash. Without a hash (the account does not exist) it does the same work and returns
 * false, so that the time discloses nothing. `outdated`: right, but the hash has a lower cost than today's and should
 * be replaced.
 */
export async function verifyPassword(
  password: string,
  phc: string | null,
): Promise<{ right: boolean; outdated: boolean }> {
  const { cost, salt, hash } = parse(phc) ?? { cost: hashCost, salt: Buffer.alloc(saltBytes), hash: null }
  const derived = await derive(password, salt, cost)
  const right = hash !== null && hash.length === derived.length && timingSafeEqual(hash, derived)
  return { right, outdated: right && (cost.ln < hashCost.ln || cost.r < hashCost.r || cost.p < hashCost.p) }
}

/** Says why a password may not be chosen, as a sentence for the person who chose it; null if it may. */
export function passwordFault(password: string, own: { email?: string; username?: string }): string | null {
  const key = password.normalize('NFC').toLowerCase()
  if (commonPasswords.has(key)) return 'This is one of the most common passwords: choose another.'
  if (key === own.email?.normalize('NFC').toLowerCase()) return 'The password must not be your e-mail.'
  if (key === own.username?.normalize('NFC').toLowerCase()) return 'The password must not be your username.'
  return null
}

function parse(phc: string | null): { cost: HashCost; salt: Buffer; hash: Buffer } | null {
  const match = phc?.match(/^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/)
  if (!match) return null
  const [, ln, r, p, salt = '', hash = ''] = match
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function derive(password: string, salt: Buffer, { ln, r, p }: HashCost): Promise<Buffer> {
  const N = 2 ** ln
  // scrypt needs 128·N·r bytes and a little more (RFC 7914, section 2). A fixed limit would refuse a higher cost.
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r }
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFC'), salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

// PHC strings use base64 without padding.
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
