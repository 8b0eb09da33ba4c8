import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import type { Unstable_RawConfig, Unstable_RawEnvironment } from 'wrangler'
import { DeployError } from './fault.ts'

const file = 'wrangler.toml'

/** What wrangler.toml says of one environment. */
export interface Settings {
  readonly environment: string
  /** The Worker's name. Workers Builds may have another in mind, and has the last word. */
  readonly worker: string
  readonly accountId: string | undefined
  readonly database: { readonly name: string; readonly id: string | undefined }
  readonly cache: { readonly name: string; readonly id: string | undefined }
  readonly vars: Readonly<Record<string, string>>
  /** Variables at the top of wrangler.toml, which no environment reads. */
  readonly ignoredVars: readonly string[]
  /** Its custom domains. */
  readonly domains: readonly string[]
  readonly routes: readonly Route[]
  readonly limitsCpu: boolean
}

type Route = NonNullable<Unstable_RawEnvironment['routes']>[number]

/** A value to be written under `[env.…]`: at the environment itself, or into one of its tables. */
export interface Change {
  /** `''` for the environment's own keys, else such as `vars`; a list's entry is told by its binding. */
  readonly table: '' | 'vars' | 'd1_databases' | 'kv_namespaces'
  readonly binding?: string
  readonly key: string
  readonly value: string | boolean | readonly Route[]
}

/** Parses TOML into plain objects, so that two of them can be compared. @throws Error when it is no TOML */
const parseConfig = (text: string): Unstable_RawConfig => JSON.parse(JSON.stringify(parse(text)))

/** Reads wrangler.toml. @throws DeployError when it is not there, or is no TOML */
function rawConfig(): Unstable_RawConfig {
  try {
    return parseConfig(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new DeployError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * Reads an environment.
 * @throws DeployError when wrangler.toml has no such environment, or lacks what is deployed
 */
export function readSettings(environment: string): Settings {
  const raw = rawConfig()
  const found = raw.env?.[environment]
  if (!found) {
    const existing = Object.keys(raw.env ?? {})
    throw new DeployError(`${file} has no environment "${environment}"; there are ${existing.join(', ') || 'none'}.`)
  }
  const worker = process.env.WRANGLER_CI_OVERRIDE_NAME || found.name
  const d1 = found.d1_databases?.find(({ binding }) => binding === 'DB')
  const kv = found.kv_namespaces?.find(({ binding }) => binding === 'CACHE')
  if (!worker || !d1?.database_name || !kv) {
    throw new DeployError(
      `${file} lacks what "${environment}" needs: a name, the database DB with its name, and CACHE.`,
    )
  }
  // The deploy button makes what stands at the top, and knows of no environments: that is production's.
  const top = environment === 'production' ? raw : {}
  const topDatabase = top.d1_databases?.find(({ binding }) => binding === 'DB')?.database_id
  const topCache = top.kv_namespaces?.find(({ binding }) => binding === 'CACHE')?.id
  const vars = Object.entries(found.vars ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return {
    environment,
    worker,
    accountId: process.env.CLOUDFLARE_ACCOUNT_ID || found.account_id || raw.account_id || undefined,
    database: {
      name: d1.database_name,
      id: d1.database_id || madeId(topDatabase, 'DB'),
    },
    // What wrangler itself calls a namespace that it makes for a binding.
    cache: {
      name: `${worker}-cache`,
      id: kv.id || madeId(topCache, 'CACHE'),
    },
    vars: Object.fromEntries(vars),
    ignoredVars: Object.keys(raw.vars ?? {}).filter((name) => found.vars?.[name] === undefined),
    domains: domainsOf(found),
    routes: found.routes ?? [],
    limitsCpu: found.limits?.cpu_ms !== undefined,
  }
}

/** The id of something that was made at Cloudflare; wrangler.toml's default, the binding's name, is none. */
const madeId = (id: string | undefined, binding: string): string | undefined =>
  id === '' || id === binding ? undefined : id

function domainsOf({ routes = [], route }: Unstable_RawEnvironment): string[] {
  return [...routes, ...(route ? [route] : [])].flatMap((one) =>
    typeof one === 'object' && 'custom_domain' in one && one.custom_domain ? [one.pattern] : [],
  )
}

/**
 * Writes values into wrangler.toml in place, so that its comments stay. Says which are new; what is there already is
 * left alone.
 * @throws DeployError with what to write by hand, when the file is laid out in a way that this does not understand; it
 * is unchanged
 */
export function writeSettings(environment: string, changes: readonly Change[]): Change[] {
  const before = rawConfig()
  const wanted = structuredClone(before)
  const fresh = changes.filter((change) => !isDeepStrictEqual(valueAt(before, environment, change), change.value))
  if (fresh.length === 0) return []
  for (const change of fresh) put(wanted, environment, change)
  const text = fresh.reduce((lines, change) => edited(lines, environment, change), readFileSync(file, 'utf8'))
  if (!says(text, wanted)) {
    const lines = fresh.map((change) => `  ${headerOf(environment, change)} ${change.key} = ${toml(change.value)}`)
    throw new DeployError(
      `${file} is laid out in a way that npm run deploy cannot edit. Add these by hand, then run it again:\n${lines.join('\n')}`,
    )
  }
  // At once or not at all: a file that is half written would be nobody's.
  const half = `${file}.half`
  writeFileSync(half, text)
  renameSync(half, file)
  return fresh
}

/**
 * Writes a configuration for one command that differs from wrangler.toml, beside it because of the paths in it.
 * The caller removes it.
 */
export function writeVariant(environment: string, change: (environment: Unstable_RawEnvironment) => void): string {
  const raw = structuredClone(rawConfig())
  const found = raw.env?.[environment]
  if (found) change(found)
  const path = 'wrangler.deploying.json'
  writeFileSync(path, JSON.stringify(raw, undefined, 2))
  return path
}

// ---------------------------------------------------------------- TOML

/** Whether a text is TOML that says what an object does. */
function says(text: string, wanted: Unstable_RawConfig): boolean {
  try {
    return isDeepStrictEqual(parseConfig(text), wanted)
  } catch {
    return false
  }
}

/** The table of a change, as an object of the parsed file. */
function tableOf(
  raw: Unstable_RawConfig,
  environment: string,
  { table, binding }: Change,
): Record<string, unknown> | undefined {
  const found = raw.env?.[environment] as Record<string, unknown> | undefined
  const inner = table === '' ? found : found?.[table]
  const entry = Array.isArray(inner) ? inner.find((one) => one.binding === binding) : inner
  return entry as Record<string, unknown> | undefined
}

const valueAt = (raw: Unstable_RawConfig, environment: string, change: Change): unknown =>
  tableOf(raw, environment, change)?.[change.key]

function put(raw: Unstable_RawConfig, environment: string, change: Change): void {
  const table = tableOf(raw, environment, change)
  if (table) table[change.key] = change.value
  else Object.assign(raw.env?.[environment] ?? {}, { [change.table]: { [change.key]: change.value } })
}

function headerOf(environment: string, { table, binding }: Change): string {
  const path = ['env', environment, ...(table ? [table] : [])].join('.')
  return binding === undefined ? `[${path}]` : `[[${path}]]`
}

/** A value in TOML: JSON's strings are TOML's basic strings. */
function toml(value: Change['value']): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = (one: object) => Object.entries(one).map(([key, inner]) => `${key} = ${JSON.stringify(inner)}`)
  const routes = value.map((one) => (typeof one === 'string' ? JSON.stringify(one) : `{ ${pairs(one).join(', ')} }`))
  return `[${routes.join(', ')}]`
}

function edited(text: string, environment: string, change: Change): string {
  const lines = text.split('\n')
  const header = headerOf(environment, change)
  const line = `${change.key} = ${toml(change.value)}`
  for (const { from, to } of tablesOf(lines, header)) {
    const inside = lines.slice(from + 1, to)
    if (change.binding !== undefined && !inside.some((one) => one.replace(/\s/g, '') === `binding="${change.binding}"`))
      continue
    const at = inside.findIndex((one) => new RegExp(`^\\s*${change.key}\\s*=`).test(one))
    if (at >= 0) lines.splice(from + 1 + at, 1, line)
    else lines.splice(from + 1 + inside.findLastIndex((one) => /^\s*[^#\s]/.test(one)) + 1, 0, line)
    return lines.join('\n')
  }
  return `${text.trimEnd()}\n\n${header}\n${line}\n`
}

/** Where the tables of a header begin and end. Lines within multi-line strings are none of it. */
function tablesOf(lines: readonly string[], header: string): { from: number; to: number }[] {
  const headers: { at: number; text: string }[] = []
  let within = false
  lines.forEach((line, at) => {
    if (!within && /^\s*\[\[?[\w.-]+\]\]?\s*(#.*)?$/.test(line))
      headers.push({ at, text: line.replace(/#.*$/, '').trim() })
    if ((line.match(/'''|"""/g)?.length ?? 0) % 2 === 1) within = !within
  })
  return headers.flatMap(({ at, text }, n) =>
    text === header ? [{ from: at, to: headers[n + 1]?.at ?? lines.length }] : [],
  )
}
