import { z } from 'zod'

/** What wrangler.toml binds and `.dev.vars` or the platform's secrets set. Variables are read through {@link configuration}. */
export interface Bindings {
  readonly DB: D1Database
  readonly ASSETS: Fetcher
}

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `15m`, `7d`, `30s`, `1h` → seconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, 'write a whole number and a unit, such as 30s, 15m, 1h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])

const makeOne = 'make one with: openssl rand -base64 48'

/** 32 characters at least, and not one that a person typed to get past the check. */
const secret = z
  .string({ error: `is missing; ${makeOne}` })
  .min(32, `is too short (at least 32 characters); ${makeOne}`)
  .refine((key) => new Set(key).size >= 12, `is too easy to guess; ${makeOne}`)
  .refine((key) => !/change.?me|replace|secret.?key|example|password/i.test(key), `is a placeholder; ${makeOne}`)

const origin = (text: string): string | null => {
  try {
    const url = new URL(text)
    return /^https?:$/.test(url.protocol) && url.origin === text ? text : null
  } catch {
    return null
  }
}

const variables = z.object({
  SECRET_KEY: secret,
  /** The key before the last change: what it signed is still accepted until it expires. */
  SECRET_KEY_PREVIOUS: secret.optional(),
  PUBLIC_URL: z
    .string({
      error: 'is missing; set it to the address people reach this service at, such as https://contacts.example.com',
    })
    .transform((text) => text.replace(/\/+$/, ''))
    .refine((text) => origin(text) !== null, 'must be an origin, such as https://contacts.example.com, with no path'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine(
      (origins) => origins.every((one) => origin(one) !== null),
      'must be exact origins separated by commas, such as https://app.example.com,http://localhost:3000',
    ),
  ACCESS_TOKEN_TTL: duration.default(15 * 60),
  REFRESH_TOKEN_TTL: duration.default(7 * 86_400),
  SESSION_TTL: duration.default(90 * 86_400),
  VERIFICATION_LINK_TTL: duration.default(7 * 86_400),
  SMTP_HOST: z.string().min(1).optional(),
  SMTP_PORT: z.coerce.number('must be a port number').int().min(1).max(65_535).default(587),
  SMTP_SECURITY: z.enum(['tls', 'starttls', 'none'], 'must be tls, starttls or none').default('starttls'),
  SMTP_USERNAME: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  MAIL_FROM: z.string().min(3).default('Vizitka <vizitka@localhost>'),
})

/** The checked variables: durations are seconds, lists are arrays. */
export type Configuration = z.output<typeof variables>

/** A variable is missing or wrong. The message names each one and how to mend it, and never shows a value. */
export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(`Vizitka is not configured: ${faults.join('; ')}.`)
    this.name = 'ConfigurationError'
  }
}

const checked = new WeakMap<object, Configuration>()

/**
 * The checked variables of this deployment, read once for each isolate.
 * @throws ConfigurationError naming every variable that is missing or wrong, and the fix.
 */
export function configuration(bindings: Bindings): Configuration {
  const known = checked.get(bindings)
  if (known) return known
  // An empty string is how a `.dev.vars` line without a value arrives: not set.
  const set = Object.fromEntries(
    Object.entries(bindings).filter(([, value]) => typeof value === 'string' && value !== ''),
  )
  const { success, data, error } = variables.safeParse(set)
  if (!success) {
    throw new ConfigurationError(error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`))
  }
  checked.set(bindings, data)
  return data
}
