import type { Client } from '../audit/store.ts'
import { requirePassword } from '../auth/check-password.ts'
import { consumeEmailQuota, createLink, forgotUrl, requireMailableAddress, sendNow } from '../auth/letters.ts'
import { confirmNewEmailLetter, emailChangeLetter, emailInUseLetter } from '../auth/mails.tsx'
import { invalidValues } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { findUserByEmail } from '../users/store.ts'
import { notifyAddressOwner, passwordUnchanged, startEmailChange } from './store.ts'

/** A change of an account's e-mail. */
export interface EmailChange {
  readonly userId: number
  readonly email: string
  readonly currentPassword: string
  readonly client: Client
}

/**
 * Sends a letter with a confirmation link to the new address, and a notice to the old one. If another account has the
 * new address, its owner gets a notice instead of the link; the caller cannot tell which. Letters to the new address
 * are limited by its quota.
 * @throws Problem 403 `wrong-password`; 401 `reset-required` or `session-revoked`; 422 for the present address, or one
 * that mail cannot reach; 429
 */
export async function requestEmailChange(
  services: Services,
  { userId, email, currentPassword, client }: EmailChange,
): Promise<void> {
  const { db, config, afterResponse } = services
  const user = await requirePassword(services, userId, currentPassword, client)
  if (email === user.email) throw invalidValues([{ pointer: '/email', detail: 'This is your address already.' }])
  await requireMailableAddress(services, email)
  const isAllowed = await consumeEmailQuota(services, email, 'change')
  const owner = await findUserByEmail(db, email)
  if (!isAllowed) return
  const notice = emailChangeLetter(user.email, user.locale, email, forgotUrl(config))
  const happening = { kind: 'email-change-requested' as const, ...client }
  const condition = passwordUnchanged(user.password_hash)
  // All writing happens after the response, so that its time does not show whether another account has the address.
  const send = async () => {
    const ttl = config.VERIFICATION_LINK_TTL
    if (owner && owner.id !== user.id) {
      const toOwner = emailInUseLetter(owner.email, owner.locale, forgotUrl(config))
      const change = { ownerId: owner.id, toOwner, userId: user.id, condition, notice, happening }
      return sendNow(services, ...(await notifyAddressOwner(db, change)))
    }
    const link = createLink(config, 'confirm-email', ttl, (url) => confirmNewEmailLetter(email, user.locale, url, ttl))
    const change = { userId: user.id, condition, newEmail: email, link, notice, happening }
    sendNow(services, ...(await startEmailChange(db, change)))
  }
  afterResponse(send, { hidden: true })
}
