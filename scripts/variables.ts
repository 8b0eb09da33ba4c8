import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { parse } from 'smol-toml'
import { parseConfiguration, variableNames } from '../src/config.ts'
import { ConfigurationError } from '../src/platform/config/configuration.ts'
import * as names from '../src/platform/config/unknown.ts'

/** Returns a sentence for each name that is no variable of the service, with the nearest one. */
export const describeUnknown = (all: readonly string[], origin: string): string[] =>
  names.describeUnknown(all, variableNames, origin)

/** Reads a file of variables; it may not exist yet. */
export const readVariables = (file: string): NodeJS.Dict<string> =>
  existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}

/** Reads a variable of the environment, or else of `.dev.vars`. An empty one counts as not set. */
export const localVariable = (name: string): string | undefined =>
  process.env[name] || readVariables('.dev.vars')[name] || undefined

/**
 * Reads the variables of the local service: those of a file, and those at the top of wrangler.toml. Warns of unknown
 * names.
 */
export function localVariables(file: string): { variables: NodeJS.Dict<string>; warnings: string[] } {
  const inFile = readVariables(file)
  const toml = existsSync('wrangler.toml') ? readFileSync('wrangler.toml', 'utf8') : ''
  const inToml = textsOf((parse(toml) as { vars?: object }).vars)
  const warnings = describeUnknown(Object.keys(inFile), file)
  warnings.push(...describeUnknown(Object.keys(inToml), 'wrangler.toml'))
  return { variables: { ...inToml, ...inFile }, warnings }
}

/** What is wrong with the variables of a service, in words for a person; undefined if they are valid. */
export function configurationFault(variables: NodeJS.Dict<string>): string | undefined {
  try {
    parseConfiguration(variables)
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

/** How much a name of the environment may differ from a variable: most names belong to other programs. */
const maxDistance = 2

/** Returns a sentence for each name of the environment that is probably a misspelt variable. */
export function describeMisspelt(all: readonly string[]): string[] {
  const misspelt = all.filter((name) => {
    if (names.isForeignName(name) || variableNames.includes(name)) return false
    const nearest = names.nearestName(name, variableNames)
    return nearest !== undefined && names.editDistance(name.toUpperCase(), nearest) <= maxDistance
  })
  return describeUnknown(misspelt, 'The environment')
}

/** Warns of misspelt variables in the environment: a secret would silently be missing. */
export function warnOfMisspelt(): void {
  for (const warning of describeMisspelt(Object.keys(process.env))) console.warn(warning)
}

/** Warns of them, and of unknown ones in a file: a misspelt DATABASE_URL would select another database. */
export function warnOfUnknown(file: string): void {
  warnOfMisspelt()
  if (existsSync(file)) for (const warning of localVariables(file).warnings) console.warn(warning)
}

/** Variables as the Worker sees them: strings. */
export const textsOf = (vars: object = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
