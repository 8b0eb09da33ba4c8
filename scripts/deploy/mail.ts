import { CommandError } from '../command.ts'
import { configurationFault } from '../variables.ts'
import type { Deployment } from './options.ts'
import { newKey, type Secrets } from './secrets.ts'
import { readSettings, writeSettings } from './settings.ts'

/**
 * Asks the person at the terminal for the mail server, unless there is one. Writes the answers into wrangler.toml, also
 * that there is no mail server, and returns the password if one was typed.
 * @throws CommandError if the answers are invalid; then nothing is written
 */
export async function askForMail({ options, input, deployed, ask }: Deployment): Promise<Secrets> {
  if (!ask) return {}
  const { vars } = readSettings(options.environment)
  const variables = { ...vars, ...input, ...Object.fromEntries(deployed.secrets.map((name) => [name, 'secret'])) }
  const askPassword = async (): Promise<Secrets> => {
    const typed = await ask.secret('The mail server’s password (not shown):')
    return typed === '' ? {} : { SMTP_PASSWORD: typed }
  }
  const write = (mail: Secrets) => {
    const changes = Object.entries(mail).map(([key, value]) => ({ table: 'vars', key, value }) as const)
    writeSettings(options.environment, changes)
  }
  if (variables.SMTP_HOST !== undefined)
    return variables.SMTP_USERNAME && !variables.SMTP_PASSWORD ? await askPassword() : {}

  const host = await ask('Letters confirm addresses. Which mail server takes them? Empty: they wait in the outbox.')
  if (host === '') {
    write({ SMTP_HOST: '' })
    return {}
  }
  const port = await ask('Its port: 465 (TLS) or 587 (STARTTLS)?', '587')
  const username = await ask('The name to log in there? Empty: none is needed.')
  const password = username === '' ? {} : await askPassword()
  const from = await ask('Who are letters from?', `Vizitka <${username.includes('@') ? username : `hello@${host}`}>`)
  const mail: Secrets = {
    ...{ SMTP_HOST: host, SMTP_PORT: port, SMTP_SECURITY: port === '465' ? 'tls' : 'starttls' },
    ...(username === '' ? {} : { SMTP_USERNAME: username }),
    MAIL_FROM: from,
  }
  const others = { SECRET_KEY: newKey(), PUBLIC_URL: 'https://contacts.example.com' }
  const fault = configurationFault({ ...others, ...mail, ...password })
  if (fault) throw new CommandError(`${fault} Nothing was written: run the same command again.`)
  write(mail)
  return password
}
