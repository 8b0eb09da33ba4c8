import { tokenCommand } from './account.ts'
import { createCache, createDatabase } from './resources.ts'
import { keptFile } from './secrets.ts'
import type { Settings } from './settings.ts'
import { commandOf } from './wrangler.ts'

/** The largest Worker that is deployed, gzipped: the free plan takes 3 MB, and what starts fast is smaller. */
export const maxGzipKb = 400

export const buildCommand = (environment: string) => ['deploy', '--env', environment, '--dry-run']
export const migrateCommand = (environment: string) => [
  'd1',
  'migrations',
  'apply',
  'DB',
  '--remote',
  '--env',
  environment,
]
export const deployCommand = (environment: string, secretsFile?: string) => [
  ...['deploy', '--env', environment],
  ...(secretsFile === undefined ? [] : ['--secrets-file', secretsFile]),
]
export const domainCommand = (environment: string) => ['triggers', 'deploy', '--env', environment]

/** One step of a deployment. */
export interface Step {
  /** What it does. */
  readonly title: string
  /** The commands it may run, and what else it asks or writes, each as a line. */
  readonly lines: readonly string[]
}

/** What a deployment is going to be told. */
export interface Wishes {
  readonly domain: string | undefined
  readonly healthUrl: string | undefined
  readonly waitSeconds: number
}

/** Every step of a deployment, in order, for an environment as wrangler.toml has it now. */
export function planOf(settings: Settings, { domain, healthUrl, waitSeconds }: Wishes): Step[] {
  const { environment, worker, database, cache, vars, domains } = settings
  const address = domain ? `https://${domain}` : vars.PUBLIC_URL
  const hosts = domain ? [domain] : domains
  const account = `/accounts/${settings.accountId ?? '{account}'}`
  return [
    {
      title: 'Find the account, and what it has under our names',
      lines: [
        `${commandOf(tokenCommand)} (unless CLOUDFLARE_API_TOKEN is set)`,
        ...(settings.accountId === undefined ? ['GET /accounts (unless CLOUDFLARE_ACCOUNT_ID is set)'] : []),
        `GET ${account}/workers/scripts/${worker}/settings`,
        `GET ${account}/workers/subdomain`,
        `where there is none: PUT ${account}/workers/subdomain, as --subdomain says`,
      ],
    },
    {
      title: `Build the Worker; more than ${maxGzipKb} KB gzipped is not deployed`,
      lines: ['node scripts/assets.ts', commandOf(buildCommand(environment))],
    },
    {
      title: `The database "${database.name}" (D1)`,
      lines: [
        ...(database.id === undefined
          ? [`GET ${account}/d1/database`, `where there is none: ${commandOf(createDatabase(database.name))}`]
          : [`known: ${database.id}`]),
        'its id: into wrangler.toml',
      ],
    },
    {
      title: `The KV namespace "${cache.name}"`,
      lines: [
        ...(cache.id === undefined
          ? [`GET ${account}/storage/kv/namespaces`, `where there is none: ${commandOf(createCache(cache.name))}`]
          : [`known: ${cache.id}`]),
        'its id: into wrangler.toml',
      ],
    },
    {
      title: `The address: ${address ?? `https://${worker}.{subdomain}.workers.dev, or what is chosen`}`,
      lines: [...(domain ? ['the domain: into wrangler.toml'] : []), 'PUBLIC_URL: into wrangler.toml'],
    },
    {
      title: 'The secrets: SECRET_KEY is made where there is none, others are as given; the key that is there stays',
      lines: [
        `a key that is made: into ${keptFile(environment)}, which git ignores, and to Cloudflare with the Worker`,
      ],
    },
    ...(hosts.length > 0
      ? [
          {
            title: `Look whether ${hosts.join(', ')} belongs to something else`,
            lines: [`POST ${account}/workers/scripts/${worker}/domains/changeset, which changes nothing`],
          },
        ]
      : []),
    {
      title: vars.DATABASE_URL
        ? `Migrate libSQL at ${new URL(vars.DATABASE_URL).host}`
        : 'Apply the migrations that the database lacks',
      lines: [
        vars.DATABASE_URL
          ? 'as npm run migrate does, by DATABASE_URL and DATABASE_AUTH_TOKEN'
          : commandOf(migrateCommand(environment)),
      ],
    },
    {
      title: `Deploy the Worker "${worker}"`,
      lines: [
        `where there are secrets to upload: ${commandOf(deployCommand(environment, '{file}'))}`,
        `where there are none: ${commandOf(deployCommand(environment))}`,
        ...(settings.limitsCpu ? ['where the plan is the free one, which takes no limits.cpu_ms: again, without'] : []),
        ...(hosts.length > 0 ? [`where it is the first time: ${commandOf(domainCommand(environment))}`] : []),
      ],
    },
    {
      title: `Ask its health check until the new deployment is well, for ${waitSeconds} seconds at most`,
      lines: [`GET ${healthUrl ?? `${address ?? `https://${worker}.{subdomain}.workers.dev`}/api/healthchecker`}`],
    },
  ]
}
