import type { Configuration } from '../platform/config/configuration.ts'
import type { Database } from '../platform/db/database.ts'
import { appPasswordLives } from './app-password-store.ts'
import type { Credential } from './credential.ts'
import { requireSession } from './session.ts'
import { bearer } from './strategies.ts'

/**
 * Asks anew whether what a request was let in by lives, after a write that `isCredentialAlive` was to refuse did
 * nothing.
 * @throws Problem 401 `session-revoked`, or `invalid-token` for an app password
 */
export async function requireCredential(db: Database, credential: Credential, config: Configuration): Promise<void> {
  if (credential.kind === 'session') return requireSession(db, credential.id, config)
  if (!(await appPasswordLives(db, credential.id))) throw bearer.invalidAppPassword()
}
