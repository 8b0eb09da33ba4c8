import type { Configuration } from '../env.ts'
import { randomToken, tokenHash } from '../platform/crypto/keys.ts'
import { passwordFault } from '../platform/crypto/password.ts'
import { timestamp } from '../platform/db/columns.ts'
import { gateOf } from '../platform/gate/client.ts'
import { addressOf, limitOf } from '../platform/gate/limits.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { afterResponse, afterResponseDelayed } from '../platform/http/after-response.ts'
import { requireUntagged } from '../platform/http/etag.ts'
import { invalidValues, Problem } from '../platform/http/problem.ts'
import type { RequestContext } from '../platform/http/router.ts'
import { createMailer, deliver, type OutboxLetter } from '../platform/mail/outbox.ts'
import { canReceiveMail } from '../platform/mail/reach.ts'
import { findUserByEmail } from '../users/store.ts'
import { emailKey } from '../users/table.ts'
import {
  confirmUser,
  type EmailToken,
  findConfirmation,
  finishEmailChange,
  finishReset,
  type LinkLetter,
  renewConfirmation,
  startReset,
} from './email-tokens.ts'
import { confirmEmailLetter, emailChangedLetter, passwordChangedLetter, resetPasswordLetter } from './mails.tsx'
import { clientOf, emailGateOf, promoteConfiguredAdmin } from './sign-in.ts'
import { unconfirmedSeconds } from './store.ts'

/** @throws Problem 422 for an address that the mail server of this deployment cannot write to */
export async function requireMailableAddress(c: RequestContext, email: string): Promise<void> {
  if (await canReceiveMail(c.var.config, email)) return
  const detail =
    'Our mail server cannot write to an address with letters beyond a to z before the @: give another address of yours.'
  throw invalidValues([{ pointer: '/email', detail }])
}

/** Tries letters at once, after the answer; what fails is the sweep's. */
export function sendNow(c: RequestContext, ...letterIds: (number | undefined)[]): void {
  const { db, config } = c.var
  for (const id of letterIds) if (id !== undefined) afterResponse(c, () => deliver(db, createMailer(config), id))
}

/** The page where a new password is asked for. */
export const forgotUrl = (config: Configuration): string => `${config.PUBLIC_URL}/forgot-password`

/** A fresh link to a page of ours, and the letter that carries it. */
export function createLink(
  config: Configuration,
  page: 'confirm-email' | 'reset-password',
  ttlSeconds: number,
  letter: (url: string) => OutboxLetter,
): LinkLetter {
  const token = randomToken()
  return {
    tokenHash: tokenHash(token),
    expiresAt: timestamp(Date.now() + ttlSeconds * 1000),
    letter: letter(`${config.PUBLIC_URL}/${page}/${token}`),
  }
}

/** The link and letter that confirm an address. No link outlives an account that is not confirmed. */
export function confirmationLink(
  email: string,
  locale: 'en' | 'uk',
  config: Configuration,
  ttlSeconds = Math.min(config.VERIFICATION_LINK_TTL, unconfirmedSeconds),
): LinkLetter {
  return createLink(config, 'confirm-email', ttlSeconds, (url) => confirmEmailLetter(email, locale, url, ttlSeconds))
}

/**
 * Whether one more letter may go to an address that anyone may have typed. Silent, so that it tells nobody anything. Each kind has
 * a count of its own: or a stranger who asks for the one kind would keep the other from its owner.
 */
export async function consumeEmailQuota(
  c: RequestContext,
  email: string,
  kind: 'confirm' | 'reset' | 'change',
): Promise<boolean> {
  const { name, ...limit } = limitOf('request-email-to', c.var.config)
  const { violated } = await c.var.clock.time('gate', () =>
    emailGateOf(c, email).enter([{ ...limit, name: `${name}-${kind}` }]),
  )
  return violated.length === 0
}

/**
 * Sends the letter of confirmation again, if an account waits for it. Everybody gets the same answer in the same time: what is
 * written is written after it.
 */
export async function requestConfirmation(c: RequestContext, email: string): Promise<void> {
  const { db, config } = c.var
  const allowed = await consumeEmailQuota(c, email, 'confirm')
  const user = await findUserByEmail(db, email)
  // Unconfirmed accounts are deleted a week after signup: no link outlives its account.
  const remaining = user ? (Date.parse(user.created_at) - Date.now()) / 1000 + unconfirmedSeconds : 0
  const ttl = Math.min(config.VERIFICATION_LINK_TTL, Math.floor(remaining))
  if (!user || user.confirmed_at || ttl <= 0 || !allowed) return
  afterResponseDelayed(c, async () => {
    const letterId = await renewConfirmation(db, user.id, confirmationLink(user.email, user.locale, config, ttl))
    if (letterId !== undefined) await deliver(db, createMailer(config), letterId)
  })
}

/**
 * Sends a letter with a link to choose a new password, if there is such an account. Nothing about the account changes, unless
 * `RESET_LOCKS_PASSWORD` says so; everybody gets the same answer in the same time.
 */
export async function requestReset(c: RequestContext, email: string): Promise<void> {
  const { db, config } = c.var
  const client = clientOf(c)
  const allowed = await consumeEmailQuota(c, email, 'reset')
  const user = await findUserByEmail(db, email)
  if (!user || !allowed) return
  const { RESET_LINK_TTL: ttl, SMTP_HOST } = config
  // Where no letter can leave, nobody could unbar it.
  const bars = config.RESET_LOCKS_PASSWORD && SMTP_HOST !== undefined
  afterResponseDelayed(c, async () => {
    const link = createLink(config, 'reset-password', ttl, (url) =>
      resetPasswordLetter(user.email, user.locale, url, ttl, bars),
    )
    const letterId = await startReset(db, user.id, link, bars, { kind: 'reset-requested', ...client })
    if (letterId !== undefined) await deliver(db, createMailer(config), letterId)
  })
}

/** 404 for a link that was never made, has been used, or has expired. */
export const invalidLink = (): Problem =>
  new Problem(404, 'link-not-found', 'This link is unknown, used or expired: ask for a new letter.')

/** Whether what a link of confirmation is for has been done already. */
export const isConfirmed = ({ newEmail, email, confirmed }: EmailToken): boolean =>
  newEmail === null ? confirmed : newEmail === email

/**
 * Confirms the address that a link was sent to: the account's own, or the one that it is to have. Twice is fine.
 * @throws Problem 404 `link-not-found` when there is no such link, or it has expired; 409 `email-taken` when somebody else has
 * the new address by now
 */
export async function confirmEmail(c: RequestContext, token: string): Promise<void> {
  const { db, config } = c.var
  const found = await findConfirmation(db, tokenHash(token))
  if (!found) throw invalidLink()
  if (isConfirmed(found)) return
  const client = clientOf(c)
  const { newEmail, userId } = found
  const gate = gateOf(c.env, `user:${userId}`)
  if (newEmail === null) {
    await writeAtNewRevision(gate, found.revision, (revision) =>
      confirmUser(db, found, revision, { kind: 'email-confirmed', ...client }),
    )
    await promoteConfiguredAdmin(c, userId, found.email)
    return
  }
  const notice = emailChangedLetter(found.email, found.locale, newEmail, `${config.PUBLIC_URL}/`)
  const changed = await writeAtNewRevision(gate, found.revision, (revision) =>
    finishEmailChange(db, { ...found, newEmail }, notice, revision, { kind: 'email-changed', ...client }),
  )
  if (changed === 'email-taken') {
    throw new Problem(409, 'email-taken', 'Another account uses this address by now: your account keeps its own.')
  }
  if (changed !== null) {
    sendNow(c, changed)
    return promoteConfiguredAdmin(c, userId, newEmail)
  }
  // Another confirmation of the same link came first, or the link has died.
  const now = await findConfirmation(db, tokenHash(token))
  if (!now || !isConfirmed(now)) throw invalidLink()
}

/** Why a new password cannot be had: for the field that it was typed in. */
const badPassword = (detail: string): Problem => invalidValues([{ pointer: '/password', detail }])

/**
 * Hashes a password that is being chosen for an account, in the gate of the caller's address, where it keeps nobody waiting.
 * @throws Problem 422 when it is too common, or the account's e-mail or name
 */
export async function checkAndHashNewPassword(
  c: RequestContext,
  password: string,
  account: { email: string; username: string },
): Promise<string> {
  const fault = passwordFault(password, account)
  if (fault) throw badPassword(fault)
  const own = gateOf(c.env, `address:${addressOf(c)}`)
  return c.var.clock.time('gate', () => own.hash(password))
}

/**
 * Gives the account of a reset's link a new password. The address is confirmed thereby, every session ends, every link of the
 * account dies, and a notice goes out. Of two at once with one link, one wins.
 * @throws Problem 404 `link-not-found` when the link is gone meanwhile; 422 for a password that cannot be taken; 412
 */
export async function resetPassword(c: RequestContext, link: EmailToken | undefined, password: string): Promise<void> {
  if (!link) throw invalidLink()
  const { db, config } = c.var
  const passwordHash = await checkAndHashNewPassword(c, password, link)
  requireUntagged(c)
  const chosen = {
    userId: link.userId,
    passwordHash,
    notice: passwordChangedLetter(link.email, link.locale, forgotUrl(config)),
    happening: { kind: 'password-reset' as const, ...clientOf(c) },
  }
  const letterId = await writeAtNewRevision(gateOf(c.env, `user:${link.userId}`), link.revision, (revision) =>
    finishReset(db, link.linkId, chosen, revision),
  )
  if (letterId === null) throw invalidLink()
  sendNow(c, letterId)
  await promoteConfiguredAdmin(c, link.userId, link.email)
}

/**
 * Refuses a reset's body that has another address than the token's account: who sends it has mixed two people up. A username
 * says nothing of that: several people may have the same, and older clients send any.
 * @throws Problem 422
 */
export function requireSameAccount(link: EmailToken, email: string | undefined): void {
  if (email === undefined || emailKey(email) === emailKey(link.email)) return
  const detail = 'This is not the address of the link’s account: leave it out. A reset changes the password alone.'
  throw invalidValues([{ pointer: '/email', detail }])
}
