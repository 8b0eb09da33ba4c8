import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { invalidValues } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { emailKey } from '../users/table.ts'
import { listAppPasswords } from './app-password-store.ts'
import { invalidLink } from './confirm-email.ts'
import { type EmailToken, finishReset } from './email-token-store.ts'
import { forgotUrl, sendNow } from './letters.ts'
import { hashAtGate } from './login-gate.ts'
import { passwordChangedLetter } from './mails.tsx'
import { passwordFault } from './password-hash.ts'
import { promoteConfiguredAdmin } from './promote-admin.ts'

/**
 * Checks and hashes a new password, in the gate of the caller's address, where it delays nobody else.
 * @throws Problem 422 if it is too common, or the account's e-mail or name
 */
export async function checkAndHashNewPassword(
  { gate }: Services,
  password: string,
  account: { readonly email: string; readonly username: string },
  client: Client,
): Promise<string> {
  const fault = passwordFault(password, account)
  if (fault) throw invalidValues([{ pointer: '/password', detail: fault }])
  return hashAtGate(gate(`address:${client.address}`), password)
}

/** A new password for the account of a reset link. */
export interface ResetRequest {
  readonly link: EmailToken
  readonly password: string
  readonly client: Client
  /** Whether every app password is deleted, too. */
  readonly endsAppPasswords: boolean
  /** Called before anything is written. Throws if a condition of the request is not met. */
  readonly checkConditions?: () => void
}

/**
 * Sets the password of a reset link's account. Also confirms its address, ends every session, deletes every link and
 * sends a notice. Of two at once with one link, one succeeds.
 * @throws Problem 404 `link-not-found` if the link no longer exists; 422 for a password that may not be chosen; 412
 */
export async function resetPassword(
  services: Services,
  { link, password, client, endsAppPasswords, checkConditions }: ResetRequest,
): Promise<void> {
  const { db, config, gate } = services
  const passwordHash = await checkAndHashNewPassword(services, password, link, client)
  checkConditions?.()
  const names = (await listAppPasswords(db, link.userId)).map(({ name }) => name)
  const change = {
    userId: link.userId,
    passwordHash,
    endsAppPasswords,
    notice: passwordChangedLetter(link.email, link.locale, forgotUrl(config), { names, ended: endsAppPasswords }),
    event: { kind: 'password-reset' as const, ...client },
  }
  const letterId = await writeAtNewRevision(gate(`user:${link.userId}`), link.revision, (revision) =>
    finishReset(db, link.linkId, change, revision),
  )
  if (letterId === null) throw invalidLink()
  sendNow(services, letterId)
  await promoteConfiguredAdmin(services, { id: link.userId, email: link.email }, client)
}

/**
 * Refuses a body whose e-mail is not that of the link's account: the sender has confused two accounts. A username is
 * ignored: several users may have the same, and older clients send any.
 * @throws Problem 422
 */
export function requireSameAccount(link: EmailToken, email: string | undefined): void {
  if (email === undefined || emailKey(email) === emailKey(link.email)) return
  const detail = 'This is not the address of the link’s account: leave it out. A reset changes the password alone.'
  throw invalidValues([{ pointer: '/email', detail }])
}
