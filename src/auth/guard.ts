import type { Env, MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Permission, PolicyName } from '../platform/config/configuration.ts'
import { type GateClient, gateOf } from '../platform/gate/client.ts'
import { addressOf, documentedLimits, limitOf, setRateLimitHeaders } from '../platform/gate/limits.ts'
import type { AppEnv, RequestContext } from '../platform/http/context.ts'
import { readBody } from '../platform/http/media.ts'
import type { Account } from '../users/table.ts'
import type { Arrival } from './admission.ts'
import { admitAppPassword } from './admit-app-password.ts'
import { admitSession } from './admit-session.ts'
import { type Area, type Credential, isGranted } from './credential.ts'
import { appPasswordNotPermitted, isPermitted, notPermitted } from './policy.ts'
import type { CachedUser } from './store.ts'
import { bearer, type Claims, fileName, type Strategy } from './strategies.ts'
import { userKey } from './user-cache.ts'

/** The signed-in user, the credential, and the user's gate. */
interface Identity {
  user: Account
  credential: Credential
  gate: GateClient
}

/** The context of a route behind {@link signedIn}. */
export type SignedInEnv = AppEnv & { Variables: Identity }

/** The context of a route that accepts sessions only. */
export type SessionEnv = SignedInEnv & { Variables: { sessionId: number } }

/** What a guard requires. */
interface GuardOptions {
  readonly policies: readonly PolicyName[]
  /** The role must have one of these permissions; if absent, being signed in is enough. */
  readonly anyOf?: readonly Permission[]
  /** The area that an app password must have access to. Without it, the route accepts sessions only. */
  readonly area?: Area
  /** How a request authenticates; a bearer token by default. */
  readonly strategy?: Strategy
}

/**
 * Admits a request with an access token of an active session or, on a route with an area, with an app password for that
 * area, within the limits of the policies. Sets the user in the context. First does everything that needs no I/O and
 * reads the whole body; then calls the user's gate and the cache in parallel; reads the database only if no copy is at
 * the gate's revision.
 * @throws Problem 400 `unreadable-body` for a body that breaks off; 401 `not-signed-in`, `invalid-token`,
 * `token-expired` or `session-revoked`, or 404 if the path has the credential; 403 `not-permitted`; 429; 503
 * `gate-unavailable`
 */
async function admitRequest(
  c: RequestContext,
  { policies, anyOf = [], area, strategy = bearer }: GuardOptions,
): Promise<Identity> {
  // Read `c.var` once: Hono creates it at each access.
  const { config, services, clock } = c.var
  const presented = strategy.source === 'path' ? c.req.param('token') : c.req.header('Authorization')
  const claims = await strategy.read(presented, config)
  // A client can hold a request open for minutes. Gate and cache must be asked after its last byte has arrived.
  await readBody(c)
  const arrival: Arrival = {
    services,
    clock,
    later: c.executionCtx,
    gateOf: (name) => gateOf(c.env, name),
    method: c.req.method,
    address: addressOf(c),
    limits: policies.map((policy) => limitOf(policy, config)),
    setLimitHeaders: (standings) => setRateLimitHeaders(c, standings),
    invalidAppPassword: strategy.invalidAppPassword,
  }
  const { copy, credential } = await admitClaims(arrival, claims)
  if (credential.kind === 'app' && !(area && isGranted(credential.scope, area, c.req.method)))
    throw appPasswordNotPermitted(credential)
  const { account } = copy
  if (anyOf.length > 0 && !anyOf.some((permission) => isPermitted(account.role, permission, config)))
    throw notPermitted(anyOf)
  return { user: account, credential, gate: gateOf(c.env, userKey(account.id)) }
}

/** The guard of a route that accepts sessions only. */
const sessionGuard = (options: GuardOptions) =>
  createMiddleware<SessionEnv>(async (c, next) => {
    const { user, credential, gate } = await admitRequest(c, options)
    if (credential.kind !== 'session') throw appPasswordNotPermitted(credential)
    c.set('user', user)
    c.set('credential', credential)
    c.set('sessionId', credential.id)
    c.set('gate', gate)
    await next()
  })

/** The guard of a route that also accepts app passwords for an area. */
const appGuard = (options: GuardOptions & { readonly area: Area }) =>
  createMiddleware<SignedInEnv>(async (c, next) => {
    const { user, credential, gate } = await admitRequest(c, options)
    c.set('user', user)
    c.set('credential', credential)
    c.set('gate', gate)
    await next()
  })

/** Admits a session or an app password. */
async function admitClaims(
  arrival: Arrival,
  claims: Claims,
): Promise<{ readonly copy: CachedUser; readonly credential: Credential }> {
  if (claims.kind === 'session') {
    return { copy: await admitSession(arrival, claims), credential: { kind: 'session', id: claims.sessionId } }
  }
  const { copy, password } = await admitAppPassword(arrival, claims)
  const { id, name, scope } = password
  return { copy, credential: { kind: 'app', id, name, scope } }
}

/** What is spread into a route: its guard and the documentation of it. */
interface Guarded<E extends Env> {
  security: Record<string, string[]>[]
  middleware: MiddlewareHandler<E>
  'x-rate-limits': PolicyName[]
  'x-permissions'?: readonly Permission[]
  'x-app-passwords'?: Area
}

function guarded<E extends Env>(options: GuardOptions, middleware: MiddlewareHandler<E>): Guarded<E> {
  const { policies, anyOf = [], area } = options
  return {
    security: [{ password: [] }, { bearer: [] }],
    middleware,
    ...documentedLimits(...policies),
    ...(anyOf.length === 0 ? {} : { 'x-permissions': anyOf }),
    ...(area ? { 'x-app-passwords': area } : {}),
  }
}

type Policy = PolicyName | readonly PolicyName[]
const listOf = (policy: Policy): readonly PolicyName[] => (typeof policy === 'string' ? [policy] : policy)

/** A permission over one's own contacts, which app passwords with API scopes may use. */
type ContactsPermission = Extract<Permission, `contacts:${string}`>

/**
 * Spread into a route: adds the guard, its limits, the permissions (one of which is required), and their documentation.
 * Without it `c.var.user` does not compile. A route that requires permissions over contacts accepts app passwords with
 * the scope `api` and, if it is a GET, `api:read`. Any other route accepts sessions only.
 */
export function signedIn(policy: Policy, ...anyOf: [ContactsPermission, ...ContactsPermission[]]): Guarded<SignedInEnv>
export function signedIn(policy: Policy, ...anyOf: Permission[]): Guarded<SessionEnv>
export function signedIn(policy: Policy, ...anyOf: Permission[]): Guarded<SessionEnv> | Guarded<SignedInEnv> {
  if (anyOf.length > 0 && anyOf.every((permission) => permission.startsWith('contacts:')))
    return openToApps('api', policy, ...anyOf)
  const options = { policies: listOf(policy), anyOf }
  return guarded(options, sessionGuard(options))
}

/** Like {@link signedIn}, for a route that also accepts app passwords for an area. */
export function openToApps(area: Area, policy: Policy, ...anyOf: Permission[]): Guarded<SignedInEnv> {
  const options = { policies: listOf(policy), anyOf, area }
  return guarded(options, appGuard(options))
}

/**
 * Like {@link openToApps}, for a file whose name in the path (`{token}`) is an app password for feeds. No header is
 * needed, and none is read.
 */
export function openToFeeds(policy: Policy, ...anyOf: Permission[]): Guarded<SignedInEnv> {
  const options = { policies: listOf(policy), anyOf, area: 'feed' as const, strategy: fileName }
  return { ...guarded(options, appGuard(options)), security: [] }
}
