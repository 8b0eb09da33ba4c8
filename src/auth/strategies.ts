import { Buffer } from 'node:buffer'
import type { Configuration } from '../platform/config/configuration.ts'
import { Problem } from '../platform/http/problem.ts'
import { cleanPasted } from '../platform/text/paste.ts'
import type { AppPasswordClaims } from './admit-app-password.ts'
import { looksLikeAppPassword, readAppPassword } from './app-password-token.ts'
import { type AccessClaims, readAccessToken } from './tokens.ts'

/** What a request claims. For a session, the token's signature was verified; for an app password, nothing was. */
export type Claims = ({ readonly kind: 'session' } & AccessClaims) | ({ readonly kind: 'app' } & AppPasswordClaims)

/** A way to present a credential: a scheme of the header Authorization, or the path. */
export interface Strategy {
  /** Where the credential is: in the header, unless this is `path`; then it is the path's parameter `token`. */
  readonly source?: 'path'
  /**
   * Reads what the request presents, without I/O.
   * @throws Problem 401 if it has no usable credential; 404 if that is in the path
   */
  readonly read: (presented: string | undefined, config: Configuration) => Promise<Claims>
  /** Makes the problem for an app password that is unknown or revoked: 401, or 404 if it is in the path. */
  readonly invalidAppPassword: () => Problem
}

const invalidWords = 'This app password is unknown or was revoked: create a new one.'

const challenge = (error?: string): { headers: Record<string, string> } => ({
  headers: { 'WWW-Authenticate': error ? `Bearer error="invalid_token", error_description="${error}"` : 'Bearer' },
})

/** The token of an `Authorization: Bearer …` header (RFC 6750, section 2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +([\w\-.~+/]+=*) *$/i)?.[1]
}

/** RFC 6750: an access token, or an app password, which is recognized by its beginning. */
export const bearer: Strategy = {
  async read(header, config) {
    // A client that uses another scheme has sent no token, so the error is not `invalid_token` (RFC 6750, section 3.1).
    if (!header || !/^Bearer( |$)/i.test(header))
      throw new Problem(401, 'not-signed-in', 'Log in, and send the access token as a bearer token.', challenge())
    const token = bearerToken(header)
    if (token && looksLikeAppPassword(token)) {
      const claims = readAppPassword(token)
      if (!claims)
        throw new Problem(401, 'invalid-token', 'This app password is incomplete: copy it again.', challenge('invalid'))
      return { kind: 'app', ...claims }
    }
    const claims = token ? await readAccessToken(token, config) : 'invalid'
    if (claims === 'expired') {
      throw new Problem(401, 'token-expired', 'The access token has expired: refresh it.', challenge('expired'))
    }
    if (claims === 'invalid') {
      throw new Problem(
        401,
        'invalid-token',
        'This is not an access token of ours: log in again.',
        challenge('invalid'),
      )
    }
    return { kind: 'session', ...claims }
  },
  invalidAppPassword: () => new Problem(401, 'invalid-token', invalidWords, challenge('unknown')),
}

const basicChallenge = { headers: { 'WWW-Authenticate': 'Basic realm="Vizitka", charset="UTF-8"' } }

/**
 * RFC 7617, in UTF-8: the password is an app password. The user name is ignored: e-mails change, but phones keep their
 * settings. A malformed app password is refused without hashing.
 */
export const basic: Strategy = {
  async read(header) {
    const password = basicPassword(header)
    if (password === undefined) {
      throw new Problem(401, 'not-signed-in', 'Sign in with your e-mail and an app password.', basicChallenge)
    }
    const claims = readAppPassword(password)
    if (!claims) {
      throw new Problem(
        401,
        'invalid-token',
        'Use an app password, which begins with vz, instead of the password of your account. Create one under ' +
          '“App passwords” at /docs.',
        basicChallenge,
      )
    }
    return { kind: 'app', ...claims }
  },
  invalidAppPassword: () => new Problem(401, 'invalid-token', invalidWords, basicChallenge),
}

/** The password of an `Authorization: Basic …` header: everything after the first colon. */
function basicPassword(header: string | undefined): string | undefined {
  const encoded = header?.match(/^Basic +([A-Za-z0-9+/]+={0,2}) *$/i)?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon === -1 ? undefined : cleanPasted(pair.slice(colon + 1)).trim()
}

const noFeed = (): Problem =>
  new Problem(
    404,
    'not-found',
    'There is no calendar here: its app password is unknown or was revoked. Create a new one.',
  )

/**
 * An app password as the name of a file, for calendar programs, which can send nothing but a URL. A wrong one is 404,
 * never 401: programs would ask their users for a password.
 */
export const fileName: Strategy = {
  source: 'path',
  async read(file = '') {
    const claims = readAppPassword(file.replace(/\.ics$/, ''))
    if (!claims) throw noFeed()
    return { kind: 'app', ...claims }
  },
  invalidAppPassword: noFeed,
}
