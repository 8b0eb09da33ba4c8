import { env } from 'cloudflare:workers'
import { bytesToHex } from '@noble/hashes/utils.js'
import { sign } from 'hono/jwt'
import { configuration } from '../src/config.ts'
import { keysFor } from '../src/platform/crypto/keys.ts'
import { apiDocument } from './client.ts'
import type { Person } from './people.ts'

/** A guarded route of the document, ready to be called. */
export interface Guarded {
  readonly method: string
  readonly template: string
  /** The path with every parameter filled in. */
  path(id: number): string
}

/** Every guarded route of the document, so that new ones are covered as soon as they are documented. */
export async function guardedRoutes(): Promise<Guarded[]> {
  const { paths } = await apiDocument()
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => operation.security?.length)
      .map(([method]) => ({
        method: method.toUpperCase(),
        template,
        path: (id: number) => template.replace(/\{[^}]+\}/g, String(id)),
      })),
  )
}

/** Invalid values of `Authorization`, by what is wrong with them. */
export async function badCredentials(
  person: Pick<Person, 'id' | 'access' | 'refresh'>,
): Promise<Record<string, string | undefined>> {
  const config = configuration(env)
  const now = Math.floor(Date.now() / 1000)
  const [, claimsText = ''] = person.access.split('.')
  const sessionId: unknown = JSON.parse(atob(claimsText.replaceAll('-', '+').replaceAll('_', '/'))).sid
  const good = {
    iss: config.PUBLIC_URL,
    aud: 'vizitka:access',
    sub: String(person.id),
    sid: sessionId,
    iat: now,
    exp: now + 900,
  }
  const key = bytesToHex(keysFor('access-token', config)[0])
  const jwt = async (claims: Record<string, unknown>, signingKey = key, algorithm: 'HS256' | 'HS512' = 'HS256') =>
    `Bearer ${await sign(claims, signingKey, algorithm)}`
  const encoded = (part: unknown): string =>
    btoa(JSON.stringify(part)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')
  const { exp: _, ...eternal } = good
  const [header = '', payload = '', signature = ''] = person.access.split('.')
  return {
    'no token': undefined,
    'an empty bearer': 'Bearer ',
    'another scheme': 'Basic YW5hOnBhc3N3b3Jk',
    'a scheme whose name begins alike': 'BearerToken abc',
    'no scheme': person.access,
    'something that is no JWT': 'Bearer not-a-token',
    'a token cut short': `Bearer ${header}.${payload}`,
    'a changed signature': `Bearer ${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'an expired token': await jwt({ ...good, iat: now - 1000, exp: now - 100 }),
    'a token without expiry': await jwt(eternal),
    'another key': await jwt(good, bytesToHex(crypto.getRandomValues(new Uint8Array(32)))),
    'the key of refresh tokens': await jwt(good, bytesToHex(keysFor('refresh-token', config)[0])),
    'the bare secret as a key': await jwt(good, config.SECRET_KEY),
    'another audience': await jwt({ ...good, aud: 'vizitka:reset' }),
    'another issuer': await jwt({ ...good, iss: 'https://elsewhere.test' }),
    'another algorithm of the same key': await jwt(good, key, 'HS512'),
    'alg: none': `Bearer ${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(good)}.`,
    'a subject that is no id': await jwt({ ...good, sub: 'ana' }),
    'a session that never was': await jwt({ ...good, sid: 999_999_999 }),
    'the session of another id': await jwt({ ...good, sub: String(person.id + 1_000_000) }),
    'a refresh token': `Bearer ${person.refresh}`,
    'an app password that is none': `Bearer vz${person.id}${'a'.repeat(26)}`,
    'an app password of nobody': `Bearer vz987654321${'a'.repeat(26)}`,
    'an app password cut short': `Bearer vz${person.id}${'a'.repeat(24)}`,
  }
}
