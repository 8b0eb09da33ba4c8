import { TimeoutError, withTimeout } from '../timeout.ts'
import { MailError, type Mailer } from './mailer.ts'
import { compose } from './message.ts'
import { openConversation } from './smtp-conversation.ts'
import type { SmtpOptions } from './smtp-options.ts'

const defaultTimeoutSeconds = 20 // waitUntil allows 30 after the answer: room is left to write down how it ended

/**
 * Sends each letter over a connection of its own (RFC 5321), by worker-mailer.
 *
 * `send` throws a MailError: at once and permanent when the subject or an address could smuggle a header or a command
 * or cannot be a mailbox; permanent when the server answers 5yz to the recipient or the letter and means these; passing
 * when it answers 4yz, or 5yz to anything else, breaks off, talks nonsense, takes longer than `timeoutSeconds`, or
 * withholds the encryption or the sign-in that was asked for. `aboutLetter` when the refusal, 4yz too, means the
 * recipient or the letter. No message holds the password or a word of the letter.
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
        throw new MailError(`The mail server did not take the letter within ${timeoutSeconds} seconds.`)
      } finally {
        conversation.hangUp()
      }
    },
  }
}

/**
 * Asks the mail server whether it takes addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531, section
 * 3.1).
 * @throws MailError when it does not say
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
    throw new MailError(`The mail server did not say what it takes within ${timeoutSeconds} seconds.`)
  } finally {
    conversation.hangUp()
  }
}
