import { CommandError, parseOptions } from '../command.ts'
import type { CloudflareAccount } from './account.ts'
import type { Ask } from './ask.ts'
import type { Deployed } from './resources.ts'
import type { Secrets } from './secrets.ts'

const help = `npm run deploy [-- options]

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

/** The options of a deployment. */
export type Options = ReturnType<typeof readOptions>

/** A deployment: where to, who can be asked, the secrets that the person passed, and the Worker that is there. */
export interface Deployment {
  readonly options: Options
  readonly account: CloudflareAccount
  readonly ask: Ask | undefined
  readonly input: Secrets
  readonly deployed: Deployed
}

/** @throws CommandError for invalid options */
export function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseOptions(help, {
    args: [...args],
    options: {
      ...{ env: { ...text, default: 'production' }, wait: { ...text, default: '120' } },
      ...{ domain: text, subdomain: text, 'secrets-file': text, 'health-url': text },
      ...{ 'take-domain': flag, 'rotate-key': flag, 'new-key': flag, 'dry-run': flag },
    },
  })
  const { env: environment, domain, subdomain, wait, 'rotate-key': rotate, 'new-key': replace } = values
  if (domain !== undefined) requireHost(domain)
  if (!/^[1-9]\d{0,4}$/.test(wait)) throw new CommandError(`--wait must be a number of seconds; it is "${wait}".`)
  if (rotate && replace) throw new CommandError('--rotate-key and --new-key exclude each other.')
  return {
    ...{ environment, domain, subdomain, takeDomain: values['take-domain'], secretsFile: values['secrets-file'] },
    ...{ waitSeconds: Number(wait), healthUrl: values['health-url'], dryRun: values['dry-run'] },
    key: rotate ? ('rotate' as const) : replace ? ('new' as const) : undefined,
  }
}

/** Returns a host name. @throws CommandError if it is none */
export function requireHost(text: string): string {
  if (/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/.test(text)) return text
  throw new CommandError(
    `A domain is a host such as contacts.example.com, with no https:// and no path; "${text}" is not.`,
  )
}
