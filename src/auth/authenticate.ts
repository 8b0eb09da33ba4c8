import { createMiddleware } from 'hono/factory'
import { readAccessToken } from '../platform/crypto/token.ts'
import { Problem } from '../platform/http/problem.ts'
import type { AppEnv } from '../platform/http/router.ts'
import { type Account, findAccount } from './store.ts'

/** What a route behind {@link requireUser} knows besides. */
export type SignedInEnv = AppEnv & { Variables: { user: Account; sessionId: number } }

const challenge = (error?: string): { headers: Record<string, string> } => ({
  headers: { 'WWW-Authenticate': error ? `Bearer error="invalid_token", error_description="${error}"` : 'Bearer' },
})

/** The token of an `Authorization: Bearer …` header (RFC 6750, section 2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +([\w\-.~+/]+=*) *$/i)?.[1]
}

/**
 * Lets in whoever holds an access token of a session that lives, and tells the route who that is.
 * @throws Problem 401 `not-signed-in`, `invalid-token`, `token-expired` or `session-revoked`
 */
export const requireUser = createMiddleware<SignedInEnv>(async (c, next) => {
  const header = c.req.header('Authorization')
  if (!header)
    throw new Problem(401, 'not-signed-in', 'Log in, and send the access token as a bearer token.', challenge())
  const token = bearerToken(header)
  const claims = token ? await readAccessToken(token, c.var.config) : 'invalid'
  if (claims === 'expired') {
    throw new Problem(401, 'token-expired', 'The access token has expired: refresh it.', challenge('expired'))
  }
  if (claims === 'invalid') {
    throw new Problem(401, 'invalid-token', 'This is not an access token of ours: log in again.', challenge('invalid'))
  }
  // The gate and the cache of the user's copy will be asked here, in parallel, instead of the database.
  const user = await findAccount(c.var.db, claims.userId, claims.sessionId)
  if (!user || user.disabled) {
    throw new Problem(401, 'session-revoked', 'This session has ended: log in again.', challenge('revoked'))
  }
  c.set('user', user)
  c.set('sessionId', claims.sessionId)
  await next()
})

/** Spread into a route: the guard and its documentation. Without it `c.var.user` does not compile. */
export const signedIn = {
  security: [{ password: [] }, { bearer: [] }],
  middleware: requireUser,
}
