import { confirmNewEmailLetter, emailChangeLetter, emailInUseLetter } from '../auth/mails.tsx'
import { consumeEmailQuota, createLink, forgotUrl, sendNow } from '../auth/recovery.ts'
import { clientOf } from '../auth/sign-in.ts'
import { afterResponseDelayed } from '../platform/http/after-response.ts'
import type { RequestContext } from '../platform/http/router.ts'
import { findUserByEmail } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { notifyAddressOwner, passwordUnchanged, startEmailChange } from './store.ts'

/**
 * Writes to a new address how it becomes the account's, and to the old one that somebody asked; or, where another account has it, to
 * that one's owner. As often as a deployment writes to one address, and no more often: the asker is not told which it was.
 */
export async function requestEmailChange(c: RequestContext, user: UserRow, email: string): Promise<void> {
  const { db, config } = c.var
  const allowed = await consumeEmailQuota(c, email, 'change')
  const owner = await findUserByEmail(db, email)
  const notice = emailChangeLetter(user.email, user.locale, email, forgotUrl(config))
  const happening = { kind: 'email-change-requested' as const, ...clientOf(c) }
  if (!allowed) return
  // Written after the answer, so that its time does not tell who else has an account.
  afterResponseDelayed(c, async () => {
    const ttl = config.VERIFICATION_LINK_TTL
    const still = passwordUnchanged(user.password_hash)
    const link = () =>
      createLink(config, 'confirm-email', ttl, (url) => confirmNewEmailLetter(email, user.locale, url, ttl))
    const letterIds =
      owner && owner.id !== user.id
        ? await notifyAddressOwner(
            db,
            owner.id,
            emailInUseLetter(owner.email, owner.locale, forgotUrl(config)),
            user.id,
            still,
            notice,
            happening,
          )
        : await startEmailChange(db, user.id, still, email, link(), notice, happening)
    sendNow(c, ...letterIds)
  })
}
