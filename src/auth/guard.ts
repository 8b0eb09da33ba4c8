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
import { bearer, type Claims, type Strategy } from './strategies.ts'
import { userKey } from './user-cache.ts'

/** Who is signed in, by what, and their gate. */
interface Identity {
  user: Account
  credential: Credential
  gate: GateClient
}

/** What a route behind {@link signedIn} knows besides. */
export type SignedInEnv = AppEnv & { Variables: Identity }

/** The same of a route that takes sessions only. */
export type SessionEnv = SignedInEnv & { Variables: { sessionId: number } }

/** Who a route lets in. */
interface GuardOptions {
  readonly policies: readonly PolicyName[]
  /** Permissions of which the role must have one; none for whoever is signed in. */
  readonly anyOf?: readonly Permission[]
  /** The area of which an app password must be; where there is none, only sessions are let in. */
  readonly area?: Area
  /** How a request says who it is; by a bearer token, where nothing else is said. */
  readonly strategy?: Strategy
}

/**
 * Lets in whoever holds an access token of a session that lives or, where the route is of an area, an app password of
 * that; within the policies' limits. Tells the route who that is. What can be read without I/O is read first, and the
 * body whole; then the user's gate and the cache are asked in parallel, and the database only where no copy is at the
 * gate's revision.
 * @throws Problem 400 `unreadable-body` for a body that breaks off; 401 `not-signed-in`, `invalid-token`,
 * `token-expired` or `session-revoked`; 403 `not-permitted`; 429; 503 `gate-unavailable`
 */
async function letIn(
  c: RequestContext,
  { policies, anyOf = [], area, strategy = bearer }: GuardOptions,
): Promise<Identity> {
  // Read once: it is made anew each time.
  const { config, services, clock } = c.var
  const claims = await strategy.read(c.req.header('Authorization'), config)
  // A client can hold its request open for minutes: what gate and cache say now must be true when its last byte is
  // here.
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
  const { copy, credential } = await admitted(arrival, claims)
  if (credential.kind === 'app' && !(area && isGranted(credential.scope, area, c.req.method)))
    throw appPasswordNotPermitted(credential)
  const { account } = copy
  if (anyOf.length > 0 && !anyOf.some((permission) => isPermitted(account.role, permission, config)))
    throw notPermitted(anyOf)
  return { user: account, credential, gate: gateOf(c.env, userKey(account.id)) }
}

/** The guard of a route that takes sessions alone. */
const sessionGuard = (options: GuardOptions) =>
  createMiddleware<SessionEnv>(async (c, next) => {
    const { user, credential, gate } = await letIn(c, options)
    if (credential.kind !== 'session') throw appPasswordNotPermitted(credential)
    c.set('user', user)
    c.set('credential', credential)
    c.set('sessionId', credential.id)
    c.set('gate', gate)
    await next()
  })

/** The guard of a route that takes app passwords of an area, too. */
const appGuard = (options: GuardOptions & { readonly area: Area }) =>
  createMiddleware<SignedInEnv>(async (c, next) => {
    const { user, credential, gate } = await letIn(c, options)
    c.set('user', user)
    c.set('credential', credential)
    c.set('gate', gate)
    await next()
  })

/** Admits by what was claimed. */
async function admitted(
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

/** What a route spreads: its guard, and the documentation of it. */
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

/** A permission over one's own contacts, which app passwords of the API may use. */
type ContactsPermission = Extract<Permission, `contacts:${string}`>

/**
 * Spread into a route: the guard, its limits, the permissions of which it asks for any, and the documentation of all.
 * Without it `c.var.user` does not compile. A route that asks for permissions over contacts takes app passwords of the
 * scopes `api` and, if it is a GET, `api:read`; every other takes sessions alone.
 */
export function signedIn(policy: Policy, ...anyOf: [ContactsPermission, ...ContactsPermission[]]): Guarded<SignedInEnv>
export function signedIn(policy: Policy, ...anyOf: Permission[]): Guarded<SessionEnv>
export function signedIn(policy: Policy, ...anyOf: Permission[]): Guarded<SessionEnv> | Guarded<SignedInEnv> {
  if (anyOf.length > 0 && anyOf.every((permission) => permission.startsWith('contacts:')))
    return openToApps('api', policy, ...anyOf)
  const options = { policies: listOf(policy), anyOf }
  return guarded(options, sessionGuard(options))
}

/** The same for a route that takes app passwords of an area, besides sessions. */
export function openToApps(area: Area, policy: Policy, ...anyOf: Permission[]): Guarded<SignedInEnv> {
  const options = { policies: listOf(policy), anyOf, area }
  return guarded(options, appGuard(options))
}
