import type { Configuration } from '../platform/config/configuration.ts'
import type { Database } from '../platform/db/database.ts'
import { isAppPasswordActive } from './app-password-store.ts'
import type { Credential } from './credential.ts'
import { requireSession } from './session.ts'
import { bearer } from './strategies.ts'

/**
 * Checks again whether the request's session or app password is active, after a write with the condition
 * `isCredentialAlive` changed nothing.
 * @throws Problem 401 `session-revoked`, or `invalid-token` for an app password
 */
export async function requireCredential(db: Database, credential: Credential, config: Configuration): Promise<void> {
  if (credential.kind === 'session') return requireSession(db, credential.id, config)
  if (!(await isAppPasswordActive(db, credential.id))) throw bearer.invalidAppPassword()
}
