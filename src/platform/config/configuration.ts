import { describeUnknown } from './unknown.ts'

/** The checked variables of a deployment: durations are seconds, lists are arrays. Each `config.ts` adds its own. */
// biome-ignore lint/suspicious/noEmptyInterface: It is filled by declaration merging.
export interface Configuration {}

/** The names of the rate-limit policies. Each `config.ts` adds its own. */
// biome-ignore lint/suspicious/noEmptyInterface: It is filled by declaration merging.
export interface Policies {}
export type PolicyName = keyof Policies

/** The names of permissions. Each `config.ts` adds its own. */
// biome-ignore lint/suspicious/noEmptyInterface: It is filled by declaration merging.
export interface Permissions {}
export type Permission = keyof Permissions

/** A condition on several variables. */
export interface Rule {
  readonly holds: (configuration: Configuration) => boolean
  /** The variable that the message begins with. */
  readonly variable: keyof Configuration
  readonly error: string
}

/** A variable is missing or wrong. The message names each one and how to fix it, and never contains a secret. */
export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(`Vizitka is not configured: ${faults.join('; ')}.`)
    this.name = 'ConfigurationError'
  }
}

interface Schema {
  readonly names: readonly string[]
  /** @throws ConfigurationError */
  readonly parse: (values: object) => Configuration
}

let schema: Schema | undefined

/**
 * Sets the schema of all variables. src/config.ts calls it on loading, because only that file imports every feature.
 */
export function setConfigurationSchema(all: Schema): void {
  schema = all
}

const cache = new WeakMap<object, Configuration>()

/**
 * Reads the checked variables of this deployment, once per isolate, and warns of unknown variables.
 * @throws ConfigurationError naming every variable that is missing or wrong, and how to fix it
 */
export function configuration(bindings: object): Configuration {
  const cached = cache.get(bindings)
  if (cached) return cached
  if (!schema) throw new Error('src/config.ts has not been loaded.')
  const parsed = schema.parse(bindings)
  cache.set(bindings, parsed)
  warnOfUnknown(bindings, schema.names)
  return parsed
}

/** Names that this isolate has already checked. */
const checkedNames = new Set<string>()

/** Warns of each unknown variable, once per isolate. */
function warnOfUnknown(bindings: object, variables: readonly string[]): void {
  const names = Object.entries(bindings).flatMap(([name, value]) =>
    typeof value === 'string' && !checkedNames.has(name) ? [name] : [],
  )
  for (const name of names) checkedNames.add(name)
  for (const warning of describeUnknown(names, variables, 'This deployment')) {
    console.warn(JSON.stringify({ level: 'warn', configuration: warning }))
  }
}
