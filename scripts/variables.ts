import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseEnv } from 'node:util'
import { variableNames } from '../src/config.ts'

/** A sentence for each name that the service does not read, with the variable that was probably meant. */
export function describeUnknown(names: readonly string[], origin: string): string[] {
  return names
    .filter((name) => !variableNames.includes(name))
    .map((name) => {
      const nearest = nearestVariable(name)
      return `${origin} sets ${name}, which Vizitka does not know.${nearest ? ` Did you mean ${nearest}?` : ''}`
    })
}

/** So many letters of its beginning tell a variable from others. */
const minPrefix = 3

/** The variable that a name is a slip of the pen from; undefined where none is near. */
export function nearestVariable(name: string): string | undefined {
  const typed = name.toUpperCase()
  const isBeginning = (variable: string) => typed.length >= minPrefix && variable.startsWith(typed)
  const [nearest] = variableNames
    .map((variable) => ({ variable, distance: editDistance(typed, variable) }))
    .filter(({ variable, distance }) => distance <= Math.max(2, variable.length / 4) || isBeginning(variable))
    .sort((one, other) => one.distance - other.distance)
  return nearest?.variable
}

/**
 * How many letters have to be added, left out, replaced or swapped with the next to make one word of the other (optimal
 * alignment).
 */
function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, n) => n)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const at = (up: number, left: number) => (up === 0 ? row : rows[i - up])?.[j - left] ?? Infinity
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(2, 2) + 1 : Infinity
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (one[i - 1] === other[j - 1] ? 0 : 1), swapped))
    }
    rows.push(row)
  }
  return rows[one.length]?.[other.length] ?? Infinity
}

/** What wrangler, Cloudflare and the tests read by names of their own. */
const notOurs = /^(?:CLOUDFLARE|WRANGLER|TEST)_/

/**
 * The local service's variables: those of a file, over those at the top of wrangler.toml; and a sentence for each that
 * nobody reads.
 */
export function localVariables(file: string): { variables: NodeJS.Dict<string>; warnings: string[] } {
  const inFile = parseEnv(readFileSync(file, 'utf8'))
  const inToml = topVariables()
  const names = (variables: object) => Object.keys(variables).filter((name) => !notOurs.test(name))
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
    const nearest = notOurs.test(name) || variableNames.includes(name) ? undefined : nearestVariable(name)
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
  // Reading it takes wrangler, a second's work: only where there is something to read.
  const toml = existsSync('wrangler.toml') ? readFileSync('wrangler.toml', 'utf8') : ''
  const isSet = /^\s*(?:\[vars\]|vars\s*[.=])/m.test(toml)
  if (!isSet) return {}
  const { experimental_readRawConfig } = createRequire(import.meta.url)('wrangler') as typeof import('wrangler')
  const { vars = {} } = experimental_readRawConfig({ config: 'wrangler.toml' }).rawConfig
  const texts = Object.entries(vars).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return Object.fromEntries(texts)
}
