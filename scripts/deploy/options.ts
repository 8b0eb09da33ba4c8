import { CommandError, parseOptions } from '../command.ts'

export const help = `npm run deploy [-- options]

  --env NAME            production, or staging (production)
  --domain HOST         a domain of your own, in a zone of the account: contacts.example.com
  --take-domain         even where HOST has other DNS records, or belongs to another Worker
  --subdomain NAME      what an account that is new is to have: NAME.workers.dev
  --secrets-file FILE   secrets, as JSON or as lines like .dev.vars; or in the environment: SMTP_PASSWORD=… npm run deploy
  --rotate-key          a new SECRET_KEY; sessions go on
  --new-key             a new SECRET_KEY; everybody logs in again (after a leak, after a restore)
  --wait SECONDS        how long to wait for the new deployment to be well (120)
  --health-url URL      what to ask instead of PUBLIC_URL's /api/healthchecker
  --dry-run             show each step and build the Worker; nothing is asked, sent or written

  CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID   instead of npx wrangler login`

/** How a deployment is asked for. */
export type Options = ReturnType<typeof readOptions>

/** @throws CommandError for options that do not fit */
export function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseOptions(help, {
    args: [...args],
    options: {
      env: { type: 'string', default: 'production' },
      domain: text,
      'take-domain': flag,
      subdomain: text,
      'secrets-file': text,
      'rotate-key': flag,
      'new-key': flag,
      wait: { type: 'string', default: '120' },
      'health-url': text,
      'dry-run': flag,
    },
  })
  const { domain, wait } = values
  if (domain !== undefined) hostOf(domain)
  if (!/^[1-9]\d{0,4}$/.test(wait)) throw new CommandError(`--wait must be a number of seconds; it is "${wait}".`)
  if (values['rotate-key'] && values['new-key'])
    throw new CommandError('--rotate-key and --new-key exclude each other.')
  return {
    environment: values.env,
    domain,
    takeDomain: values['take-domain'],
    subdomain: values.subdomain,
    secretsFile: values['secrets-file'],
    key: values['rotate-key'] ? ('rotate' as const) : values['new-key'] ? ('new' as const) : undefined,
    waitSeconds: Number(wait),
    healthUrl: values['health-url'],
    dryRun: values['dry-run'],
  }
}

/**
 * A host that people may use, as it is written.
 * @throws CommandError when it is none
 */
export function hostOf(text: string): string {
  const host = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/
  if (host.test(text)) return text
  throw new CommandError(
    `A domain is a host such as contacts.example.com, with no https:// and no path; "${text}" is not.`,
  )
}
