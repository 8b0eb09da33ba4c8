import { parseConfiguration } from '../../src/config.ts'
import { ConfigurationError } from '../../src/platform/config/configuration.ts'
import { CommandError } from '../command.ts'
import type { Ask } from './ask.ts'
import { newKey, type Secrets } from './secrets.ts'
import { type Change, readSettings, writeSettings } from './settings.ts'

/**
 * Asks the person at the terminal where letters go, once: what is no secret is written into wrangler.toml, also that
 * there is no mail server. Returns the password, where one was typed.
 * @throws CommandError when what was typed does not fit; then nothing is written
 */
export async function askForMail(
  environment: string,
  input: Secrets,
  existing: readonly string[],
  ask: Ask | undefined,
): Promise<Secrets> {
  if (!ask) return {}
  const { vars } = readSettings(environment)
  const variables = { ...vars, ...input, ...Object.fromEntries(existing.map((name) => [name, 'untold'])) }
  const password = async () => {
    const typed = await ask.secret('The mail server’s password (not shown):')
    return typed === '' ? {} : { SMTP_PASSWORD: typed }
  }
  if (variables.SMTP_HOST !== undefined) return variables.SMTP_USERNAME && !variables.SMTP_PASSWORD ? password() : {}

  const host = await ask('Letters confirm addresses. Which mail server takes them? Empty: they wait in the outbox.')
  if (host === '') {
    writeSettings(environment, [{ table: 'vars', key: 'SMTP_HOST', value: '' }])
    return {}
  }
  const port = await ask('Its port: 465 (TLS) or 587 (STARTTLS)?', '587')
  const username = await ask('The name to log in there? Empty: none is needed.')
  const typed = username === '' ? {} : await password()
  const from = await ask('Who are letters from?', `Vizitka <${username.includes('@') ? username : `hello@${host}`}>`)
  const mail: Record<string, string> = {
    SMTP_HOST: host,
    SMTP_PORT: port,
    SMTP_SECURITY: port === '465' ? 'tls' : 'starttls',
    ...(username === '' ? {} : { SMTP_USERNAME: username }),
    MAIL_FROM: from,
  }
  try {
    parseConfiguration({ SECRET_KEY: newKey(), PUBLIC_URL: 'https://contacts.example.com', ...mail, ...typed })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new CommandError(`${error.message} Nothing was written: run the same command again.`)
  }
  writeSettings(
    environment,
    Object.entries(mail).map(([key, value]): Change => ({ table: 'vars', key, value })),
  )
  return typed
}
