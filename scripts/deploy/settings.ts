import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser'
import type { Unstable_RawConfig, Unstable_RawEnvironment } from 'wrangler'
import { CommandError } from '../command.ts'
import { textsOf } from '../variables.ts'

const file = 'wrangler.toml'

/** What wrangler.toml says of one environment. */
export type Settings = ReturnType<typeof readSettings>

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

/** Reads wrangler.toml. @throws CommandError when it is not there, or is no TOML */
function rawConfig(): Unstable_RawConfig {
  try {
    return parseConfig(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * Reads an environment.
 * @throws CommandError when wrangler.toml has no such environment, or lacks what is deployed
 */
export function readSettings(environment: string) {
  const raw = rawConfig()
  const found = raw.env?.[environment]
  if (!found) {
    const existing = Object.keys(raw.env ?? {})
    throw new CommandError(`${file} has no environment "${environment}"; there are ${existing.join(', ') || 'none'}.`)
  }
  // Workers Builds may have another name in mind, and has the last word.
  const worker = process.env.WRANGLER_CI_OVERRIDE_NAME || found.name
  const d1 = found.d1_databases?.find(({ binding }) => binding === 'DB')
  const kv = found.kv_namespaces?.find(({ binding }) => binding === 'CACHE')
  if (!worker || !d1?.database_name || !kv) {
    throw new CommandError(
      `${file} lacks what "${environment}" needs: a name, the database DB with its name, and CACHE.`,
    )
  }
  // The deploy button makes what stands at the top, and knows of no environments: that is production's.
  const top = environment === 'production' ? raw : {}
  const topDatabase = top.d1_databases?.find(({ binding }) => binding === 'DB')?.database_id
  const topCache = top.kv_namespaces?.find(({ binding }) => binding === 'CACHE')?.id
  return {
    environment,
    worker,
    accountId: process.env.CLOUDFLARE_ACCOUNT_ID || found.account_id || raw.account_id || undefined,
    database: { name: d1.database_name, id: d1.database_id || madeId(topDatabase, 'DB') },
    // What wrangler itself calls a namespace that it makes for a binding.
    cache: { name: `${worker}-cache`, id: kv.id || madeId(topCache, 'CACHE') },
    vars: textsOf(found.vars),
    /** Variables at the top of wrangler.toml, which no environment reads. */
    ignoredVars: Object.keys(raw.vars ?? {}).filter((name) => found.vars?.[name] === undefined),
    /** Its custom domains. */
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
 * Writes values into wrangler.toml in place, so that its comments stay. What is there already is left alone.
 * @throws CommandError with what to write by hand, when the file is laid out in a way that this does not understand; it
 * is unchanged
 */
export function writeSettings(environment: string, changes: readonly Change[]): void {
  const wanted = rawConfig()
  let text = readFileSync(file, 'utf8')
  const byHand: string[] = []
  for (const { table, binding, key, value } of changes) {
    const list = valueAt(wanted, ['env', environment, table])
    const entry = Array.isArray(list) ? [list.findIndex((one) => one.binding === binding)] : []
    const path = ['env', environment, ...(table === '' ? [] : [table]), ...entry]
    if (isDeepStrictEqual(valueAt(wanted, [...path, key]), value)) continue
    const names = path.filter((name) => typeof name === 'string').join('.')
    const header = entry.length > 0 ? `[[${names}]]` : `[${names}]`
    if (valueAt(wanted, path) === undefined) put(wanted, path, {})
    put(wanted, [...path, key], value)
    text = edited(text, path, header, key, toml(value))
    byHand.push(`  ${header} ${key} = ${toml(value)}`)
  }
  if (!says(text, wanted)) {
    throw new CommandError(
      `${file} is laid out in a way that npm run deploy cannot edit. Add these by hand, then run it again:\n${byHand.join('\n')}`,
    )
  }
  // At once or not at all: a file that is half written would be nobody's.
  const half = `${file}.half`
  writeFileSync(half, text)
  renameSync(half, file)
}

/**
 * Writes a configuration for one command that differs from wrangler.toml, beside it because of the paths in it.
 * The caller removes it.
 */
export function writeVariant(environment: string, change: (environment: Unstable_RawEnvironment) => void): string {
  const raw = rawConfig()
  const found = raw.env?.[environment]
  if (found) change(found)
  const path = 'wrangler.deploying.json'
  writeFileSync(path, JSON.stringify(raw, undefined, 2))
  return path
}

// ---------------------------------------------------------------- TOML

/** The names, and the numbers of entries, that lead to a value. */
type Path = readonly (string | number)[]

/** Whether a text is TOML that says what an object does. */
function says(text: string, wanted: Unstable_RawConfig): boolean {
  try {
    return isDeepStrictEqual(parseConfig(text), wanted)
  } catch {
    return false
  }
}

const valueAt = (raw: object, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], raw)

const put = (raw: object, path: Path, value: unknown): void =>
  void Object.assign(valueAt(raw, path.slice(0, -1)) ?? {}, { [path.at(-1) ?? '']: value })

/** A value in TOML: JSON's strings are TOML's basic strings. */
function toml(value: Change['value']): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = (one: object) => Object.entries(one).map(([key, inner]) => `${key} = ${JSON.stringify(inner)}`)
  const routes = value.map((one) => (typeof one === 'string' ? JSON.stringify(one) : `{ ${pairs(one).join(', ')} }`))
  return `[${routes.join(', ')}]`
}

/** The text with a value in a table: in the place of the one before, else as its last, else in a new table. */
function edited(text: string, path: Path, header: string, key: string, value: string): string {
  const line = `${key} = ${value}`
  const tables = parseTOML(text).body[0].body.filter((node) => node.type === 'TOMLTable')
  const table = tables.find(({ resolvedKey }) => isDeepStrictEqual(resolvedKey, path))
  if (!table) return `${text.trimEnd()}\n\n${header}\n${line}\n`
  const before = table.body.find((pair) => isDeepStrictEqual(getStaticTOMLValue(pair.key), [key]))
  const [from, to] = before?.range ?? [table.range[1], table.range[1]]
  return `${text.slice(0, from)}${before ? line : `\n${line}`}${text.slice(to)}`
}
