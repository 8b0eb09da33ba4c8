import { createMiddleware } from 'hono/factory'
import { z } from 'zod'
import { type BackgroundWork, Cache } from '../platform/cache.ts'
import type { Permission, PolicyName } from '../platform/config/configuration.ts'
import type { Database } from '../platform/db/database.ts'
import { type GateClient, gateOf, isGateUnavailable } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import { documentedLimits, limitOf, setRateLimitHeaders, tooManyRequests } from '../platform/gate/limits.ts'
import { isCurrent } from '../platform/gate/revision.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { readBody } from '../platform/http/media.ts'
import { Problem } from '../platform/http/problem.ts'
import { errorForLog } from '../platform/safe-errors.ts'
import { roles } from '../users/config.ts'
import type { Account } from '../users/table.ts'
import { isPermitted, notPermitted } from './policy.ts'
import { sessionEnded } from './session.ts'
import { type CachedUser, findCachedUser, setUserRevision } from './store.ts'
import { readAccessToken } from './tokens.ts'

/** What a route behind {@link requireUser} knows besides. */
export type SignedInEnv = AppEnv & { Variables: { user: Account; sessionId: number; gate: GateClient } }

const copySchema: z.ZodType<CachedUser> = z.object({
  account: z.object({
    id: z.int(),
    username: z.string(),
    email: z.string(),
    role: z.enum(roles),
    disabled: z.boolean(),
    locale: z.enum(['en', 'uk']),
    avatar: z.string().nullable(),
    confirmed_at: z.string().nullable(),
    revision: z.int(),
    created_at: z.string(),
  }),
  sessions: z.array(z.int()),
})

/**
 * What this isolate and KV remember of users. A copy counts only if it is at its gate's revision and lists the session.
 */
export const userCache = new Cache<CachedUser>(copySchema)

const challenge = (error?: string): { headers: Record<string, string> } => ({
  headers: { 'WWW-Authenticate': error ? `Bearer error="invalid_token", error_description="${error}"` : 'Bearer' },
})

/** The token of an `Authorization: Bearer …` header (RFC 6750, section 2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +([\w\-.~+/]+=*) *$/i)?.[1]
}

/**
 * Lets in whoever holds an access token of a session that lives, within the policy's limit, and tells the route who
 * that is. The token is verified without I/O, and the body read whole; then the user's gate and the cache are asked in
 * parallel, and the database only where no copy is at the gate's revision.
 * @throws Problem 400 `unreadable-body` for a body that breaks off; 401 `not-signed-in`, `invalid-token`,
 * `token-expired` or `session-revoked`; 403 `not-permitted`; 429; 503 `gate-unavailable`
 */
function requireUser(policies: readonly PolicyName[], anyOf: readonly Permission[]) {
  return createMiddleware<SignedInEnv>(async (c, next) => {
    // Not `c.var`, which is made anew each time it is read.
    const [config, clock, db] = [c.get('config'), c.get('clock'), c.get('db')]
    const header = c.req.header('Authorization')
    // Who tries another scheme has sent no token, so none of theirs is invalid (RFC 6750, section 3.1).
    if (!header || !/^Bearer( |$)/i.test(header))
      throw new Problem(401, 'not-signed-in', 'Log in, and send the access token as a bearer token.', challenge())
    const token = bearerToken(header)
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

    // A client can hold its request open for minutes: what gate and cache say now must be true when its last byte is
    // here.
    await readBody(c)
    const { userId, sessionId } = claims
    const key = `user:${userId}`
    const gate = gateOf(c.env, `user:${userId}`)
    const here = userCache.getLocal(key)
    const [pass, there] = await Promise.all([
      clock.time('gate', () =>
        admitToGate(
          gate,
          policies.map((policy) => limitOf(policy, config)),
          c.req.method,
        ),
      ),
      here?.sessions.includes(sessionId)
        ? here
        : clock.time('cache', () => userCache.fetch(c.env.CACHE, key, config.DEADLINES.cache)),
    ])
    if (pass) setRateLimitHeaders(c, pass.standings)
    if (pass && pass.violated.length > 0) throw tooManyRequests(pass.standings, pass.violated)

    const usable =
      pass &&
      there?.account.id === userId &&
      there.sessions.includes(sessionId) &&
      isCurrent(there.account.revision, pass.revision)
    let copy = usable ? there : undefined
    clock.add('cache', 0, copy ? (copy === here ? 'memory' : 'kv') : 'database')
    if (copy) {
      userCache.putLocal(key, copy)
      staleRows.delete(key)
    } else {
      copy = await findCachedUser(db, userId)
      // What lets nobody in is not worth keeping: whoever goes on asking with an ended session would write KV each
      // time.
      const lives = copy?.sessions.includes(sessionId) === true && !copy.account.disabled
      if (copy && pass) cacheUser(copy, lives, pass, key, gate, db, c.env.CACHE, c.executionCtx)
    }
    if (!copy?.sessions.includes(sessionId) || copy.account.disabled) {
      throw sessionEnded()
    }
    const { role } = copy.account
    if (anyOf.length > 0 && !anyOf.some((permission) => isPermitted(role, permission, config)))
      throw notPermitted(anyOf)
    c.set('user', copy.account)
    c.set('sessionId', sessionId)
    c.set('gate', gate)
    await next()
  })
}

/**
 * Counts the request. Without the gate, reading one's own data goes on, on what the primary database says; null then.
 * @throws Problem 503 `gate-unavailable` for anything but a read
 */
async function admitToGate(
  gate: GateClient,
  limits: Parameters<GateClient['enter']>[0],
  method: string,
): Promise<Admission | null> {
  try {
    return await gate.enter(limits)
  } catch (error) {
    if (isGateUnavailable(error) && (method === 'GET' || method === 'HEAD')) return null
    throw error
  }
}

/**
 * Keeps what was read, if it is what the gate stands for. A gate that has never been told takes the row's revision for
 * its own; one that has long been ahead of its row, because a change died in between, is caught up with.
 */
function cacheUser(
  copy: CachedUser,
  lives: boolean,
  pass: Admission,
  key: string,
  gate: GateClient,
  db: Database,
  kv: KVNamespace,
  later: BackgroundWork,
): void {
  const { id, revision } = copy.account
  if (isCurrent(revision, pass.revision)) {
    staleRows.delete(key)
    if (lives) userCache.put(kv, key, copy, later)
    return
  }
  const repair = async (): Promise<void> => {
    if (pass.revision === null) {
      if ((await gate.adopt(revision)) === revision && lives) userCache.put(kv, key, copy, later)
    } else if (isStaleRow(key, pass.revision)) {
      await writeAtNewRevision(gate, revision, (raised) => setUserRevision(db, id, raised))
    }
  }
  later.waitUntil(
    repair().catch((error: unknown) => {
      // Nobody waits for it, and the next request tries again.
      console.error(JSON.stringify({ level: 'error', mending: true, ...errorForLog(error) }))
    }),
  )
}

/** How long a row may lag behind its gate before that is no change on its way, but one that died. */
const lagSeconds = 10
const maxLagging = 1000
const staleRows = new Map<string, { gate: number; since: number }>()

/** Whether this isolate has seen a gate at this revision, ahead of its row, for a while. */
function isStaleRow(key: string, gateRevision: number): boolean {
  const seen = staleRows.get(key)
  if (seen?.gate === gateRevision) return Date.now() - seen.since >= lagSeconds * 1000
  staleRows.delete(key)
  const oldest = staleRows.keys().next().value
  if (staleRows.size >= maxLagging && oldest !== undefined) staleRows.delete(oldest)
  staleRows.set(key, { gate: gateRevision, since: Date.now() })
  return false
}

/**
 * Spread into a route: the guard, its limits, the permissions of which it asks for any, and the documentation of all.
 * Without it `c.var.user` does not compile.
 */
export function signedIn(policy: PolicyName | readonly PolicyName[], ...anyOf: Permission[]) {
  const policies = typeof policy === 'string' ? [policy] : policy
  return {
    security: [{ password: [] }, { bearer: [] }],
    middleware: requireUser(policies, anyOf),
    ...documentedLimits(...policies),
    ...(anyOf.length === 0 ? {} : { 'x-permissions': anyOf }),
  }
}
