import { z } from 'zod'
import { CommandError } from '../command.ts'
import type { CloudflareAccount } from './account.ts'
import type { Deployment } from './options.ts'
import { RefusedError } from './remedies.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'

const firstMigration = '0000_accounts_and_contacts'

const kinds = {
  database: {
    path: '/d1/database',
    shape: z.object({ uuid: z.string(), name: z.string() }).transform(({ uuid, name }) => ({ id: uuid, name })),
    place: { table: 'd1_databases', binding: 'DB', key: 'database_id' },
    bodyOf: (name: string) => ({ name }),
  },
  cache: {
    path: '/storage/kv/namespaces',
    shape: z.object({ id: z.string(), title: z.string() }).transform(({ id, title }) => ({ id, name: title })),
    place: { table: 'kv_namespaces', binding: 'CACHE', key: 'id' },
    bodyOf: (name: string) => ({ title: name }),
  },
} as const

/**
 * Finds the environment's database or KV namespace by the id in wrangler.toml, else by its name, else creates it;
 * writes its id into wrangler.toml. Returns what was done, in words.
 * @throws CommandError if a database of that name belongs to another program
 */
export async function findOrCreate(kind: keyof typeof kinds, { account, options }: Deployment): Promise<string> {
  const { path, shape, place, bodyOf } = kinds[kind]
  const settings = readSettings(options.environment)
  const { name, id: existing } = settings[kind]
  const write = (id: string, done: string): string => {
    writeSettings(settings.environment, [{ ...place, value: id }])
    return `${done}: ${id}`
  }
  if (existing !== undefined) return write(existing, 'known')
  const all: readonly { id: string; name: string }[] = await account.list(path, shape)
  const found = all.find((one) => one.name === name)?.id
  if (found === undefined) return write((await account.send('POST', path, bodyOf(name), shape)).id, 'made')
  if (kind === 'database') await refuseForeign(account, found, settings)
  return write(found, 'found by its name')
}

/** Queries names from a D1 database. @throws RefusedError */
async function queryNames(account: CloudflareAccount, id: string, sql: string): Promise<string[]> {
  const shape = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }))
  const sets = await account.send('POST', `/d1/database/${id}/query`, { sql }, shape)
  return sets.flatMap(({ results }) => results.map(({ name }) => name))
}

/** The tags of the migrations that were applied to a D1 database. */
export async function appliedTo(account: CloudflareAccount, id: string): Promise<string[]> {
  const lists = await queryNames(account, id, `SELECT name FROM sqlite_master WHERE name = 'd1_migrations'`)
  const files = lists.length > 0 ? await queryNames(account, id, 'SELECT name FROM d1_migrations') : []
  return files.map((file) => file.replace(/\.sql$/, ''))
}

/** @throws CommandError if a database has tables, but not by our migrations */
async function refuseForeign(account: CloudflareAccount, id: string, settings: Settings): Promise<void> {
  const { environment, database } = settings
  // An empty list of migrations remains if the first migration fails.
  const tables = await queryNames(
    account,
    id,
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'
      AND name <> 'd1_migrations'`,
  )
  if (tables.length === 0 || (await appliedTo(account, id)).includes(firstMigration)) return
  throw new CommandError(
    `The account has a database "${database.name}" already, and it is another program’s (its tables: ${tables.slice(0, 5).join(', ')}). ` +
      `Give ours another name: database_name under [[env.${environment}.d1_databases]] in wrangler.toml.`,
  )
}

// ---------------------------------------------------------------- the Worker

const noWorker = 10007

/** What the account has under the Worker's name, and the names of its secrets. */
export interface Deployed {
  readonly exists: boolean
  readonly secrets: readonly string[]
}

/** Looks up the Worker that will be replaced. @throws CommandError if it is another program */
export async function deployedOf(account: CloudflareAccount, { worker, environment }: Settings): Promise<Deployed> {
  const binding = z.object({ name: z.string(), type: z.string(), class_name: z.string().optional() })
  const answer = await account
    .get(`/workers/scripts/${worker}/settings`, z.object({ bindings: z.array(binding) }))
    .catch((error: unknown) => {
      if (error instanceof RefusedError && error.code === noWorker) return undefined
      throw error
    })
  if (!answer) return { exists: false, secrets: [] }
  const { bindings } = answer
  const secrets = bindings.flatMap(({ name, type }) => (type === 'secret_text' ? [name] : []))
  const isOurs = bindings.some(({ name, class_name }) => name === 'GATE' && class_name === 'Gate')
  // `wrangler secret put` before the first deployment leaves a Worker that has only secrets.
  const isDraft = bindings.length > 0 && secrets.length === bindings.length
  // Workers Builds says which Worker is meant.
  if (!isOurs && !isDraft && !process.env.WRANGLER_CI_OVERRIDE_NAME) {
    throw new CommandError(
      `The account has a Worker "${worker}" already, and it is another program. Give ours another name: name under [env.${environment}] in wrangler.toml.`,
    )
  }
  return { exists: true, secrets }
}

/**
 * Checks that the domains belong to nothing else: without a terminal, wrangler replaces another Worker's domain and
 * other DNS records without a warning.
 * @throws CommandError if they do, and neither `--take-domain` nor the person allows it
 */
export async function refuseTaking({ account, options, ask }: Deployment): Promise<void> {
  const { worker, domains } = readSettings(options.environment)
  if (domains.length === 0 || options.takeDomain) return
  const host = z.object({ hostname: z.string(), service: z.string().optional() })
  const { updated, conflicting } = await account.send(
    'POST',
    `/workers/scripts/${worker}/domains/changeset?replace_state=true`,
    domains.map((hostname) => ({ hostname })),
    z.object({ updated: z.array(host).default([]), conflicting: z.array(host).default([]) }),
  )
  const faults = [
    ...updated
      .filter(({ service }) => service && service !== worker)
      .map(({ hostname, service }) => `${hostname} belongs to the Worker "${service}".`),
    ...conflicting.map(({ hostname }) => `${hostname} has DNS records already, of something else.`),
  ].join('\n')
  if (faults === '' || (await ask?.sure(`${faults}\nPoint it to this service instead?`))) return
  throw new CommandError(`${faults}\nChoose another address, or say so: npm run deploy -- --take-domain`)
}
