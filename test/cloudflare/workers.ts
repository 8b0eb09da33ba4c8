import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { type Account, type Asked, type Binding, type Metadata, Refused, type Script, type Version } from './account.ts'

const { version: productVersion } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const freePlanBytes = 3 * 1024 * 1024

const notFound = () => new Refused(404, 10007, 'This Worker does not exist on your account.')

/** Handles requests about one Worker: `METHOD kind/rest`. */
export async function ofScript(
  account: Account,
  requested: string,
  name: string,
  { body, type, query }: Asked,
): Promise<unknown> {
  const json = () => JSON.parse(body.toString('utf8'))
  const form = async () =>
    uploadOf(await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData())
  const script = account.scripts.get(name)
  switch (requested) {
    case 'POST scripts/assets-upload-session':
      return assetsOf(json().manifest)
    case 'PUT scripts/': {
      const upload = await form()
      const existing = script ?? newScript(name)
      const version = versionOf(account, existing, upload)
      account.scripts.set(name, existing)
      existing.live = version
      if (upload.metadata.migrations?.new_tag) existing.migrationTag = upload.metadata.migrations.new_tag
      return { id: name, etag: version.id, startup_time_ms: 20, deployment_id: version.id.replaceAll('-', '') }
    }
  }
  if (!script) throw notFound()
  switch (requested) {
    case 'GET services/':
      return { id: name, default_environment: { environment: 'production', script: serviceOf(script) } }
    case 'GET scripts/settings':
      return { bindings: [...(script.live?.bindings.values() ?? [])].map(withoutText) }
    case 'GET scripts/secrets':
      return secretsOf(script).map(withoutText)
    case 'PATCH scripts/secrets-bulk':
      return changeSecrets(script, json().secrets)
    case 'POST scripts/versions': {
      const version = versionOf(account, script, await form())
      return { id: version.id, startup_time_ms: 20, resources: { script: { etag: version.id } } }
    }
    case 'POST scripts/deployments': {
      const wanted = script.versions.find(({ id }) => id === json().versions[0].version_id)
      if (!wanted) throw new Refused(400, 10106, 'Version not found')
      script.live = wanted
      return { id: randomUUID(), versions: json().versions }
    }
    case 'GET scripts/deployments':
      return {
        deployments: script.live
          ? [{ id: randomUUID(), versions: [{ version_id: script.live.id, percentage: 100 }] }]
          : [],
      }
    case 'PATCH scripts/script-settings':
      return json()
    case 'GET workers/':
      return { id: script.tag, name, subdomain: { enabled: script.workersDev, previews_enabled: false } }
    case 'POST scripts/subdomain':
      script.workersDev = json().enabled
      return json()
    case 'PUT scripts/schedules':
      script.crons = json().map(({ cron }: { cron: string }) => cron)
      return { schedules: json() }
    case 'POST scripts/domains/changeset':
      return changesOf(account, name, json())
    case 'PUT scripts/domains/records':
      return pointDomains(account, name, json())
  }
  throw new Error(`nobody answers this (${query})`)
}

// ---------------------------------------------------------------- versions

interface Upload {
  readonly metadata: Metadata
  readonly modules: ReadonlyMap<string, Buffer>
}

async function uploadOf(form: FormData): Promise<Upload> {
  const modules = new Map<string, Buffer>()
  let metadata: Metadata = { bindings: [] }
  for (const [name, part] of form) {
    if (name === 'metadata') metadata = JSON.parse(typeof part === 'string' ? part : await part.text())
    else if (typeof part !== 'string') modules.set(part.name, Buffer.from(await part.arrayBuffer()))
  }
  return { metadata, modules }
}

const newScript = (name: string): Script => ({
  name,
  tag: randomBytes(16).toString('hex'),
  versions: [],
  crons: [],
  workersDev: false,
})

const serviceOf = ({ name, tag, migrationTag }: Script) => ({
  id: name,
  tag,
  tags: [],
  migration_tag: migrationTag,
  last_deployed_from: 'wrangler',
})

function versionOf(account: Account, script: Script, { metadata, modules }: Upload): Version {
  const { limits, keep_bindings = [], assets } = metadata
  if (!account.subdomain) throw new Refused(400, 10063, 'You need a workers.dev subdomain in order to proceed.')
  if (account.plan === 'free' && limits) {
    throw new Refused(
      400,
      100328,
      'CPU limits are not supported for the Free plan. Switch to a paid plan at https://dash.cloudflare.com/plans to set CPU limits.',
    )
  }
  const code = [...modules].filter(([name]) => !name.endsWith('.map')).map(([, bytes]) => bytes)
  if (gzipSync(Buffer.concat(code)).length > freePlanBytes)
    throw new Refused(413, 10027, 'Your Worker exceeded the size limit of 3 MiB.')
  if (assets && assets.jwt !== 'all-there') throw new Refused(400, 100318, 'The assets were not uploaded.')

  const before = script.live?.bindings ?? new Map<string, Binding>()
  const bindings = new Map<string, Binding>()
  for (const [name, binding] of before) if (keep_bindings.includes(binding.type)) bindings.set(name, binding)
  for (const binding of metadata.bindings) {
    const { name, type } = binding
    const stored = bindings.get(name)
    if (stored && stored.type !== type && type !== 'inherit')
      throw new Refused(400, 10053, `Binding name '${name}' already in use.`)
    if (type === 'inherit' && !before.has(name))
      throw new Refused(
        400,
        10057,
        `inherit binding '${name}' is invalid: previous version does not have binding named '${name}'`,
      )
    if (type === 'd1' && !account.databases.has(binding.id ?? ''))
      throw new Refused(400, 10021, `binding ${name} of type d1 must have a valid \`id\` specified`)
    if (type === 'kv_namespace' && !account.namespaces.has(binding.namespace_id ?? ''))
      throw new Refused(400, 10041, `KV namespace '${binding.namespace_id}' not found.`)
    bindings.set(name, type === 'inherit' ? (before.get(name) ?? binding) : binding)
  }
  const version = { id: randomUUID(), metadata, modules, bindings }
  script.versions.push(version)
  return version
}

function assetsOf(manifest: Record<string, { hash: string; size: number }>) {
  const hashes = Object.values(manifest).map(({ hash }) => hash)
  if (hashes.length === 0) throw new Refused(400, 100322, 'no assets')
  return { jwt: 'upload-these', buckets: [[...new Set(hashes)]] }
}

// ---------------------------------------------------------------- secrets

const secretsOf = ({ live }: Script) =>
  [...(live?.bindings.values() ?? [])].filter(({ type }) => type === 'secret_text')

/** Cloudflare's description of a binding: without a secret's text. */
const withoutText = ({ text, ...binding }: Binding) => (binding.type === 'secret_text' ? binding : { ...binding, text })

function changeSecrets(script: Script, secrets: Record<string, { text: string } | null>) {
  const { live } = script
  if (!live) throw notFound()
  const bindings = new Map(live.bindings)
  for (const [name, secret] of Object.entries(secrets)) {
    if (!secret) bindings.delete(name)
    else if ((bindings.get(name)?.type ?? 'secret_text') !== 'secret_text')
      throw new Refused(400, 10053, `Binding name '${name}' already in use.`)
    else bindings.set(name, { type: 'secret_text', name, text: secret.text })
  }
  script.live = { ...live, id: randomUUID(), bindings }
  script.versions.push(script.live)
  return { bindings: secretsOf(script).map(withoutText) }
}

// ---------------------------------------------------------------- domains

interface Origin {
  readonly hostname: string
}

/** What would change if a Worker had exactly these domains. */
function changesOf({ domains, dns }: Account, script: string, origins: readonly Origin[]) {
  const stored = (hostname: string) => domains.get(hostname)
  const updated = origins.filter(({ hostname }) => stored(hostname))
  return {
    added: origins.filter(({ hostname }) => !stored(hostname) && !dns.has(hostname)),
    removed: [...domains].filter(
      ([host, owner]) => owner === script && !origins.some(({ hostname }) => hostname === host),
    ),
    updated: updated.map((one) => ({
      ...one,
      id: one.hostname,
      service: stored(one.hostname),
      modified: stored(one.hostname) !== script,
    })),
    conflicting: origins.filter(({ hostname }) => dns.has(hostname) && !stored(hostname)),
  }
}

function pointDomains(
  account: Account,
  script: string,
  requested: { origins: readonly Origin[]; override_existing_dns_record: boolean },
) {
  for (const { hostname } of requested.origins) {
    if (!hostname.endsWith('example.com'))
      throw new Refused(404, 100116, `Could not find zone for hostname '${hostname}'`)
    if (account.dns.has(hostname) && !requested.override_existing_dns_record)
      throw new Refused(
        409,
        100117,
        `Hostname '${hostname}' already has externally managed DNS records (A, CNAME, etc).`,
      )
    account.dns.delete(hostname)
    account.domains.set(hostname, script)
  }
  return requested.origins
}

// ---------------------------------------------------------------- what the Worker itself answers

/** The health check of the live Worker, as the real one answers for the same bindings and database. */
export function healthOf({ scripts, databases }: Account, name: string): { status: number; body: object } {
  const live = scripts.get(name)?.live
  if (!live) return { status: 404, body: { error: 'There is nothing here yet' } }
  const { bindings, id } = live
  const missing = ['SECRET_KEY', 'PUBLIC_URL'].filter((variable) => !bindings.get(variable)?.text)
  if (missing.length > 0) {
    const detail = `Vizitka is not configured: ${missing.map((one) => `${one} is missing`).join('; ')}.`
    return { status: 503, body: { type: '/problems/not-configured', status: 503, detail } }
  }
  const d1 = databases.get(bindings.get('DB')?.id ?? '')?.sqlite
  // On libSQL, D1 is bound and unused.
  const migrated =
    Boolean(bindings.get('DATABASE_URL')?.text) ||
    d1?.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'discarded_pictures'`).get() !== undefined
  const status = migrated ? 'ok' : 'down'
  const body = {
    status,
    database: status,
    cache: 'ok',
    gate: 'ok',
    mail: migrated ? 'ok' : 'unknown',
    version: productVersion,
    deployment: id,
  }
  return { status: migrated ? 200 : 503, body }
}
