import type { Configuration } from '../config/configuration.ts'

/** The mail server and the sender of letters. */
export interface SmtpOptions {
  readonly host: string
  /** 465 for `tls`, 587 for `starttls`. Cloudflare does not let Workers use port 25. */
  readonly port: number
  /**
   * `tls`: encrypted from the first byte (RFC 8314). `starttls`: encrypted by RFC 3207, or nothing is sent. `none`:
   * clear text.
   */
  readonly security: 'tls' | 'starttls' | 'none'
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** `Name <a@b>`, or an address alone. */
  readonly from: string
  /** For the whole conversation, from connecting to the server's last reply. 20 by default. */
  readonly timeoutSeconds?: number | undefined
}

/** The mail server of this deployment; null where there is none. */
export function smtpOptionsOf(config: Configuration): SmtpOptions | null {
  const { SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USERNAME, SMTP_PASSWORD, MAIL_FROM } = config
  if (!SMTP_HOST) return null
  return {
    host: SMTP_HOST,
    port: SMTP_PORT,
    security: SMTP_SECURITY,
    from: MAIL_FROM,
    ...(SMTP_USERNAME === undefined ? {} : { username: SMTP_USERNAME }),
    ...(SMTP_PASSWORD === undefined ? {} : { password: SMTP_PASSWORD }),
  }
}
