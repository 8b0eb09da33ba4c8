import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Configuration, PolicyName } from '../config/configuration.ts'
import { keysFor, sign } from '../crypto/keys.ts'
import type { AppEnv } from '../http/context.ts'
import { Problem } from '../http/problem.ts'
import { type GateName, gateOf } from './client.ts'
import type { Limit, LimitStatus } from './window.ts'

/** The limit of a policy in this deployment. */
export function limitOf(policy: PolicyName, config: Configuration): Limit {
  return { name: policy, ...config.RATE_LIMITS[policy] }
}

/**
 * The caller's IP address, for requests without a login. It comes from the platform (`CF-Connecting-IP`), never from a
 * header that a client can set. An IPv6 subscriber has a whole /64, so the /64 is returned.
 */
export function addressOf(c: { req: { header(name: string): string | undefined } }): string {
  const address = c.req.header('CF-Connecting-IP')?.trim().toLowerCase() ?? 'unknown'
  if (!address.includes(':')) return address
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/)?.[1]
  return mapped ?? `${networkOf(address)}::/64`
}

/** The first four groups of an IPv6 address (RFC 4291, section 2.2), written in full. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const [before, after] = [groups(head), groups(tail)]
  // A dotted quad at the end is two groups.
  const width = after.length + (after.at(-1)?.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - width)
  const all = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

/** The name of an e-mail's gate. It does not disclose the e-mail. */
export function emailGate(emailKey: string, config: Configuration): GateName {
  return `email:${sign(keysFor('email-name', config)[0], emailKey)}`
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-10 for the status of some limits. */
function rateLimitHeaders(statuses: readonly LimitStatus[]): Record<string, string> {
  const policies = statuses.map(({ name, quota, windowSeconds }) => `"${name}";q=${quota};w=${windowSeconds}`)
  const states = statuses.map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`)
  return { 'RateLimit-Policy': policies.join(', '), RateLimit: states.join(', ') }
}

/**
 * Adds the rate-limit headers to a response that may have those of other limits. Every response has them, errors
 * included.
 */
export function setRateLimitHeaders(
  c: { header(name: string, value: string, options: { append: boolean }): void },
  statuses: readonly LimitStatus[],
): void {
  for (const [name, value] of Object.entries(rateLimitHeaders(statuses))) c.header(name, value, { append: true })
}

/** 429, with the seconds to wait. */
export function tooManyRequests(statuses: readonly LimitStatus[], violated: readonly string[]): Problem {
  return limitProblem(statuses, violated, {})
}

/** 429 for a limit that a use case counts: the problem has its rate-limit headers. */
export function limitExceeded(statuses: readonly LimitStatus[], violated: readonly string[]): Problem {
  return limitProblem(statuses, violated, rateLimitHeaders(statuses))
}

function limitProblem(
  statuses: readonly LimitStatus[],
  violated: readonly string[],
  appendedHeaders: Record<string, string>,
): Problem {
  const full = statuses.filter(({ name }) => violated.includes(name))
  const seconds = Math.max(1, ...full.map(({ resetSeconds }) => resetSeconds))
  const wait = seconds === 1 ? 'one second' : `${seconds} seconds`
  return new Problem(429, 'too-many-requests', `That was too often: try again in ${wait}.`, {
    headers: { 'Retry-After': String(seconds) },
    appendedHeaders,
    members: { violated_policies: violated },
  })
}

/**
 * Counts a request without a login by its address. One call to the address's gate.
 * @throws Problem 429
 */
export async function enforceLimit(c: Context<AppEnv>, policy: PolicyName): Promise<void> {
  const gate = gateOf(c.env, `address:${addressOf(c)}`)
  const { standings, violated } = await c.var.clock.time('gate', () => gate.enter([limitOf(policy, c.var.config)]))
  setRateLimitHeaders(c, standings)
  if (violated.length > 0) throw tooManyRequests(standings, violated)
}

/**
 * Spread into a route without a login: adds its limit, and the documentation of it and of other limits that the route
 * counts.
 */
export function limited(policy: PolicyName, ...besides: PolicyName[]) {
  return {
    middleware: createMiddleware<AppEnv>(async (c, next) => {
      await enforceLimit(c, policy)
      await next()
    }),
    ...documentedLimits(policy, ...besides),
  }
}

/** Names a route's limits, for the document, which states them as this deployment has them. */
export function documentedLimits(...policies: PolicyName[]) {
  return { 'x-rate-limits': policies }
}
