import { type Client, recordAuditEvent } from '../audit/store.ts'
import type { Configuration } from '../env.ts'
import { gateOf } from '../platform/gate/client.ts'
import type { PasswordCheck } from '../platform/gate/gate.ts'
import { addressOf, emailGate, limitOf, setRateLimitHeaders, tooManyRequests } from '../platform/gate/limits.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { afterResponseDelayed } from '../platform/http/after-response.ts'
import { Problem } from '../platform/http/problem.ts'
import type { RequestContext } from '../platform/http/router.ts'
import { truncate } from '../platform/text/truncate.ts'
import { findUser, findUserByEmail } from '../users/store.ts'
import { emailKey, type UserRow } from '../users/table.ts'
import { sessionEnded } from './session.ts'
import { endOldestSessions, startSession } from './session-store.ts'
import { promoteToAdmin, replacePasswordHash } from './store.ts'

/** How many characters of a User-Agent are stored. */
const maxDevice = 200

/** From where a request comes. */
export function clientOf(c: RequestContext): Client {
  const device = c.req.header('User-Agent')
  return { device: device === undefined ? null : truncate(device, maxDevice), address: addressOf(c) }
}

/** The gate of an e-mail. */
export const emailGateOf = (c: RequestContext, email: string) => gateOf(c.env, emailGate(emailKey(email), c.var.config))

const challenged = { headers: { 'WWW-Authenticate': 'Bearer' } }

/** Whether the password opens nothing until a new one is chosen. Only while the operator wants it so. */
const isPasswordLocked = (user: UserRow, config: Configuration): boolean =>
  config.RESET_LOCKS_PASSWORD && user.password_barred

const resetRequired = (): Problem =>
  new Problem(
    401,
    'reset-required',
    'A new password has been asked for: choose it by the link in our letter, or ask for another letter.',
    challenged,
  )

/** Tries a password in the e-mail's gate, where failures are counted. A failure against an account is recorded, after the answer. */
async function tryPassword(
  c: RequestContext,
  email: string,
  user: UserRow | undefined,
  password: string,
): Promise<PasswordCheck> {
  const { db, config } = c.var
  const client = clientOf(c)
  const verdict = await c.var.clock.time('gate', () =>
    emailGateOf(c, email).attempt({
      password,
      phc: user?.password_hash ?? null,
      address: addressOf(c),
      accountId: user?.confirmed_at && !user.disabled && !isPasswordLocked(user, config) ? user.id : null,
      perAddressLimit: limitOf('login-failures', config),
      perAddressHourlyLimit: limitOf('login-failures-hour', config),
      perEmailLimit: limitOf('login-failures-email', config),
    }),
  )
  if (verdict.violated.length > 0) {
    setRateLimitHeaders(c, verdict.standings)
    throw tooManyRequests(verdict.standings, verdict.violated)
  }
  if (user && !verdict.right)
    afterResponseDelayed(c, () => recordAuditEvent(db, user.id, { kind: 'login-failed', ...client }))
  return verdict
}

/**
 * Verifies a password and begins a session.
 * @throws Problem 401 `invalid-credentials`, or after the right password `email-not-confirmed` or `reset-required`; 403
 * `account-disabled`; 429
 */
export async function signIn(c: RequestContext, email: string, password: string) {
  // Once more where the hash was replaced meanwhile: by another login, which hashed the same password anew, or by a change of it.
  const begun = (await beginSession(c, email, password)) ?? (await beginSession(c, email, password))
  if (!begun) throw wrongCredentials()
  return begun
}

async function beginSession(c: RequestContext, email: string, password: string) {
  const { db, config } = c.var
  const client = clientOf(c)
  const user = await findUserByEmail(db, email)
  const { right, rehashed } = await tryPassword(c, email, user, password)
  if (!user || !right) throw wrongCredentials()
  if (!user.confirmed_at) {
    throw new Problem(
      401,
      'email-not-confirmed',
      'Confirm your address first: open the link in our letter, or ask for a new one.',
      challenged,
    )
  }
  if (user.disabled)
    throw new Problem(403, 'account-disabled', 'This account has been disabled: ask who runs the service.')
  if (isPasswordLocked(user, config)) throw resetRequired()
  const hash = rehashed ?? user.password_hash
  if (rehashed && !(await replacePasswordHash(db, user.id, user.password_hash, rehashed))) return undefined
  const session = await startSession(db, user.id, hash, client, config.RESET_LOCKS_PASSWORD)
  if (!session) return undefined
  const gate = gateOf(c.env, `user:${user.id}`)
  if (session.overSessionLimit)
    await writeAtNewRevision(gate, user.revision, (revision) => endOldestSessions(db, user.id, revision))
  // The operator may have named the address after it was confirmed.
  if (user.role !== 'admin') await promoteConfiguredAdmin(c, user.id, user.email)
  return { userId: user.id, sessionId: session.id, generation: session.generation }
}

/** Makes an account an admin, if it is confirmed with the address that the operator named (`ADMIN_EMAIL`). */
export async function promoteConfiguredAdmin(c: RequestContext, userId: number, email: string): Promise<void> {
  const { db, config } = c.var
  if (!config.ADMIN_EMAIL || emailKey(config.ADMIN_EMAIL) !== emailKey(email)) return
  await writeAtNewRevision(gateOf(c.env, `user:${userId}`), 0, (revision) =>
    promoteToAdmin(db, userId, email, revision, clientOf(c)),
  )
}

/** The same words whether the account is unknown or the password wrong. */
const wrongCredentials = (): Problem =>
  new Problem(401, 'invalid-credentials', 'The e-mail or the password is wrong.', challenged)

/** 403 for one who is signed in and says a wrong password: 401 would say that the token is. */
export const wrongPassword = (): Problem => new Problem(403, 'wrong-password', 'The current password is wrong.')

/**
 * Verifies the password of one who is signed in, before something that a stolen token alone must not do. Failures count as those
 * of a login.
 * @throws Problem 403 `wrong-password`, 401 `reset-required` or `session-revoked`, 429
 */
export async function requirePassword(
  c: RequestContext & { readonly var: { readonly user: { readonly id: number } } },
  password: string,
): Promise<UserRow> {
  const user = await findUser(c.var.db, c.var.user.id)
  if (!user) throw sessionEnded()
  const { right } = await tryPassword(c, user.email, user, password)
  if (!right) throw wrongPassword()
  if (isPasswordLocked(user, c.var.config)) throw resetRequired()
  return user
}
