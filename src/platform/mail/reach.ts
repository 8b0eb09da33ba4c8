import type { Configuration } from '../config/configuration.ts'
import { needsSmtpUtf8 } from '../text/email.ts'
import { MailError } from './mailer.ts'
import { supportsSmtpUtf8 } from './smtp.ts'
import { smtpOptionsOf } from './smtp-options.ts'

/** Somebody waits for the answer. */
const timeoutSeconds = 5
/** A server may be replaced, and learn more. */
const trustedMilliseconds = 10 * 60_000

/** What the mail server said last, in this isolate. */
const answers = new WeakMap<Configuration, { readonly supported: boolean; readonly until: number }>()

/**
 * Whether letters can be written to an address, as far as that can be found out: the mail server is asked for what only
 * some take, letters beyond ASCII before the @ (RFC 6531). True where there is no server yet, or it does not answer:
 * the letter waits.
 */
export async function canReceiveMail(config: Configuration, address: string): Promise<boolean> {
  const options = smtpOptionsOf(config)
  if (!options || !needsSmtpUtf8(address)) return true
  const last = answers.get(config)
  if (last && last.until > Date.now()) return last.supported
  try {
    const supported = await supportsSmtpUtf8({ ...options, timeoutSeconds })
    answers.set(config, { supported, until: Date.now() + trustedMilliseconds })
    return supported
  } catch (error) {
    if (error instanceof MailError) return true
    throw error
  }
}
