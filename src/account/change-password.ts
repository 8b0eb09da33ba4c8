import type { Client } from '../audit/store.ts'
import { listAppPasswords } from '../auth/app-password-store.ts'
import { requirePassword, wrongPassword } from '../auth/check-password.ts'
import { changePassword } from '../auth/email-token-store.ts'
import { forgotUrl, sendNow } from '../auth/letters.ts'
import { passwordChangedLetter } from '../auth/mails.tsx'
import { checkAndHashNewPassword } from '../auth/reset-password.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'

/** A new password for an account. */
export interface PasswordChange {
  readonly userId: number
  /** The session that stays; every other one ends. */
  readonly sessionId: number
  readonly currentPassword: string
  readonly password: string
  readonly client: Client
  /** Whether every app password is deleted, too. */
  readonly endsAppPasswords: boolean
  /** Called before anything is written. Throws if a condition of the request is not met. */
  readonly checkConditions?: () => void
}

/**
 * Changes the password of a signed-in user, ends their other sessions, and their app passwords if requested, and sends
 * a notice.
 * @throws Problem 403 `wrong-password`; 401 `reset-required` or `session-revoked`; 422 for a password that may not be
 * chosen; 429
 */
export async function changeOwnPassword(
  services: Services,
  { userId, sessionId, currentPassword, password, client, endsAppPasswords, checkConditions }: PasswordChange,
): Promise<void> {
  const { db, config, gate } = services
  const user = await requirePassword(services, userId, currentPassword, client)
  const passwordHash = await checkAndHashNewPassword(services, password, user, client)
  checkConditions?.()
  const names = (await listAppPasswords(db, user.id)).map(({ name }) => name)
  const change = {
    userId: user.id,
    passwordHash,
    endsAppPasswords,
    notice: passwordChangedLetter(user.email, user.locale, forgotUrl(config), { names, ended: endsAppPasswords }),
    event: { kind: 'password-changed' as const, ...client },
  }
  const letterId = await writeAtNewRevision(gate(`user:${user.id}`), user.revision, (revision) =>
    changePassword(db, user.password_hash, sessionId, change, revision),
  )
  if (letterId === null) throw wrongPassword()
  sendNow(services, letterId)
}
