import type { Client } from '../audit/store.ts'
import { tokenHash } from '../platform/crypto/keys.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { confirmUser, type EmailToken, findConfirmation, finishEmailChange } from './email-token-store.ts'
import { sendNow } from './letters.ts'
import { emailChangedLetter } from './mails.tsx'
import { promoteConfiguredAdmin } from './promote-admin.ts'

/** 404 for a link that never existed, was used, or has expired. */
export const invalidLink = (): Problem =>
  new Problem(404, 'link-not-found', 'This link is unknown, used or expired: ask for a new letter.')

/** Whether the address of a link is already the account's confirmed address. */
export const isConfirmed = ({ newEmail, email, confirmed }: EmailToken): boolean =>
  newEmail === null ? confirmed : newEmail === email

/**
 * Confirms the address that a link was sent to: the account's own or its new one. Confirming twice succeeds.
 * @throws Problem 404 `link-not-found` if the link does not exist or has expired; 409 `email-taken` if another account
 * has the new address by now
 */
export async function confirmEmail(services: Services, token: string, client: Client): Promise<void> {
  const { db, config, gate } = services
  const link = await findConfirmation(db, tokenHash(token))
  if (!link) throw invalidLink()
  if (isConfirmed(link)) return
  const { newEmail, userId } = link
  const userGate = gate(`user:${userId}`)
  if (newEmail === null) {
    await writeAtNewRevision(userGate, link.revision, (revision) =>
      confirmUser(db, link, revision, { kind: 'email-confirmed', ...client }),
    )
    await promoteConfiguredAdmin(services, { id: userId, email: link.email }, client)
    return
  }
  const notice = emailChangedLetter(link.email, link.locale, newEmail, `${config.PUBLIC_URL}/`)
  const letterId = await writeAtNewRevision(userGate, link.revision, (revision) =>
    finishEmailChange(db, { ...link, newEmail }, notice, revision, { kind: 'email-changed', ...client }),
  )
  if (letterId === 'email-taken') {
    throw new Problem(
      409,
      'email-taken',
      'Another account uses this address by now: your account keeps its old address.',
    )
  }
  if (letterId !== null) {
    sendNow(services, letterId)
    return promoteConfiguredAdmin(services, { id: userId, email: newEmail }, client)
  }
  // Another request confirmed by the same link first, or the link was deleted.
  const now = await findConfirmation(db, tokenHash(token))
  if (!now || !isConfirmed(now)) throw invalidLink()
}
