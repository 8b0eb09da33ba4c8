import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { parse } from 'smol-toml'
import { variableNames } from '../src/config.ts'
import {
  describeUnknown as describe,
  editDistance,
  isForeignName,
  nearestName,
} from '../src/platform/config/unknown.ts'

/** Describes each name that the service does not read, with the variable that was probably meant. */
export const describeUnknown = (names: readonly string[], origin: string): string[] =>
  describe(names, variableNames, origin)

/**
 * The local service's variables: those of a file, over those at the top of wrangler.toml; and a sentence for each that
 * nobody reads.
 */
export function localVariables(file: string): { variables: NodeJS.Dict<string>; warnings: string[] } {
  const inFile = parseEnv(readFileSync(file, 'utf8'))
  const inToml = topVariables()
  const names = (variables: object) => Object.keys(variables)
  return {
    variables: { ...inToml, ...inFile },
    warnings: [...describeUnknown(names(inFile), file), ...describeUnknown(names(inToml), 'wrangler.toml')],
  }
}

/** How many slips of the pen a name of the environment may have: most names there are other programs'. */
const maxSlips = 2

/** A sentence for each name of the environment that a variable was probably meant by. */
export function describeMisspelt(names: readonly string[]): string[] {
  const misspelt = names.filter((name) => {
    const nearest = isForeignName(name) || variableNames.includes(name) ? undefined : nearestName(name, variableNames)
    return nearest !== undefined && editDistance(name.toUpperCase(), nearest) <= maxSlips
  })
  return describeUnknown(misspelt, 'The environment')
}

/** Warns of names of the environment that are variables misspelt: a secret given so would be missing without a word. */
export function warnOfMisspelt(): void {
  for (const warning of describeMisspelt(Object.keys(process.env))) console.warn(warning)
}

/**
 * Warns of variables that nobody reads, of a file and of the environment: a misspelt DATABASE_URL would send a command
 * to another database.
 */
export function warnOfUnknown(file: string): void {
  warnOfMisspelt()
  if (existsSync(file)) for (const warning of localVariables(file).warnings) console.warn(warning)
}

function topVariables(): NodeJS.Dict<string> {
  if (!existsSync('wrangler.toml')) return {}
  return textsOf((parse(readFileSync('wrangler.toml', 'utf8')) as { vars?: object }).vars)
}

/** Variables as the Worker finds them: texts. */
export const textsOf = (vars: object = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
