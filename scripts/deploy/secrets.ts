import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { parseConfiguration, variableNames } from '../../src/config.ts'
import { ConfigurationError } from '../../src/platform/config/configuration.ts'
import { CommandError, inFolder } from '../command.ts'
import { describeUnknown } from '../variables.ts'

/** Variables that are secrets; they are taken from the environment of the command, too. */
export const secretNames = [
  'SECRET_KEY',
  'SECRET_KEY_PREVIOUS',
  'DATABASE_AUTH_TOKEN',
  'CLOUDINARY_API_SECRET',
  'SMTP_PASSWORD',
] as const

export type Secrets = Readonly<Record<string, string>>

/**
 * The secrets that the person gives: in a file (JSON, or lines as in `.dev.vars`), or in the environment of the
 * command.
 * @throws CommandError when the file cannot be read, or names what there is not
 */
export function givenSecrets(file: string | undefined): Secrets {
  const input = Object.fromEntries(
    secretNames.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  )
  if (file === undefined) return input
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new CommandError(`There is no file ${file} that can be read (--secrets-file).`)
  }
  const { data } = z.record(z.string(), z.string()).safeParse(parsed(text))
  if (!data) throw new CommandError(`${file} is neither JSON of names and texts nor lines such as SMTP_PASSWORD="…".`)
  const unknown = describeUnknown(Object.keys(data), file)
  if (unknown.length > 0) throw new CommandError(`${unknown.join('\n')}\nThere are ${variableNames.join(', ')}.`)
  return { ...input, ...data }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return parseEnv(text)
  }
}

/** A key that nobody can guess. */
export const newKey = (): string => randomBytes(48).toString('base64')

// ---------------------------------------------------------------- what is kept here

const folder = '.deploy'
/** The key in use, where this machine knows it, and the one that it is being changed to. */
const keptSchema = z.object({ SECRET_KEY: z.string().optional(), next: z.string().optional() })
type Kept = z.infer<typeof keptSchema>

/**
 * Where an environment's key is kept on this machine: Cloudflare never tells a secret again, and changing the key needs
 * it.
 */
export const keptFile = (environment: string): string => join(folder, `${environment}.json`)

export function readStoredKey(environment: string): Kept {
  try {
    return keptSchema.parse(JSON.parse(readFileSync(keptFile(environment), 'utf8')))
  } catch {
    return {} // this machine made none
  }
}

export function keep(environment: string, keys: Kept): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(keptFile(environment), `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 })
}

export function forgetKey(environment: string): void {
  rmSync(keptFile(environment), { force: true })
}

/** Lends secrets to a command as a file that only this user can read, for as long as it runs. */
export const asFile = <Result>(secrets: object, use: (file: string) => Promise<Result>): Promise<Result> =>
  inFolder((folder) => {
    const file = join(folder, 'secrets.json') // JSON: in lines, wrangler would take $NAME for a variable
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 })
    return use(file)
  })

// ---------------------------------------------------------------- what is going to be deployed

/**
 * Which secrets are uploaded: `SECRET_KEY` where the Worker has none, made where nobody gives one; and whatever else is
 * given. The key that is there stays.
 */
export function secretsToUpload(
  environment: string,
  input: Secrets,
  existing: readonly string[],
): { upload: Secrets; made: boolean } {
  const { SECRET_KEY: key, ...others } = input
  if (existing.includes('SECRET_KEY')) return { upload: others, made: false }
  if (key !== undefined) {
    forgetKey(environment) // the person keeps it
    return { upload: input, made: false }
  }
  // One that is kept was made by a run that broke off before it arrived.
  const made = readStoredKey(environment).SECRET_KEY ?? newKey()
  keep(environment, { SECRET_KEY: made })
  return { upload: { ...others, SECRET_KEY: made }, made: true }
}

/** For checking alone: values in place of those that Cloudflare has and does not tell, or that come later. */
const standIns: Secrets = {
  PUBLIC_URL: 'https://contacts.example.com',
  SMTP_USERNAME: 'untold',
  SMTP_PASSWORD: 'untold',
  CLOUDINARY_CLOUD_NAME: 'untold',
  CLOUDINARY_UPLOAD_PRESET: 'untold',
  CLOUDINARY_API_KEY: 'untold',
  CLOUDINARY_API_SECRET: 'untold',
}

/**
 * Checks what the Worker is going to find, by the service's own rules, before anything is deployed. `untold` are names
 * whose values are not known here: they are taken to be right.
 * @throws CommandError naming what is wrong, and how to mend it
 */
export function checkConfiguration(
  environment: string,
  vars: Secrets,
  secrets: Secrets,
  untold: readonly string[],
): void {
  const unknown = describeUnknown(Object.keys(vars), 'wrangler.toml')
  if (unknown.length > 0)
    throw new CommandError(`${unknown.join('\n')}\nVariables stand under [env.${environment}.vars].`)
  const key = newKey()
  const rest = untold.flatMap((name) => {
    const value = name.startsWith('SECRET_KEY') ? key : standIns[name]
    return value === undefined ? [] : [[name, value]]
  })
  try {
    parseConfiguration({ ...Object.fromEntries(rest), ...vars, ...secrets })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new CommandError(
      `${error.message}\nVariables stand under [env.${environment}.vars] in wrangler.toml; a secret is given once: SMTP_PASSWORD=… npm run deploy`,
    )
  }
}

/** The same before the account is known: what is missing may be there. */
export const checkEarly = (environment: string, vars: Secrets, input: Secrets): void =>
  checkConfiguration(environment, vars, input, ['SECRET_KEY', ...Object.keys(standIns)])

/** Cloudflare takes no variable that has the name of a secret. @throws CommandError */
export function refuseBoth(environment: string, vars: Secrets, existing: readonly string[]): void {
  const both = existing.filter((name) => vars[name] !== undefined)
  if (both.length === 0) return
  throw new CommandError(
    `${both.join(', ')}: a variable in wrangler.toml, and a secret of the Worker. Keep one: take the line out of ` +
      `[env.${environment}.vars], or run: npx wrangler secret delete ${both[0]} --env ${environment}`,
  )
}
