import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser'
import type { Unstable_RawConfig, Unstable_RawEnvironment } from 'wrangler'
import { CommandError } from '../command.ts'
import { textsOf } from '../variables.ts'

const file = 'wrangler.toml'

/** The settings of one environment in wrangler.toml. */
export type Settings = ReturnType<typeof readSettings>

type Route = NonNullable<Unstable_RawEnvironment['routes']>[number]

/** A value to write under `[env.…]`. */
export interface Change {
  /** `''` for the environment itself, else a table of it; `binding` selects the entry of a list. */
  readonly table: '' | 'vars' | 'd1_databases' | 'kv_namespaces'
  readonly binding?: string
  readonly key: string
  readonly value: string | boolean | readonly Route[]
}

/** Parses TOML into plain objects, which can be compared. @throws Error if it is invalid */
const parseConfig = (text: string): Unstable_RawConfig => JSON.parse(JSON.stringify(parse(text)))

/** Reads wrangler.toml. @throws CommandError if it cannot be read */
function readConfig(): Unstable_RawConfig {
  try {
    return parseConfig(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

/** Reads an environment. @throws CommandError if it does not exist, or lacks something */
export function readSettings(environment: string) {
  const raw = readConfig()
  const found = raw.env?.[environment]
  if (!found) {
    const existing = Object.keys(raw.env ?? {})
    throw new CommandError(`${file} has no environment "${environment}"; there are ${existing.join(', ') || 'none'}.`)
  }
  // Workers Builds can override the name.
  const worker = process.env.WRANGLER_CI_OVERRIDE_NAME || found.name
  const databaseOf = (config: Unstable_RawConfig) => config.d1_databases?.find(({ binding }) => binding === 'DB')
  const cacheOf = (config: Unstable_RawConfig) => config.kv_namespaces?.find(({ binding }) => binding === 'CACHE')
  const [d1, kv] = [databaseOf(found), cacheOf(found)]
  if (!worker || !d1?.database_name || !kv) {
    throw new CommandError(
      `${file} lacks what "${environment}" needs: a name, the database DB with its name, and CACHE.`,
    )
  }
  // The deploy button writes the ids of production's resources at the top, because it ignores environments.
  const top = environment === 'production' ? raw : {}
  const routes = found.routes ?? []
  return {
    environment,
    worker,
    accountId: process.env.CLOUDFLARE_ACCOUNT_ID || found.account_id || raw.account_id || undefined,
    database: { name: d1.database_name, id: d1.database_id || realId(databaseOf(top)?.database_id, 'DB') },
    // The name that wrangler itself gives a namespace for a binding.
    cache: { name: `${worker}-cache`, id: kv.id || realId(cacheOf(top)?.id, 'CACHE') },
    vars: textsOf(found.vars),
    /** Variables at the top of wrangler.toml, which no environment reads. */
    ignoredVars: Object.keys(raw.vars ?? {}).filter((name) => found.vars?.[name] === undefined),
    /** Its custom domains. */
    domains: [...routes, ...(found.route ? [found.route] : [])].flatMap((route) =>
      typeof route === 'object' && 'custom_domain' in route && route.custom_domain ? [route.pattern] : [],
    ),
    routes,
    limitsCpu: found.limits?.cpu_ms !== undefined,
  }
}

/** An id; the binding's name, which wrangler.toml has by default, is none. */
const realId = (id: string | undefined, binding: string): string | undefined =>
  id === '' || id === binding ? undefined : id

/**
 * Writes values into wrangler.toml, without changing its comments or equal values.
 * @throws CommandError with the lines to write by hand, if the layout is not supported; the file stays as it is
 */
export function writeSettings(environment: string, changes: readonly Change[]): void {
  const wanted = readConfig()
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
    const line = `${key} = ${toToml(value)}`
    text = withLine(text, path, header, key, line)
    byHand.push(`  ${header} ${line}`)
  }
  if (!isTomlOf(text, wanted)) {
    throw new CommandError(
      `${file} is laid out in a way that npm run deploy cannot edit. Add these by hand, then run it again:\n${byHand.join('\n')}`,
    )
  }
  // Renaming replaces the file completely or not at all.
  writeFileSync(`${file}.half`, text)
  renameSync(`${file}.half`, file)
}

/** Writes a changed copy of wrangler.toml beside it, because it has relative paths. The caller deletes it. */
export function writeVariant(environment: string, change: (environment: Unstable_RawEnvironment) => void): string {
  const raw = readConfig()
  change(raw.env?.[environment] ?? {})
  const path = 'wrangler.deploying.json'
  writeFileSync(path, JSON.stringify(raw, undefined, 2))
  return path
}

// ---------------------------------------------------------------- TOML

/** The keys, and the indexes of lists, that lead to a value. */
type Path = readonly (string | number)[]

function isTomlOf(text: string, wanted: Unstable_RawConfig): boolean {
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
function toToml(value: Change['value']): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = (one: object) => Object.entries(one).map(([key, inner]) => `${key} = ${JSON.stringify(inner)}`)
  const routes = value.map((one) => (typeof one === 'string' ? JSON.stringify(one) : `{ ${pairs(one).join(', ')} }`))
  return `[${routes.join(', ')}]`
}

/** Returns the text with a line in a table: instead of the key's present line, else at the table's end. */
function withLine(text: string, path: Path, header: string, key: string, line: string): string {
  const tables = parseTOML(text).body[0].body.filter((node) => node.type === 'TOMLTable')
  const table = tables.find(({ resolvedKey }) => isDeepStrictEqual(resolvedKey, path))
  if (!table) return `${text.trimEnd()}\n\n${header}\n${line}\n`
  const present = table.body.find((pair) => isDeepStrictEqual(getStaticTOMLValue(pair.key), [key]))
  const [from, to] = present?.range ?? [table.range[1], table.range[1]]
  return `${text.slice(0, from)}${present ? line : `\n${line}`}${text.slice(to)}`
}
