/** One letter to one person. `html` and `text` say the same. */
export interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Carries letters away. */
export interface Mailer {
  /**
   * Resolves once the mail server has accepted the letter, and not before.
   * @throws MailError when it did not; the letter may be tried again unless the error says `permanent`.
   */
  send(letter: Letter): Promise<void>
}

/**
 * The mail server could not be reached, refused the letter, or broke off. Its message carries no secret and may be
 * logged.
 */
export class MailError extends Error {
  /** The server refused for good (SMTP 5yz, RFC 5321 section 4.2.1): trying again is of no use. */
  readonly permanent: boolean
  /** The refusal is about this letter or its recipient, so it says nothing of whether other letters get out. */
  readonly aboutLetter: boolean

  constructor(message: string, options: { permanent?: boolean; aboutLetter?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'MailError'
    this.permanent = options.permanent ?? false
    this.aboutLetter = options.aboutLetter ?? this.permanent
  }
}
