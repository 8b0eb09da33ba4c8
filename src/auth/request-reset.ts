import type { Client } from '../audit/store.ts'
import { createMailer, deliver } from '../platform/mail/outbox-store.ts'
import type { Services } from '../platform/ports.ts'
import { findUserByEmail } from '../users/store.ts'
import { startReset } from './email-token-store.ts'
import { consumeEmailQuota, createLink } from './letters.ts'
import { resetPasswordLetter } from './mails.tsx'

/**
 * Sends a letter with a link to choose a new password, if there is such an account. Nothing about the account changes,
 * unless `RESET_LOCKS_PASSWORD` is set; everybody gets the same answer in the same time.
 */
export async function requestReset(services: Services, email: string, client: Client): Promise<void> {
  const { db, config, afterResponse } = services
  const isAllowed = await consumeEmailQuota(services, email, 'reset')
  const user = await findUserByEmail(db, email)
  if (!user || !isAllowed) return
  const { RESET_LINK_TTL: ttl, SMTP_HOST } = config
  // Without a mail server no letter is sent, so nobody could unlock the password.
  const locksPassword = config.RESET_LOCKS_PASSWORD && SMTP_HOST !== undefined
  const send = async () => {
    const link = createLink(config, 'reset-password', ttl, (url) =>
      resetPasswordLetter(user.email, user.locale, url, ttl, locksPassword),
    )
    const event = { kind: 'reset-requested' as const, ...client }
    const letterId = await startReset(db, user.id, link, locksPassword, event)
    if (letterId !== undefined) await deliver(db, createMailer(config), letterId)
  }
  afterResponse(send, { hidden: true })
}
