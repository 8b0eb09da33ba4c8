import { bytesToHex } from '@noble/hashes/utils.js'
import { sign as signJwt, verify as verifyJwt } from 'hono/jwt'
import { JwtTokenExpired } from 'hono/utils/jwt/types'
import { z } from 'zod'
import type { Configuration } from '../../env.ts'
import { keysFor, sameText, sign } from './keys.ts'

const audience = 'vizitka:access'
const algorithm = 'HS256'

/** Who an access token speaks for. */
export interface AccessClaims {
  readonly userId: number
  readonly sessionId: number
}

const claims = z.object({
  sub: z.string().regex(/^[1-9]\d{0,15}$/),
  sid: z.int().positive(),
  // hono's `verify` checks `exp` only where there is one.
  exp: z.number(),
})

/** An access token: a JWT (RFC 7519) signed by HS256, good for `ACCESS_TOKEN_TTL` seconds, held by nobody but its bearer. */
export function issueAccessToken({ userId, sessionId }: AccessClaims, config: Configuration): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: config.PUBLIC_URL,
    aud: audience,
    sub: String(userId),
    sid: sessionId,
    iat: now,
    exp: now + config.ACCESS_TOKEN_TTL,
  }
  return signJwt(payload, bytesToHex(keysFor('access-token', config)[0]), algorithm)
}

/** What a verified access token says, or why it is refused. No I/O. */
export async function readAccessToken(
  token: string,
  config: Configuration,
): Promise<AccessClaims | 'expired' | 'invalid'> {
  let refusal: 'expired' | 'invalid' = 'invalid'
  for (const key of keysFor('access-token', config)) {
    try {
      const payload = await verifyJwt(token, bytesToHex(key), {
        alg: algorithm,
        iss: config.PUBLIC_URL,
        aud: audience,
        // Clocks of two edges differ by a moment; `exp` bounds the token already.
        iat: false,
      })
      const { success, data } = claims.safeParse(payload)
      return success ? { userId: Number(data.sub), sessionId: data.sid } : 'invalid'
    } catch (error) {
      // hono looks at `exp` before the signature; either way the token is refused, and only the words differ.
      if (error instanceof JwtTokenExpired) refusal = 'expired'
    }
  }
  return refusal
}

/** Which session a refresh token belongs to, and how often that session had been refreshed when it was issued. */
export interface RefreshClaims {
  readonly sessionId: number
  readonly generation: number
}

/**
 * A refresh token: `{session}.{generation}.{HMAC of both}`. Nothing of it is stored: the session's row holds its current
 * generation, and that is what makes older ones useless (docs/decisions/005).
 */
export function issueRefreshToken({ sessionId, generation }: RefreshClaims, config: Configuration): string {
  const said = `${sessionId}.${generation}`
  return `${said}.${sign(keysFor('refresh-token', config)[0], said)}`
}

/** What a refresh token says, if it is one of ours. Says nothing of whether its generation is still good. */
export function readRefreshToken(token: string, config: Configuration): RefreshClaims | null {
  const [, said = '', session, generation, seal = ''] =
    token.match(/^(([1-9]\d{0,14})\.([1-9]\d{0,14}))\.([A-Za-z0-9_-]{43})$/) ?? []
  const genuine = keysFor('refresh-token', config).some((key) => sameText(sign(key, said), seal))
  return genuine ? { sessionId: Number(session), generation: Number(generation) } : null
}
