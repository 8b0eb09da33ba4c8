import type { Configuration } from '../platform/config/configuration.ts'
import { randomToken, tokenHash } from '../platform/crypto/keys.ts'
import { timestamp } from '../platform/db/columns.ts'
import { limitOf } from '../platform/gate/limits.ts'
import { invalidValues } from '../platform/http/problem.ts'
import { createMailer, deliver, type OutboxLetter } from '../platform/mail/outbox-store.ts'
import { canReceiveMail } from '../platform/mail/reach.ts'
import type { Services } from '../platform/ports.ts'
import { gateOfEmail } from './check-password.ts'
import type { LinkLetter } from './email-token-store.ts'
import { confirmEmailLetter } from './mails.tsx'
import { unconfirmedSeconds } from './store.ts'

/**
 * Requires an address that this deployment's mail server can send to.
 * @throws Problem 422
 */
export async function requireMailableAddress({ config }: Services, email: string): Promise<void> {
  if (await canReceiveMail(config, email)) return
  const detail =
    'Our mail server cannot write to an address with letters beyond a to z before the @: give another address of yours.'
  throw invalidValues([{ pointer: '/email', detail }])
}

/** Tries to send letters after the response. The cron job retries those that fail. */
export function sendNow({ db, config, afterResponse }: Services, ...letterIds: (number | undefined)[]): void {
  for (const id of letterIds) if (id !== undefined) afterResponse(() => deliver(db, createMailer(config), id))
}

/** The page where a new password is requested. */
export const forgotUrl = (config: Configuration): string => `${config.PUBLIC_URL}/forgot-password`

/** Creates a link to one of our pages, and the letter with that link. */
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

/** Creates a confirmation link and its letter. The link expires no later than the unconfirmed account. */
export function createConfirmationLink(
  email: string,
  locale: 'en' | 'uk',
  config: Configuration,
  ttlSeconds = Math.min(config.VERIFICATION_LINK_TTL, unconfirmedSeconds),
): LinkLetter {
  return createLink(config, 'confirm-email', ttlSeconds, (url) => confirmEmailLetter(email, locale, url, ttlSeconds))
}

/**
 * Counts a letter against the quota of an address that anyone may have typed. Returns whether it was within the quota;
 * callers must not disclose that. Each kind of letter has its own count: otherwise a stranger who requests one kind
 * could keep another kind from the owner.
 */
export async function consumeEmailQuota(
  services: Services,
  email: string,
  kind: 'confirm' | 'reset' | 'change',
): Promise<boolean> {
  const { name, ...limit } = limitOf('request-email-to', services.config)
  const { violated } = await gateOfEmail(services, email).enter([{ ...limit, name: `${name}-${kind}` }])
  return violated.length === 0
}
