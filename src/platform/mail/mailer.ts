/** One letter to one recipient. `html` and `text` have the same content. */
export interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Where one click ends letters of its kind (RFC 8058); null or absent if they cannot be ended. */
  readonly unsubscribeUrl?: string | null
}

/** A letter, and what makes its attempts recognizable as one. */
export interface SentLetter extends Letter {
  /** The part of its Message-ID before the @, the same at every attempt; null or absent for a new one. */
  readonly messageId?: string | null
}

/** Sends letters. */
export interface Mailer {
  /**
   * Resolves once the mail server has accepted the letter.
   * @throws MailError if it did not; the letter may be tried again unless the error is `permanent`
   */
  send(letter: SentLetter): Promise<void>
}

/**
 * The mail server could not be reached, refused the letter, or broke off. The message contains no secret and may be
 * logged.
 */
export class MailError extends Error {
  /** The server refused for good (SMTP 5yz, RFC 5321 section 4.2.1): trying again is useless. */
  readonly permanent: boolean
  /** The refusal concerns this letter or its recipient, so other letters may still be accepted. */
  readonly aboutLetter: boolean

  constructor(message: string, options: { permanent?: boolean; aboutLetter?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'MailError'
    this.permanent = options.permanent ?? false
    this.aboutLetter = options.aboutLetter ?? this.permanent
  }
}
