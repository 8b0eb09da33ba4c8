import { z } from 'zod'
import type { Ask } from './ask.ts'
import { type Cloudflare, RefusedError } from './cloudflare.ts'
import { DeployError } from './fault.ts'
import { type Settings, writeSettings } from './settings.ts'
import { wrangler } from './wrangler.ts'

const firstMigration = '0000_accounts_and_contacts.sql'

export const createDatabase = (name: string) => ['d1', 'create', name]
export const createCache = (name: string) => ['kv', 'namespace', 'create', name]

/** A resource of the account that is there now, and what was done for it. */
export interface Resource {
  readonly id: string
  readonly done: 'made' | 'found' | 'known'
}

/**
 * The environment's database: the one whose id wrangler.toml holds, else the one of its name, else a new one; its id is
 * then written down.
 * @throws DeployError when a database of that name is somebody else's
 */
export async function databaseOf(
  api: Cloudflare,
  accountId: string,
  { environment, database }: Settings,
): Promise<Resource> {
  const path = `/accounts/${accountId}/d1/database`
  const found = async () =>
    (await api.list(path, z.object({ uuid: z.string(), name: z.string() }))).find(({ name }) => name === database.name)
      ?.uuid
  const write = (id: string) =>
    writeSettings(environment, [{ table: 'd1_databases', binding: 'DB', key: 'database_id', value: id }])
  if (database.id !== undefined) {
    write(database.id)
    return { id: database.id, done: 'known' }
  }
  const existing = await found()
  if (existing !== undefined) {
    await refuseForeign(api, `${path}/${existing}/query`, database.name, environment)
    write(existing)
    return { id: existing, done: 'found' }
  }
  await wrangler(createDatabase(database.name), { accountId })
  const made = await found()
  if (made === undefined)
    throw new DeployError(
      `Cloudflare does not show the database "${database.name}" that was made. Run this again in a minute.`,
    )
  write(made)
  return { id: made, done: 'made' }
}

/** A database that holds tables of another program must not get ours. */
async function refuseForeign(api: Cloudflare, path: string, name: string, environment: string): Promise<void> {
  const query = async (sql: string) =>
    (
      await api.send('POST', path, { sql }, z.array(z.object({ results: z.array(z.object({ name: z.string() })) })))
    ).flatMap(({ results }) => results.map(({ name }) => name))
  const tables = await query(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'`,
  )
  // An account of wrangler's own with nothing in it is what a migration that failed leaves behind.
  const others = tables.filter((table) => table !== 'd1_migrations')
  if (others.length === 0) return
  const applied = tables.includes('d1_migrations') ? await query('SELECT name FROM d1_migrations') : []
  if (applied.includes(firstMigration)) return
  throw new DeployError(
    `The account has a database "${name}" already, and it is another program’s (its tables: ${others.slice(0, 5).join(', ')}). ` +
      `Give ours another name: database_name under [[env.${environment}.d1_databases]] in wrangler.toml.`,
  )
}

/** The environment's KV namespace, by the same rule. */
export async function cacheOf(api: Cloudflare, accountId: string, { environment, cache }: Settings): Promise<Resource> {
  const found = async () =>
    (
      await api.list(`/accounts/${accountId}/storage/kv/namespaces`, z.object({ id: z.string(), title: z.string() }))
    ).find(({ title }) => title === cache.name)?.id
  const write = (id: string) =>
    writeSettings(environment, [{ table: 'kv_namespaces', binding: 'CACHE', key: 'id', value: id }])
  if (cache.id !== undefined) {
    write(cache.id)
    return { id: cache.id, done: 'known' }
  }
  const existing = await found()
  if (existing !== undefined) {
    write(existing)
    return { id: existing, done: 'found' }
  }
  await wrangler(createCache(cache.name), { accountId })
  const made = await found()
  if (made === undefined)
    throw new DeployError(
      `Cloudflare does not show the KV namespace "${cache.name}" that was made. Run this again in a minute.`,
    )
  write(made)
  return { id: made, done: 'made' }
}

// ---------------------------------------------------------------- the Worker

const noWorker = 10007

/** What the account has under the Worker's name. */
export interface Deployed {
  readonly exists: boolean
  /** The names of its secrets. */
  readonly secrets: readonly string[]
}

/**
 * Looks at the Worker that is going to be replaced.
 * @throws DeployError when it is another program
 */
export async function deployedOf(
  api: Cloudflare,
  accountId: string,
  { worker, environment }: Settings,
): Promise<Deployed> {
  const binding = z.object({ name: z.string(), type: z.string(), class_name: z.string().optional() })
  let bindings: z.infer<typeof binding>[]
  try {
    bindings = (
      await api.get(
        `/accounts/${accountId}/workers/scripts/${worker}/settings`,
        z.object({ bindings: z.array(binding) }),
      )
    ).bindings
  } catch (error) {
    if (error instanceof RefusedError && error.code === noWorker) return { exists: false, secrets: [] }
    throw error
  }
  const secrets = bindings.flatMap(({ name, type }) => (type === 'secret_text' ? [name] : []))
  const ours = bindings.some(({ name, class_name }) => name === 'GATE' && class_name === 'Gate')
  // Secrets alone are what `wrangler secret put` leaves before the first deployment. And Workers Builds knows which
  // Worker it means.
  const draft = bindings.length > 0 && secrets.length === bindings.length
  if (!ours && !draft && !process.env.WRANGLER_CI_OVERRIDE_NAME) {
    throw new DeployError(
      `The account has a Worker "${worker}" already, and it is another program. Give ours another name: name under [env.${environment}] in wrangler.toml.`,
    )
  }
  return { exists: true, secrets }
}

/**
 * Makes sure that pointing the domains to the Worker takes them from nobody: wrangler, where no person watches it,
 * replaces another Worker's domain and other DNS records without a word.
 * @throws DeployError when they are somebody's, and neither `take` nor the person says so
 */
export async function refuseTaking(
  api: Cloudflare,
  accountId: string,
  { worker, domains }: Settings,
  take: boolean,
  ask: Ask | undefined,
): Promise<void> {
  if (domains.length === 0 || take) return
  const host = z.object({ hostname: z.string(), service: z.string().optional() })
  const changes = await api.send(
    'POST',
    `/accounts/${accountId}/workers/scripts/${worker}/domains/changeset?replace_state=true`,
    domains.map((hostname) => ({ hostname })),
    z.object({ updated: z.array(host).default([]), conflicting: z.array(host).default([]) }),
  )
  const faults = [
    ...changes.updated.flatMap(({ hostname, service }) =>
      service && service !== worker ? [`${hostname} belongs to the Worker "${service}".`] : [],
    ),
    ...changes.conflicting.map(({ hostname }) => `${hostname} has DNS records already, of something else.`),
  ]
  if (faults.length === 0) return
  const words = faults.join('\n')
  if (await ask?.sure(`${words}\nPoint it to this service instead?`)) return
  throw new DeployError(`${words}\nChoose another address, or say so: npm run deploy -- --take-domain`)
}
