import { z } from 'zod'
import { CommandError } from '../command.ts'
import type { CloudflareAccount } from './account.ts'
import type { Ask } from './ask.ts'
import { RefusedError } from './cloudflare.ts'
import { type Settings, writeSettings } from './settings.ts'

const firstMigration = '0000_accounts_and_contacts'

/** A resource of the account that is there now, and what was done for it. */
export interface Resource {
  readonly id: string
  readonly done: 'made' | 'found' | 'known'
}

const kinds = {
  database: {
    path: '/d1/database',
    shape: z.object({ uuid: z.string(), name: z.string() }).transform(({ uuid, name }) => ({ id: uuid, name })),
    place: { table: 'd1_databases', binding: 'DB', key: 'database_id' },
  },
  cache: {
    path: '/storage/kv/namespaces',
    shape: z.object({ id: z.string(), title: z.string() }).transform(({ id, title }) => ({ id, name: title })),
    place: { table: 'kv_namespaces', binding: 'CACHE', key: 'id' },
  },
} as const

/**
 * The environment's database or KV namespace: the one whose id wrangler.toml holds, else the one of its name, else a
 * new one; its id is then written down.
 * @throws CommandError when a database of that name is somebody else's
 */
export async function resourceOf(
  kind: keyof typeof kinds,
  account: CloudflareAccount,
  settings: Settings,
): Promise<Resource> {
  const { path, shape, place } = kinds[kind]
  const { name, id: existing } = settings[kind]
  const write = (id: string, done: Resource['done']): Resource => {
    writeSettings(settings.environment, [{ ...place, value: id }])
    return { id, done }
  }
  if (existing !== undefined) return write(existing, 'known')
  const all: readonly { id: string; name: string }[] = await account.list(path, shape)
  const found = all.find((one) => one.name === name)?.id
  if (found === undefined) {
    const body = kind === 'database' ? { name } : { title: name }
    return write((await account.send('POST', path, body, shape)).id, 'made')
  }
  if (kind === 'database') await refuseForeign(account, found, settings)
  return write(found, 'found')
}

/** Asks a D1 database for names. @throws RefusedError */
async function queryNames(account: CloudflareAccount, id: string, sql: string): Promise<string[]> {
  const shape = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }))
  const sets = await account.send('POST', `/d1/database/${id}/query`, { sql }, shape)
  return sets.flatMap(({ results }) => results.map(({ name }) => name))
}

/** The migrations that a D1 database has, by their tags; none where no migration has run. */
export async function appliedTo(account: CloudflareAccount, id: string): Promise<string[]> {
  const lists = await queryNames(account, id, `SELECT name FROM sqlite_master WHERE name = 'd1_migrations'`)
  const files = lists.length > 0 ? await queryNames(account, id, 'SELECT name FROM d1_migrations') : []
  return files.map((file) => file.replace(/\.sql$/, ''))
}

/** A database that holds tables of another program must not get ours. */
async function refuseForeign(account: CloudflareAccount, id: string, settings: Settings): Promise<void> {
  const { environment, database } = settings
  // A list of migrations with nothing in it is what a migration that failed leaves behind.
  const others = await queryNames(
    account,
    id,
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'
      AND name <> 'd1_migrations'`,
  )
  if (others.length === 0 || (await appliedTo(account, id)).includes(firstMigration)) return
  throw new CommandError(
    `The account has a database "${database.name}" already, and it is another program’s (its tables: ${others.slice(0, 5).join(', ')}). ` +
      `Give ours another name: database_name under [[env.${environment}.d1_databases]] in wrangler.toml.`,
  )
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
 * @throws CommandError when it is another program
 */
export async function deployedOf(account: CloudflareAccount, { worker, environment }: Settings): Promise<Deployed> {
  const binding = z.object({ name: z.string(), type: z.string(), class_name: z.string().optional() })
  let bindings: z.infer<typeof binding>[]
  try {
    const shape = z.object({ bindings: z.array(binding) })
    bindings = (await account.get(`/workers/scripts/${worker}/settings`, shape)).bindings
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
    throw new CommandError(
      `The account has a Worker "${worker}" already, and it is another program. Give ours another name: name under [env.${environment}] in wrangler.toml.`,
    )
  }
  return { exists: true, secrets }
}

/**
 * Makes sure that pointing the domains to the Worker takes them from nobody: wrangler, where no person watches it,
 * replaces another Worker's domain and other DNS records without a word.
 * @throws CommandError when they are somebody's, and neither `take` nor the person says so
 */
export async function refuseTaking(
  account: CloudflareAccount,
  { worker, domains }: Settings,
  take: boolean,
  ask: Ask | undefined,
): Promise<void> {
  if (domains.length === 0 || take) return
  const host = z.object({ hostname: z.string(), service: z.string().optional() })
  const changes = await account.send(
    'POST',
    `/workers/scripts/${worker}/domains/changeset?replace_state=true`,
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
  throw new CommandError(`${words}\nChoose another address, or say so: npm run deploy -- --take-domain`)
}
