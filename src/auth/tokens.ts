import { bytesToHex } from '@noble/hashes/utils.js'
import { sign as signJwt, verify as verifyJwt } from 'hono/jwt'
import { JwtTokenExpired } from 'hono/utils/jwt/types'
import { z } from 'zod'
import type { Configuration } from '../platform/config/configuration.ts'
import { keysFor, sameText, sign } from '../platform/crypto/keys.ts'
import { cleanPasted } from '../platform/text/paste.ts'

const algorithm = 'HS256'

/** A kind of JWT: the use of its key and its audience, so that none serves as another. */
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

/** What a verified JWT of a kind says, or why it is refused. No I/O. */
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
        // Clocks of two edges differ by a moment; `exp` bounds the token already.
        iat: false,
      })
      const { success, data } = claims.safeParse(payload)
      return success ? data : 'invalid'
    } catch (error) {
      // hono looks at `exp` before the signature; either way the token is refused, and only the words differ.
      if (error instanceof JwtTokenExpired) refusal = 'expired'
    }
  }
  return refusal
}

/** Who an access token speaks for. */
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
 * An access token: a JWT (RFC 7519) signed by HS256, good for `ACCESS_TOKEN_TTL` seconds, held by nobody but its
 * bearer.
 */
export function issueAccessToken({ userId, sessionId }: AccessClaims, config: Configuration): Promise<string> {
  return issueJwt('access', { sub: String(userId), sid: sessionId }, config.ACCESS_TOKEN_TTL, config)
}

/**
 * Access tokens that this isolate has verified, with what they say: a client sends the same one for a quarter of an
 * hour, and a signature that was right stays right. By configuration, because that holds the keys.
 */
const verified = new WeakMap<Configuration, Map<string, AccessClaims & { readonly exp: number }>>()
const maxVerified = 1000

/** What a verified access token says, or why it is refused. No I/O. */
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
 * A token by which the holder of a link to a new password goes on: a JWT that names the link by its hash, good for
 * `seconds`. It is worth nothing once the link is gone. Its id would count every account's links, and tell by that
 * which address has an account.
 */
export function issueResetConfirmation(linkHash: string, seconds: number, config: Configuration): Promise<string> {
  return issueJwt('reset', { sub: linkHash }, seconds, config)
}

/**
 * The hash of the link that a reset's confirmation names, pasted or not; null when it is not one of ours, or has
 * expired. No I/O.
 */
export async function readResetConfirmation(token: string, config: Configuration): Promise<string | null> {
  const read = await readJwt('reset', cleanPasted(token).trim(), resetClaims, config)
  return typeof read === 'string' ? null : read.sub
}

const resetClaims = z.object({ sub: z.string().regex(/^[0-9a-f]{64}$/), exp: z.number() })

/** Which session a refresh token belongs to, and how often that session had been refreshed when it was issued. */
export interface RefreshClaims {
  readonly sessionId: number
  readonly generation: number
}

/**
 * A refresh token: `{session}.{generation}.{HMAC of both}`. Nothing of it is stored: the session's row holds its
 * current generation, and that is what makes older ones useless (docs/decisions/005).
 */
export function issueRefreshToken({ sessionId, generation }: RefreshClaims, config: Configuration): string {
  const payload = `${sessionId}.${generation}`
  return `${payload}.${sign(keysFor('refresh-token', config)[0], payload)}`
}

/**
 * What a refresh token says, pasted or not, if it is one of ours. Says nothing of whether its generation is still good.
 */
export function readRefreshToken(token: string, config: Configuration): RefreshClaims | null {
  const [, payload = '', session, generation, seal = ''] =
    cleanPasted(token)
      .trim()
      .match(/^(([1-9]\d{0,14})\.([1-9]\d{0,14}))\.([A-Za-z0-9_-]{43})$/) ?? []
  const genuine = keysFor('refresh-token', config).some((key) => sameText(sign(key, payload), seal))
  return genuine ? { sessionId: Number(session), generation: Number(generation) } : null
}
