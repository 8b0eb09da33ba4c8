import { rmSync } from 'node:fs'
import { copyAssets } from '../assets.ts'
import { CommandError } from '../command.ts'
import { migrate, migrationTags } from '../migrate.ts'
import type { CloudflareAccount } from './account.ts'
import type { Ask } from './ask.ts'
import { hostOf, type Options } from './options.ts'
import { buildCommand, deployCommand, maxGzipKb, migrateCommand } from './plan.ts'
import { appliedTo, type Deployed } from './resources.ts'
import { asFile, type Secrets } from './secrets.ts'
import { type Change, readSettings, type Settings, writeSettings, writeVariant } from './settings.ts'
import { type Outcome, WranglerError, wrangler } from './wrangler.ts'

const noLimitsOnFreePlan = 100328

/**
 * Builds the Worker into a folder, as it is going to be deployed, and says how large it is.
 * @throws CommandError when it is too large
 */
export async function build({ environment }: Options, folder: string): Promise<string> {
  copyAssets()
  const { gzipBytes } = await wrangler(buildCommand(environment, folder))
  if (gzipBytes === undefined) throw new CommandError('wrangler built the Worker without saying how large it is.')
  const kb = Math.ceil(gzipBytes / 1000)
  if (gzipBytes > maxGzipKb * 1000) {
    throw new CommandError(
      `The Worker has ${kb} KB gzipped, and ${maxGzipKb} KB is the most. What has grown? npx wrangler deploy --dry-run --metafile --outdir dist`,
    )
  }
  return `${kb} KB gzipped`
}

/** Where people reach the service, and what a change of that means for them. */
export interface Address {
  readonly url: string
  readonly note: string
}

/** Settles the address, and writes it into wrangler.toml where it is new. */
export async function settleAddress(
  { domain, environment }: Options,
  subdomain: string,
  deployed: Deployed,
  ask: Ask | undefined,
): Promise<Address> {
  const { vars, domains, routes, worker } = readSettings(environment)
  const ours = `https://${worker}.${subdomain}.workers.dev`
  const write = (host: string | undefined): Address => {
    const url = host === undefined ? ours : `https://${host}`
    const changes: Change[] = [{ table: 'vars', key: 'PUBLIC_URL', value: url }]
    if (host !== undefined && !domains.includes(host)) {
      changes.push({ table: '', key: 'routes', value: [...routes, { pattern: host, custom_domain: true }] })
      // One address is enough, unless links to another are in letters already.
      if (!deployed.exists) changes.push({ table: '', key: 'workers_dev', value: false })
    }
    writeSettings(environment, changes)
    const moved = deployed.exists && vars.PUBLIC_URL && vars.PUBLIC_URL !== url
    return {
      url,
      note: moved ? `; it was ${vars.PUBLIC_URL}: everybody has to log in again, since tokens name their issuer` : '',
    }
  }
  const existing = (url: string): Address => ({ url, note: '' })
  if (domain !== undefined) return write(domain)
  if (vars.PUBLIC_URL) return existing(vars.PUBLIC_URL)
  const [host] = domains
  // Set in the dashboard, it stays there, and Cloudflare does not tell what it is.
  if (deployed.secrets.includes('PUBLIC_URL')) return existing(host ? `https://${host}` : ours)
  if (host) return write(host)
  const chosen = await ask?.(
    'Which address shall people use? It may be a domain of yours that is in this account.',
    ours,
  )
  return write(chosen === undefined || chosen === ours ? undefined : hostOf(chosen))
}

/**
 * Brings the database that the service uses up to date: D1, or the libSQL that `DATABASE_URL` names.
 * @throws CommandError or CommandError with the reason, and what was applied before it stays
 */
export async function applyMigrations(
  account: CloudflareAccount,
  { environment, vars, database }: Settings,
  secrets: Secrets,
): Promise<string> {
  const { DATABASE_URL: databaseUrl } = vars
  if (databaseUrl) return migrate({ databaseUrl, authToken: secrets.DATABASE_AUTH_TOKEN })
  const applied = await appliedTo(account, database.id ?? '')
  const lacking = migrationTags().filter((tag) => !applied.includes(tag))
  if (lacking.length === 0) return 'up to date'
  await wrangler(migrateCommand(environment), account.id)
  return `applied ${lacking.join(', ')}`
}

/**
 * Deploys what was built into a folder, and where the plan refuses limits, without. A domain that is new comes after
 * the Worker, once it has been looked at.
 */
export async function upload(
  { environment, domains }: Settings,
  folder: string,
  secrets: Secrets,
  accountId: string,
  withDomains: boolean,
): Promise<Outcome & { limited: boolean }> {
  const run = (config?: string) => {
    const deploy = (file?: string) => wrangler(deployCommand(environment, folder, file, config), accountId)
    return Object.keys(secrets).length === 0 ? deploy() : asFile(secrets, deploy)
  }
  const without = async (limits: boolean) => {
    const variant = writeVariant(environment, (found) => {
      if (limits) delete found.limits
      if (!withDomains) delete found.routes
    })
    try {
      return await run(variant)
    } finally {
      rmSync(variant, { force: true })
    }
  }
  try {
    const plain = withDomains || domains.length === 0
    return { ...(await (plain ? run() : without(false))), limited: true }
  } catch (error) {
    if (!(error instanceof WranglerError && error.code === noLimitsOnFreePlan)) throw error
    return { ...(await without(true)), limited: false }
  }
}
