import { type Client, recordAuditEvent } from '../audit/store.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { emailGate, limitExceeded, limitOf } from '../platform/gate/limits.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { findUser } from '../users/store.ts'
import { emailKey, type UserRow } from '../users/table.ts'
import { type PasswordCheck, verifyAtGate } from './login-gate.ts'
import { sessionEnded } from './session.ts'

/** The WWW-Authenticate header of a refused login. */
export const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } }

/** Whether the password is locked until a new one is chosen. Only with `RESET_LOCKS_PASSWORD`. */
export const isPasswordLocked = (user: UserRow, config: Configuration): boolean =>
  config.RESET_LOCKS_PASSWORD && user.password_barred

export const resetRequired = (): Problem =>
  new Problem(
    401,
    'reset-required',
    'A reset of the password was requested: choose a new one with the link in our letter, or ask for another letter.',
    challenge,
  )

/** The gate of an e-mail. */
export const gateOfEmail = ({ gate, config }: Services, email: string) => gate(emailGate(emailKey(email), config))

/** A password to be checked against an account. Without an account, the same work is done. */
export interface PasswordAttempt {
  readonly email: string
  readonly user: UserRow | undefined
  readonly password: string
  readonly client: Client
}

/**
 * Checks a password in the e-mail's gate, which counts failures. A failure against an account is recorded after the
 * response.
 * @throws Problem 429
 */
export async function checkPassword(services: Services, attempt: PasswordAttempt): Promise<PasswordCheck> {
  const { db, config } = services
  const { email, user, password, client } = attempt
  const check = await verifyAtGate(gateOfEmail(services, email), {
    password,
    phc: user?.password_hash ?? null,
    address: client.address,
    accountId: user?.confirmed_at && !user.disabled && !isPasswordLocked(user, config) ? user.id : null,
    perAddressLimit: limitOf('login-failures', config),
    perAddressHourlyLimit: limitOf('login-failures-hour', config),
    perEmailLimit: limitOf('login-failures-email', config),
  })
  if (check.violated.length > 0) throw limitExceeded(check.standings, check.violated)
  if (user && !check.right) {
    services.afterResponse(() => recordAuditEvent(db, user.id, { kind: 'login-failed', ...client }), { hidden: true })
  }
  return check
}

/** 403 for a wrong current password: 401 would tell a client that its token is invalid. */
export const wrongPassword = (): Problem => new Problem(403, 'wrong-password', 'The current password is wrong.')

/**
 * Requires the current password of a signed-in user, for actions that a stolen token alone must not allow. Failures
 * count as failed logins.
 * @throws Problem 403 `wrong-password`, 401 `reset-required` or `session-revoked`, 429
 */
export async function requirePassword(
  services: Services,
  userId: number,
  password: string,
  client: Client,
): Promise<UserRow> {
  const user = await findUser(services.db, userId)
  if (!user) throw sessionEnded()
  const { right } = await checkPassword(services, { email: user.email, user, password, client })
  if (!right) throw wrongPassword()
  if (isPasswordLocked(user, services.config)) throw resetRequired()
  return user
}
