import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { findUserByEmail } from '../users/store.ts'
import { challenge, checkPassword, isPasswordLocked, resetRequired } from './check-password.ts'
import { promoteConfiguredAdmin } from './promote-admin.ts'
import { endOldestSessions, startSession } from './session-store.ts'
import { replacePasswordHash } from './store.ts'

/** E-mail and password, and the client they come from. */
export interface Credentials {
  readonly email: string
  readonly password: string
  readonly client: Client
}

/** A new session. */
export interface StartedSession {
  readonly userId: number
  readonly sessionId: number
  readonly generation: number
}

/**
 * Checks a password and starts a session.
 * @throws Problem 401 `invalid-credentials`, or after the right password `email-not-confirmed` or `reset-required`; 403
 * `account-disabled`; 429
 */
export function signIn(services: Services, credentials: Credentials): Promise<StartedSession> {
  // Another login may replace the hash meanwhile by one of the same password, or the password may change: try again
  // once.
  return retryOnConflict(() => start(services, credentials), invalidCredentials, 2)
}

/** Starts a session; undefined if the hash was replaced meanwhile. */
async function start(
  services: Services,
  { email, password, client }: Credentials,
): Promise<StartedSession | undefined> {
  const { db, config, gate } = services
  const user = await findUserByEmail(db, email)
  const { right, rehashed } = await checkPassword(services, { email, user, password, client })
  if (!user || !right) throw invalidCredentials()
  if (!user.confirmed_at) {
    throw new Problem(
      401,
      'email-not-confirmed',
      'Confirm your address first: open the link in our letter, or ask for a new one.',
      challenge,
    )
  }
  if (user.disabled)
    throw new Problem(403, 'account-disabled', 'This account has been disabled: ask who runs the service.')
  if (isPasswordLocked(user, config)) throw resetRequired()
  const hash = rehashed ?? user.password_hash
  if (rehashed && !(await replacePasswordHash(db, user.id, user.password_hash, rehashed))) return undefined
  const session = await startSession(db, user.id, hash, client, config.RESET_LOCKS_PASSWORD)
  if (!session) return undefined
  if (session.overSessionLimit) {
    await writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
      endOldestSessions(db, user.id, revision),
    )
  }
  // The operator may have set ADMIN_EMAIL after the address was confirmed.
  if (user.role !== 'admin') await promoteConfiguredAdmin(services, user, client)
  return { userId: user.id, sessionId: session.id, generation: session.generation }
}

/** The same message for an unknown account and a wrong password. */
const invalidCredentials = (): Problem =>
  new Problem(401, 'invalid-credentials', 'The e-mail or the password is wrong.', challenge)
