import { rmSync } from 'node:fs'
import { copyAssets } from '../assets.ts'
import { CommandError } from '../command.ts'
import { migrate, migrationTags } from '../migrate.ts'
import { type Deployment, type Options, requireHost } from './options.ts'
import { buildCommand, deployCommand, maxGzipKb, migrateCommand } from './plan.ts'
import { appliedTo } from './resources.ts'
import { type Secrets, withSecretsFile } from './secrets.ts'
import { type Change, readSettings, writeSettings, writeVariant } from './settings.ts'
import { WranglerError, wrangler } from './wrangler.ts'

const noLimitsOnFreePlan = 100328

/** Builds the Worker into a folder for deployment, and returns its size. @throws CommandError if it is too large */
export async function build({ environment }: Options, folder: string): Promise<string> {
  copyAssets()
  const { gzipBytes } = await wrangler(buildCommand(environment, folder))
  if (gzipBytes === undefined) throw new CommandError('wrangler built the Worker without saying how large it is.')
  const kb = Math.ceil(gzipBytes / 1000)
  if (gzipBytes <= maxGzipKb * 1000) return `${kb} KB gzipped`
  throw new CommandError(
    `The Worker has ${kb} KB gzipped, and ${maxGzipKb} KB is the most. What has grown? npx wrangler deploy --dry-run --metafile --outdir dist`,
  )
}

/** Chooses the URL, and writes a new one into wrangler.toml. The note says what its change means for people. */
export async function chooseAddress({ options, deployed, ask }: Deployment, subdomain: string) {
  const { domain, environment } = options
  const { vars, domains, routes, worker } = readSettings(environment)
  const ours = `https://${worker}.${subdomain}.workers.dev`
  const write = (host: string | undefined) => {
    const url = host === undefined ? ours : `https://${host}`
    const changes: Change[] = [{ table: 'vars', key: 'PUBLIC_URL', value: url }]
    if (host !== undefined && !domains.includes(host)) {
      changes.push({ table: '', key: 'routes', value: [...routes, { pattern: host, custom_domain: true }] })
      // Letters that were already sent have links to workers.dev; a new service does not need that address.
      if (!deployed.exists) changes.push({ table: '', key: 'workers_dev', value: false })
    }
    writeSettings(environment, changes)
    const hasMoved = deployed.exists && vars.PUBLIC_URL && vars.PUBLIC_URL !== url
    const note = `; it was ${vars.PUBLIC_URL}: everybody has to log in again, since tokens name their issuer`
    return { url, note: hasMoved ? note : '' }
  }
  if (domain !== undefined) return write(domain)
  if (vars.PUBLIC_URL) return { url: vars.PUBLIC_URL, note: '' }
  const [host] = domains
  // A PUBLIC_URL that was set in the dashboard stays, and Cloudflare does not show it.
  if (deployed.secrets.includes('PUBLIC_URL')) return { url: host ? `https://${host}` : ours, note: '' }
  if (host) return write(host)
  const question = 'Which address shall people use? It may be a domain of yours that is in this account.'
  const chosen = await ask?.(question, ours)
  return write(chosen === undefined || chosen === ours ? undefined : requireHost(chosen))
}

/**
 * Migrates the database that the service uses: D1, or the libSQL database of `DATABASE_URL`.
 * @throws CommandError if a migration fails; earlier ones stay applied
 */
export async function applyMigrations({ account, options }: Deployment, secrets: Secrets): Promise<string> {
  const { environment, vars, database } = readSettings(options.environment)
  const { DATABASE_URL: databaseUrl } = vars
  if (databaseUrl) return migrate({ databaseUrl, authToken: secrets.DATABASE_AUTH_TOKEN })
  const applied = await appliedTo(account, database.id ?? '')
  const pending = migrationTags().filter((tag) => !applied.includes(tag))
  if (pending.length === 0) return 'up to date'
  await wrangler(migrateCommand(environment), account.id)
  return `applied ${pending.join(', ')}`
}

/**
 * Deploys a built Worker; if the plan refuses limits, without them. A new Worker gets its domains later, after they
 * were checked.
 */
export async function upload({ account, options, deployed }: Deployment, folder: string, secrets: Secrets) {
  const { environment, domains } = readSettings(options.environment)
  const deploy = async (isLimited: boolean) => {
    const isChanged = !isLimited || (!deployed.exists && domains.length > 0)
    const variant = !isChanged
      ? undefined
      : writeVariant(environment, (config) => {
          if (!isLimited) delete config.limits
          if (!deployed.exists) delete config.routes
        })
    const run = (file?: string) => wrangler(deployCommand(environment, folder, file, variant), account.id)
    try {
      const { versionId } = await (Object.keys(secrets).length === 0 ? run() : withSecretsFile(secrets, run))
      return { versionId, isLimited }
    } finally {
      if (variant) rmSync(variant, { force: true })
    }
  }
  try {
    return await deploy(true)
  } catch (error) {
    if (!(error instanceof WranglerError && error.code === noLimitsOnFreePlan)) throw error
    return deploy(false)
  }
}
