import { createMailer, deliver } from '../platform/mail/outbox-store.ts'
import type { Services } from '../platform/ports.ts'
import { findUserByEmail } from '../users/store.ts'
import { renewConfirmation } from './email-token-store.ts'
import { consumeEmailQuota, createConfirmationLink } from './letters.ts'
import { unconfirmedSeconds } from './store.ts'

/**
 * Sends another confirmation letter if an account is not confirmed yet. Everybody gets the same response in the same
 * time: all writing happens after the response.
 */
export async function requestConfirmation(services: Services, email: string): Promise<void> {
  const { db, config, afterResponse } = services
  const isAllowed = await consumeEmailQuota(services, email, 'confirm')
  const user = await findUserByEmail(db, email)
  // Unconfirmed accounts are deleted a week after signup; no link outlives its account.
  const remaining = user ? (Date.parse(user.created_at) - Date.now()) / 1000 + unconfirmedSeconds : 0
  const ttl = Math.min(config.VERIFICATION_LINK_TTL, Math.floor(remaining))
  if (!user || user.confirmed_at || ttl <= 0 || !isAllowed) return
  const send = async () => {
    const link = createConfirmationLink(user.email, user.locale, config, ttl)
    const letterId = await renewConfirmation(db, user.id, link)
    if (letterId !== undefined) await deliver(db, createMailer(config), letterId)
  }
  afterResponse(send, { hidden: true })
}
