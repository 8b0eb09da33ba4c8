import type { Configuration } from '../config/configuration.ts'
import type { SmtpOptions } from './smtp.ts'

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
