import { z } from 'zod'
import { accountLimits } from './account/config.ts'
import { adminPermissions } from './admin/config.ts'
import { authLimits, authRules, authVariables, rolePermissions } from './auth/config.ts'
import { birthdayLimits } from './birthdays/config.ts'
import { contactLimits, contactPermissions, contactVariables } from './contacts/config.ts'
import {
  type Configuration,
  ConfigurationError,
  type Permission,
  type PolicyName,
  setConfigurationSchema,
} from './platform/config/configuration.ts'
import { deadlineVariables } from './platform/config/deadlines.ts'
import { cryptoVariables } from './platform/crypto/config.ts'
import { databaseVariables } from './platform/db/config.ts'
import { type Quota, rateLimits } from './platform/gate/config.ts'
import { httpVariables } from './platform/http/config.ts'
import { mailRules, mailVariables } from './platform/mail/config.ts'
import { pictureLimits, pictureRules, pictureVariables } from './platform/pictures/config.ts'
import { transferLimits, transferVariables } from './transfer/config.ts'

export { configuration } from './platform/config/configuration.ts'

/** Every rate limit by its policy. The README says what each one counts. */
export const defaultLimits: Readonly<Record<PolicyName, Quota>> = {
  ...authLimits,
  ...contactLimits,
  ...pictureLimits,
  ...accountLimits,
  ...transferLimits,
  ...birthdayLimits,
}

/** All permissions that a role can have. */
export const permissions: readonly Permission[] = [...contactPermissions, ...adminPermissions]

const variables = z.object({
  ...cryptoVariables,
  ...httpVariables,
  RATE_LIMITS: rateLimits(defaultLimits),
  ...deadlineVariables,
  ...databaseVariables,
  ...authVariables,
  ROLE_PERMISSIONS: rolePermissions(permissions),
  ...contactVariables,
  ...pictureVariables,
  ...transferVariables,
  ...mailVariables,
})

const rules = [...mailRules, ...pictureRules, ...authRules]

/** The name of every variable. */
export const variableNames: readonly string[] = Object.keys(variables.shape)

/**
 * Parses and checks variables, also those of a deployment that does not exist yet. A value that is empty or not a text
 * counts as missing.
 * @throws ConfigurationError naming every variable that is missing or wrong, and how to fix it
 */
export function parseConfiguration(values: object): Configuration {
  // A line of `.dev.vars` without a value is an empty text.
  const set = Object.fromEntries(
    Object.entries(values).filter(([, value]) => typeof value === 'string' && value !== ''),
  )
  const { success, data, error } = variables.safeParse(set)
  // Report only the first fault of a variable: a secret that is too short is often also easy to guess.
  const faults = new Map<string, string>()
  const add = (name: string, message: string) => {
    if (!faults.has(name)) faults.set(name, `${name} ${message}`)
  }
  if (!success) for (const { path, message } of error.issues) add(String(path[0]), message)
  // RATE_LIMITS and DEADLINES are complete, because entries are merged over the defaults.
  const parsed = data as Configuration
  if (success) for (const { holds, variable, error } of rules) if (!holds(parsed)) add(variable, error)
  if (faults.size > 0) throw new ConfigurationError([...faults.values()])
  return parsed
}

setConfigurationSchema({ names: variableNames, parse: parseConfiguration })
