import { tokenCommand } from './account.ts'
import type { Options } from './options.ts'
import { keyFile } from './secrets.ts'
import type { Settings } from './settings.ts'
import { commandOf } from './wrangler.ts'

/** The maximum size of the Worker, gzipped. The free plan takes 3 MB, but a smaller Worker starts faster. */
export const maxGzipKb = 400

export const buildCommand = (environment: string, folder: string) => [
  ...['deploy', '--env', environment],
  ...['--dry-run', '--outdir', folder],
]
export const migrateCommand = (environment: string) => [
  ...['d1', 'migrations', 'apply', 'DB'],
  ...['--remote', '--env', environment],
]
/** Deploys the Worker that was built into a folder. */
export const deployCommand = (environment: string, folder: string, secretsFile?: string, config = 'wrangler.toml') => [
  ...['deploy', `${folder}/worker.js`, '--no-bundle', '--config', config, '--env', environment],
  ...(secretsFile === undefined ? [] : ['--secrets-file', secretsFile]),
]
export const domainCommand = (environment: string) => ['triggers', 'deploy', '--env', environment]

/** Describes each step of a deployment, with its commands, requests and files. */
export function planOf(settings: Settings, { domain, healthUrl, waitSeconds }: Options): string {
  const { environment, worker, database, cache, vars, domains, accountId, limitsCpu } = settings
  const { DATABASE_URL: libsql } = vars
  const account = `/accounts/${accountId ?? '{account}'}`
  const hosts = domain ? [domain] : domains
  const later = `https://${worker}.{subdomain}.workers.dev`
  const address = domain ? `https://${domain}` : vars.PUBLIC_URL
  const resource = (id: string | undefined, path: string, body: object) =>
    id === undefined
      ? `GET ${account}/${path}\n     where it is not there: POST ${account}/${path} ${JSON.stringify(body)}`
      : `known: ${id}`
  const deploy = (file?: string) => commandOf(deployCommand(environment, '{folder}', file))
  return `1. Find the account, and what it has under our names
     ${commandOf(tokenCommand)} (unless CLOUDFLARE_API_TOKEN is set)
     GET /accounts (unless the account is known: ${accountId ?? 'CLOUDFLARE_ACCOUNT_ID'})
     GET ${account}/workers/scripts/${worker}/settings
     GET ${account}/workers/subdomain
     where there is none: PUT ${account}/workers/subdomain, as --subdomain says
2. Build the Worker; more than ${maxGzipKb} KB gzipped is not deployed
     node scripts/assets.ts
     ${commandOf(buildCommand(environment, '{folder}'))}
3. The database "${database.name}" (D1)
     ${resource(database.id, 'd1/database', { name: database.name })}
     its id: into wrangler.toml
4. The KV namespace "${cache.name}"
     ${resource(cache.id, 'storage/kv/namespaces', { title: cache.name })}
     its id: into wrangler.toml
5. The address: ${address ?? `${later}, or what is chosen`}
     PUBLIC_URL, and a domain: into wrangler.toml
6. The secrets: SECRET_KEY is made where there is none, others are as given; the key that is there stays
     a key that is made: into ${keyFile(environment)}, which git ignores, and to Cloudflare with the Worker
7. ${libsql ? `Migrate libSQL at ${new URL(libsql).host}` : 'Apply the migrations that the database lacks'}
     ${libsql ? 'as npm run migrate does' : `POST ${account}/d1/database/{id}/query, to see what it has`}
     ${libsql ? 'by DATABASE_URL and DATABASE_AUTH_TOKEN' : commandOf(migrateCommand(environment))}
8. Deploy the Worker "${worker}"
     domains: ${hosts.join(', ') || 'none'}
     where there are some: POST ${account}/workers/scripts/${worker}/domains/changeset, which changes nothing
     where there are secrets to upload: ${deploy('{file}')}
     where there are none: ${deploy()}
     where the plan is the free one: again, without limits.cpu_ms${limitsCpu ? '' : ', which is not set'}
     where a domain is new: ${commandOf(domainCommand(environment))}
9. Ask its health check until the new deployment is well, for ${waitSeconds} seconds at most
     GET ${healthUrl ?? `${address ?? later}/api/healthchecker`}`
}
