import type { Client } from '../audit/store.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import type { UserRow } from '../users/table.ts'
import { createConfirmationLink, requireMailableAddress, sendNow } from './letters.ts'
import { checkAndHashNewPassword } from './reset-password.ts'
import { createAccount } from './store.ts'

/** An account to be created. */
export interface SignUpRequest {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly locale: 'en' | 'uk'
  readonly client: Client
}

/**
 * Creates an account and sends its confirmation letter.
 * @throws Problem 409 `email-taken`; 422 for an address or a password that is not allowed
 */
export async function signUp(
  services: Services,
  { username, email, password, locale, client }: SignUpRequest,
): Promise<UserRow> {
  const { db, config } = services
  await requireMailableAddress(services, email)
  const passwordHash = await checkAndHashNewPassword(services, password, { email, username }, client)
  const link = createConfirmationLink(email, locale, config)
  const created = await createAccount(db, { username, email, passwordHash, locale }, link, client)
  if (created === 'email-taken') {
    throw new Problem(409, 'email-taken', 'An account already uses this address: log in, or ask for a new password.')
  }
  sendNow(services, created.letterId)
  return created.user
}
