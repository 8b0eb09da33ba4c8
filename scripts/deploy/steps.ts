import { rmSync } from 'node:fs'
import { copyAssets } from '../assets.ts'
import { migrate } from '../migrate.ts'
import type { Ask } from './ask.ts'
import { DeployError } from './fault.ts'
import { hostOf, type Options } from './options.ts'
import { buildCommand, deployCommand, maxGzipKb, migrateCommand } from './plan.ts'
import type { Deployed } from './resources.ts'
import { asFile, type Secrets } from './secrets.ts'
import { type Change, readSettings, type Settings, writeSettings, writeVariant } from './settings.ts'
import { type Outcome, WranglerError, wrangler } from './wrangler.ts'

const noLimitsOnFreePlan = 100328

/** Builds the Worker as it is going to be deployed. @throws DeployError when it is too large */
export async function build({ environment }: Options): Promise<string> {
  copyAssets()
  const { gzipBytes } = await wrangler(buildCommand(environment))
  if (gzipBytes === undefined) throw new DeployError('wrangler built the Worker without saying how large it is.')
  const kb = Math.ceil(gzipBytes / 1000)
  if (gzipBytes > maxGzipKb * 1000) {
    throw new DeployError(
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
 * @throws DeployError or MigrateError with the reason, and what was applied before it stays
 */
export async function applyMigrations(
  { environment }: Options,
  { vars }: Settings,
  secrets: Secrets,
  accountId: string,
): Promise<string> {
  const { DATABASE_URL: databaseUrl } = vars
  if (databaseUrl) return migrate({ databaseUrl, authToken: secrets.DATABASE_AUTH_TOKEN })
  const { output } = await wrangler(migrateCommand(environment), { accountId })
  const applied = [...output.matchAll(/│ (\d{4}_\w+)\.sql +│ ✅/g)].map(([, tag = '']) => tag)
  return applied.length === 0 ? 'up to date' : `applied ${[...new Set(applied)].join(', ')}`
}

/**
 * Deploys, and where the plan refuses limits, without. A domain that is new comes after the Worker, once it has been
 * looked at.
 */
export async function upload(
  { environment }: Options,
  { domains }: Settings,
  secrets: Secrets,
  accountId: string,
  withDomains: boolean,
): Promise<Outcome & { limited: boolean }> {
  const run = (variant: string | undefined) => {
    const more = variant === undefined ? [] : ['--config', variant]
    if (Object.keys(secrets).length === 0) return wrangler([...deployCommand(environment), ...more], { accountId })
    return asFile(secrets, (file) => wrangler([...deployCommand(environment, file), ...more], { accountId }))
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
    return { ...(plain ? await run(undefined) : await without(false)), limited: true }
  } catch (error) {
    if (!(error instanceof WranglerError && error.code === noLimitsOnFreePlan)) throw error
    return { ...(await without(true)), limited: false }
  }
}
