import { bytesToHex } from '@noble/hashes/utils.js'
import { sign as signJwt, verify as verifyJwt } from 'hono/jwt'
import { JwtTokenExpired } from 'hono/utils/jwt/types'
import { z } from 'zod'
import type { Configuration } from '../platform/config/configuration.ts'
import { keysFor, sameText, sign } from '../platform/crypto/keys.ts'
import { cleanPasted } from '../platform/text/paste.ts'

const algorithm = 'HS256'

/** A kind of JWT has its own key use and audience, so that no kind is accepted as another. */
const kinds = {
  access: { use: 'access-token', audience: 'vizitka:access' },
  reset: { use: 'reset-confirmation', audience: 'vizitka:reset' },
} as const
type Kind = keyof typeof kinds

/** An id as a JWT's subject. */
const subject = z.string().regex(/^[1-9]\d{0,15}$/)

function issueJwt(kind: Kind, claims: { sub: string; sid?: number }, seconds: number, config: Configuration) {
  const { use, audience } = kinds[kind]
  const now = Math.floor(Date.now() / 1000)
  const payload = { iss: config.PUBLIC_URL, aud: audience, ...claims, iat: now, exp: now + seconds }
  return signJwt(payload, bytesToHex(keysFor(use, config)[0]), algorithm)
}

/** Verifies a JWT of a kind and returns its claims, or says why it is refused. No I/O. */
async function readJwt<T>(
  kind: Kind,
  token: string,
  claims: z.ZodType<T>,
  config: Configuration,
): Promise<T | 'expired' | 'invalid'> {
  const { use, audience } = kinds[kind]
  let refusal: 'expired' | 'invalid' = 'invalid'
  for (const key of keysFor(use, config)) {
    try {
      const payload = await verifyJwt(token, bytesToHex(key), {
        alg: algorithm,
        iss: config.PUBLIC_URL,
        aud: audience,
        // The clocks of two edge locations may differ; `exp` limits the token already.
        iat: false,
      })
      const { success, data } = claims.safeParse(payload)
      return success ? data : 'invalid'
    } catch (error) {
      // hono checks `exp` before the signature. The token is refused either way; only the message differs.
      if (error instanceof JwtTokenExpired) refusal = 'expired'
    }
  }
  return refusal
}

/** The session and user of an access token. */
export interface AccessClaims {
  readonly userId: number
  readonly sessionId: number
}

const accessClaims = z.object({
  sub: subject,
  sid: z.int().positive(),
  // hono's `verify` checks `exp` only where there is one.
  exp: z.number(),
})

/**
 * Issues an access token: a JWT (RFC 7519) signed with HS256, valid for `ACCESS_TOKEN_TTL` seconds. It is not stored.
 */
export function issueAccessToken({ userId, sessionId }: AccessClaims, config: Configuration): Promise<string> {
  return issueJwt('access', { sub: String(userId), sid: sessionId }, config.ACCESS_TOKEN_TTL, config)
}

/**
 * Access tokens that this isolate has verified, with their claims: a client sends the same token for 15 minutes, and a
 * valid signature stays valid. Keyed by configuration, because that has the keys.
 */
const verified = new WeakMap<Configuration, Map<string, AccessClaims & { readonly exp: number }>>()
const maxVerified = 1000

/** Returns the claims of a verified access token, or why it is refused. No I/O. */
export async function readAccessToken(
  token: string,
  config: Configuration,
): Promise<AccessClaims | 'expired' | 'invalid'> {
  const cached = verified.get(config) ?? new Map<string, AccessClaims & { readonly exp: number }>()
  verified.set(config, cached)
  const before = cached.get(token)
  if (before && before.exp > Math.floor(Date.now() / 1000)) return before
  cached.delete(token)
  const read = await readJwt('access', token, accessClaims, config)
  if (typeof read === 'string') return read
  const claims = { userId: Number(read.sub), sessionId: read.sid, exp: read.exp }
  cached.set(token, claims)
  const oldest = cached.keys().next().value
  if (cached.size > maxVerified && oldest !== undefined) cached.delete(oldest)
  return claims
}

/**
 * Issues a reset confirmation: a JWT with the hash of the reset link, valid for `seconds`. It is useless once the link
 * is deleted. It does not contain the link's id: ids count all accounts' links, which would show whether an address has
 * an account.
 */
export function issueResetConfirmation(linkHash: string, seconds: number, config: Configuration): Promise<string> {
  return issueJwt('reset', { sub: linkHash }, seconds, config)
}

/**
 * Returns the link hash in a reset confirmation; surrounding blanks are ignored. Null if it is forged or expired. No
 * I/O.
 */
export async function readResetConfirmation(token: string, config: Configuration): Promise<string | null> {
  const read = await readJwt('reset', cleanPasted(token).trim(), resetClaims, config)
  return typeof read === 'string' ? null : read.sub
}

const resetClaims = z.object({ sub: z.string().regex(/^[0-9a-f]{64}$/), exp: z.number() })

/** The session of a refresh token, and the session's generation when the token was issued. */
export interface RefreshClaims {
  readonly sessionId: number
  readonly generation: number
}

/**
 * Issues a refresh token: `{session}.{generation}.{HMAC of both}`. It is not stored: the session's row has the current
 * generation, so tokens of older ones are refused (docs/decisions/005).
 */
export function issueRefreshToken({ sessionId, generation }: RefreshClaims, config: Configuration): string {
  const payload = `${sessionId}.${generation}`
  return `${payload}.${sign(keysFor('refresh-token', config)[0], payload)}`
}

/**
 * Parses a refresh token and verifies its HMAC; surrounding blanks are ignored. Does not check whether its generation
 * is current.
 */
export function readRefreshToken(token: string, config: Configuration): RefreshClaims | null {
  const [, payload = '', session, generation, seal = ''] =
    cleanPasted(token)
      .trim()
      .match(/^(([1-9]\d{0,14})\.([1-9]\d{0,14}))\.([A-Za-z0-9_-]{43})$/) ?? []
  const genuine = keysFor('refresh-token', config).some((key) => sameText(sign(key, payload), seal))
  return genuine ? { sessionId: Number(session), generation: Number(generation) } : null
}

/** A user's id and its HMAC. */
const sealedUserId = /^([1-9]\d{0,14})\.([A-Za-z0-9_-]{43})$/

/**
 * Issues the token that ends letters about birthdays: `{user}.{HMAC}`. It is not stored and does not expire, because
 * letters stay in mailboxes; a second SECRET_KEY after the present one ends it. It does nothing else.
 */
export const issueUnsubscribeToken = (userId: number, config: Configuration): string =>
  `${userId}.${sign(keysFor('unsubscribe', config)[0], String(userId))}`

/** Returns the user of such a token; null if it is forged. The user may be gone. No I/O. */
export function readUnsubscribeToken(token: string, config: Configuration): number | null {
  const [, userId = '', seal = ''] = cleanPasted(token).trim().match(sealedUserId) ?? []
  const isGenuine = keysFor('unsubscribe', config).some((key) => sameText(sign(key, userId), seal))
  return isGenuine ? Number(userId) : null
}
