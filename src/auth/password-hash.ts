import { Buffer } from 'node:buffer'
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { commonPasswords } from './common-passwords.ts'
import { type HashCost, hashCost } from './hash-cost.ts'

const keyBytes = 32
const saltBytes = 16

/**
 * A PHC string, `$scrypt$ln=14,r=8,p=5$salt$hash`, of a password (scrypt, RFC 7914), with a salt of its own.
 * The password is taken in NFC, so that the same one typed on another keyboard is the same; it is never trimmed or cut.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, salt, hashCost)
  return `$scrypt$ln=${hashCost.ln},r=${hashCost.r},p=${hashCost.p}$${unpadded(salt)}$${unpadded(hash)}`
}

/**
 * Whether the password is the one hashed. Without a hash (an account that does not exist) it does the same work and
 * says no, so that the time tells nothing. `outdated`: right, but hashed at a lower cost than today's, so hash it anew.
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

/** Why a password may not be chosen, as a sentence for the person who chose it; null when it may. */
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
  // The memory is 128·N·r bytes and a little (RFC 7914, section 2): a fixed limit would refuse a higher cost.
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r }
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFC'), salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

// PHC strings use base64 without padding.
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
