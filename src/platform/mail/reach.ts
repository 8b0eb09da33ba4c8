import type { Configuration } from '../config/configuration.ts'
import { needsSmtpUtf8 } from '../text/email.ts'
import { MailError } from './mailer.ts'
import { supportsSmtpUtf8 } from './smtp.ts'
import { smtpOptionsOf } from './smtp-options.ts'

/** A person waits for the response. */
const timeoutSeconds = 5
/** A server may be replaced, or get new features. */
const trustedMilliseconds = 10 * 60_000

/** The mail server's latest answer, in this isolate. */
const answers = new WeakMap<Configuration, { readonly supported: boolean; readonly until: number }>()

/**
 * Whether mail can be sent to an address, as far as can be known. Asks the mail server for SMTPUTF8 if the part before
 * the @ has letters beyond ASCII (RFC 6531). True if there is no server yet, or it does not answer: the letter then
 * waits.
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
