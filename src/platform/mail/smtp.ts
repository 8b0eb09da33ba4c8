import { TimeoutError, withTimeout } from '../timeout.ts'
import { MailError, type Mailer } from './mailer.ts'
import { compose } from './message.ts'
import { openConversation } from './smtp-conversation.ts'
import type { SmtpOptions } from './smtp-options.ts'

const defaultTimeoutSeconds = 20 // waitUntil allows 30 after the answer: room is left to write down how it ended

/**
 * Creates a mailer that sends each letter over its own connection (RFC 5321), with worker-mailer. `send` throws a
 * MailError:
 * - permanent, at once: the subject or an address could inject a header or a command, or is not a valid mailbox;
 * - permanent: the server answers 5yz, and that concerns the recipient or the letter;
 * - temporary: the server answers 4yz, or 5yz for another reason, breaks off, sends an invalid reply, takes longer than
 * `timeoutSeconds`, or does not support the required encryption or login.
 * `aboutLetter` is true if the refusal, also 4yz, concerns the recipient or the letter. No message contains the
 * password or text of the letter.
 */
export function smtpMailer(options: SmtpOptions): Mailer {
  return {
    async send(letter) {
      const email = compose(options.from, letter)
      const conversation = openConversation(options, email)
      const timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds
      try {
        await withTimeout('The mail server', timeoutSeconds * 1000, () => conversation.deliver())
        await conversation.quit()
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        throw new MailError(`The mail server did not accept the letter within ${timeoutSeconds} seconds.`)
      } finally {
        conversation.hangUp()
      }
    },
  }
}

/**
 * Asks the mail server whether it accepts addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531, section
 * 3.1).
 * @throws MailError if it gives no answer
 */
export async function supportsSmtpUtf8(options: SmtpOptions): Promise<boolean> {
  const conversation = openConversation(options, null)
  const timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds
  try {
    const answer = await withTimeout('The mail server', timeoutSeconds * 1000, () => conversation.offersSmtpUtf8())
    await conversation.quit()
    return answer
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new MailError(`The mail server did not list its capabilities within ${timeoutSeconds} seconds.`)
  } finally {
    conversation.hangUp()
  }
}
