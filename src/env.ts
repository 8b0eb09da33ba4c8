import { z } from 'zod'

/** What wrangler.toml binds and `.dev.vars` or the platform's secrets set. Variables are read through {@link configuration}. */
export interface Bindings {
  readonly DB: D1Database
  readonly ASSETS: Fetcher
  /** Copies of users: `user:{id}`; and pictures: `avatar:{key}`. */
  readonly CACHE: KVNamespace
  /** Durable Objects: limits and revisions. Its class is src/platform/gate/gate.ts. */
  readonly GATE: DurableObjectNamespace
  /** Which deployment this is. */
  readonly VERSION: WorkerVersionMetadata
}

/** Far enough for anything, near enough for every date. */
const maxDurationSeconds = 3653 * 86_400

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `15m`, `7d`, `30s`, `1h` → seconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, {
    error: 'must be a whole number and a unit, such as 30s, 15m, 1h or 7d',
    // Else what is no duration would be compared with others, too.
    abort: true,
  })
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])
  .refine((seconds) => seconds <= maxDurationSeconds, 'must be ten years or less')

const makeOne = 'make one with: openssl rand -base64 48'

/** 32 characters at least, and not one that a person typed to get past the check. */
const secret = z
  .string({ error: `is missing; ${makeOne}` })
  .min(32, `is too short (at least 32 characters); ${makeOne}`)
  .refine((key) => new Set(key).size >= 12, `is too easy to guess; ${makeOne}`)
  .refine((key) => !/change.?me|replace|secret.?key|example|password/i.test(key), `is a placeholder; ${makeOne}`)

const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((text) => text === 'true')

const origin = (text: string): string | null => {
  try {
    const url = new URL(text)
    return /^https?:$/.test(url.protocol) && url.origin === text ? text : null
  } catch {
    return null
  }
}

/** `scheme://host[:port]`, as web views and extensions send it in `Origin`: the URL standard calls such origins opaque. */
const customOrigin = /^(?!https?:)[a-z][a-z\d+.-]*:\/\/(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/
const isPageOrigin = (text: string): boolean => origin(text) !== null || customOrigin.test(text)

/** Every limit by its policy's name: at most `quota` in any `windowSeconds`. API.md says what each counts, and by whom. */
export const defaultLimits = {
  signup: { quota: 2, windowSeconds: 60 },
  login: { quota: 10, windowSeconds: 60 },
  'login-failures': { quota: 5, windowSeconds: 300 },
  'login-failures-hour': { quota: 10, windowSeconds: 3600 },
  'login-failures-email': { quota: 50, windowSeconds: 3600 },
  refresh: { quota: 10, windowSeconds: 60 },
  'request-email': { quota: 2, windowSeconds: 60 },
  'request-email-to': { quota: 3, windowSeconds: 3600 },
  confirm: { quota: 10, windowSeconds: 60 },
  reset: { quota: 10, windowSeconds: 60 },
  'contacts-read': { quota: 120, windowSeconds: 60 },
  'contacts-create': { quota: 2, windowSeconds: 5 },
  'contacts-write': { quota: 30, windowSeconds: 60 },
  avatar: { quota: 10, windowSeconds: 60 },
  'avatar-day': { quota: 30, windowSeconds: 86_400 },
  account: { quota: 60, windowSeconds: 60 },
  'email-change': { quota: 3, windowSeconds: 3600 },
}

export type PolicyName = keyof typeof defaultLimits
type LimitTable = Readonly<Record<PolicyName, { readonly quota: number; readonly windowSeconds: number }>>

const maxQuota = 1000
const maxWindowSeconds = 7 * 86_400

/** `contacts-create=2/5s,contacts-read=120/60s` over the defaults. */
const rateLimits = z
  .string()
  .default('')
  .transform((text, context): LimitTable => {
    const table: Record<PolicyName, { quota: number; windowSeconds: number }> = { ...defaultLimits }
    for (const entry of text.split(',').flatMap((part) => part.trim() || [])) {
      const [, name = '', quotaText, spanText = ''] =
        entry.match(/^([a-z-]+)=([1-9]\d{0,5})\/([1-9]\d{0,8}[smhd])$/) ?? []
      const span = duration.safeParse(spanText)
      const quota = Number(quotaText)
      const fault = !span.success
        ? 'is not of the form contacts-create=2/5s'
        : !Object.hasOwn(defaultLimits, name)
          ? `names no policy; there are ${Object.keys(defaultLimits).join(', ')}`
          : quota > maxQuota || span.data > maxWindowSeconds
            ? `is out of bounds: at most ${maxQuota} in at most 7d`
            : null
      if (fault !== null || !span.success) {
        context.addIssue({ code: 'custom', message: `has an entry "${entry}" that ${fault}` })
        return z.NEVER
      }
      table[name as PolicyName] = { quota, windowSeconds: span.data }
    }
    return table
  })

/** How long each part may keep a request waiting, in milliseconds; then the request goes on without it, or is answered by a 503. */
const defaultDeadlines = {
  gate: 1000,
  // A hash waits its turn behind other hashes of the same e-mail, each about 150 ms.
  hash: 5000,
  cache: 300,
  database: 5000,
}

type Deadlines = Readonly<Record<keyof typeof defaultDeadlines, number>>

const maxDeadlineMs = 60_000

/** `database=8s,cache=500ms` over the defaults. */
const deadlines = z
  .string()
  .default('')
  .transform((text, context): Deadlines => {
    const table = { ...defaultDeadlines }
    for (const entry of text.split(',').flatMap((part) => part.trim() || [])) {
      const [, name = '', number, unit] = entry.match(/^([a-z]+)=([1-9]\d{0,5})(ms|s)$/) ?? []
      const ms = Number(number) * (unit === 's' ? 1000 : 1)
      const fault =
        name === ''
          ? 'is not of the form database=8s or cache=500ms'
          : !Object.hasOwn(defaultDeadlines, name)
            ? `names no part; there are ${Object.keys(defaultDeadlines).join(', ')}`
            : ms > maxDeadlineMs
              ? 'is longer than 60s'
              : null
      if (fault !== null) {
        context.addIssue({ code: 'custom', message: `has an entry "${entry}" that ${fault}` })
        return z.NEVER
      }
      table[name as keyof typeof table] = ms
    }
    return table
  })

export const roles = ['user', 'moderator', 'admin'] as const
export type Role = (typeof roles)[number]

/** What a role may allow. src/auth/policy.ts says which allows what, and where each is asked. */
export const permissions = [
  'contacts:read',
  'contacts:create',
  'contacts:update',
  'contacts:delete',
  'users:read',
  'users:disable',
  'users:role',
  'users:delete',
  'events:read',
  'outbox:manage',
] as const
export type Permission = (typeof permissions)[number]

const strings = z.array(z.string())

/** `{"user": ["contacts:read"], …}`: what each named role may do, instead of src/auth/policy.ts's table. */
const rolePermissions = z
  .string()
  .default('{}')
  .transform((text, context): Partial<Record<Role, readonly Permission[]>> => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    let table: unknown
    try {
      table = JSON.parse(text)
    } catch {
      return refuse('is not JSON')
    }
    const { success, data } = z.record(z.string(), strings).safeParse(table)
    if (!success) return refuse('must be an object of lists, such as {"user":["contacts:read","contacts:create"]}')
    for (const [role, allowed] of Object.entries(data)) {
      if (!roles.some((known) => known === role))
        return refuse(`names no role: "${role}"; there are ${roles.join(', ')}`)
      const odd = allowed.find((one) => !permissions.some((known) => known === one))
      if (odd !== undefined) return refuse(`names no permission: "${odd}"; there are ${permissions.join(', ')}`)
    }
    return data as Partial<Record<Role, Permission[]>>
  })

const isLocale = (text: string): boolean => {
  try {
    return Intl.Collator.supportedLocalesOf([text]).length === 1
  } catch {
    return false
  }
}

const portRule = 'must be a port number, from 1 to 65535'

const databaseProtocols = ['http:', 'https:', 'libsql:']

/** Where a libSQL database is. A token has its own variable, so that no address that is logged or shown holds one. */
export const databaseUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false
  const { protocol, host, username, password, search, hash } = new URL(text)
  return databaseProtocols.includes(protocol) && host !== '' && username + password + search + hash === ''
}, 'must be a libsql:, https: or http: address, such as libsql://vizitka-you.turso.io or http://127.0.0.1:8081, with no ' +
  'password and no query (a token goes to DATABASE_AUTH_TOKEN)')

const variables = z
  .object({
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
        (origins) => origins.every(isPageOrigin),
        'must be exact origins separated by commas, such as https://app.example.com,capacitor://localhost',
      ),
    RATE_LIMITS: rateLimits,
    DEADLINES: deadlines,
    /** A libSQL database. Without it, the D1 database that is bound. */
    DATABASE_URL: databaseUrl.optional(),
    DATABASE_AUTH_TOKEN: z.string().optional(),
    ACCESS_TOKEN_TTL: duration.default(15 * 60),
    REFRESH_TOKEN_TTL: duration.default(7 * 86_400),
    SESSION_TTL: duration.default(90 * 86_400),
    VERIFICATION_LINK_TTL: duration.default(7 * 86_400),
    RESET_LINK_TTL: duration.default(3600),
    /** Whether asking for a new password bars the old one at once. It lets a stranger lock anyone out: docs/security.md. */
    RESET_LOCKS_PASSWORD: flag,
    ROLE_PERMISSIONS: rolePermissions,
    /** By whose alphabet names are sorted. */
    SORT_LOCALE: z
      .string()
      .default('uk')
      .refine(isLocale, 'must be a language that names can be sorted by, such as uk, en, pl or el'),
    /** The account that is confirmed with this address is an admin. */
    ADMIN_EMAIL: z
      .string()
      .trim()
      .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
      .optional(),
    /** How many contacts a book holds at most. */
    MAX_CONTACTS: z.coerce
      .number('must be a whole number')
      .int('must be a whole number')
      .min(1, 'must be 1 or more')
      .max(1_000_000, 'must be 1000000 or less')
      .default(50_000),
    /** Whoever is given a name that starts so becomes a favourite. */
    FAVORITE_NAME_PREFIX: z
      .string()
      .normalize('NFC')
      .max(100, 'must have at most 100 characters')
      .refine((prefix) => prefix === prefix.trimStart(), 'must not start with a blank: no name does')
      .refine(
        (prefix) => /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u.test(prefix),
        'must have a character that can be seen',
      )
      .optional(),
    /** Whether who has no picture has Gravatar's. Whoever looks at it then asks Gravatar, who learns a hash of the e-mail. */
    GRAVATAR: flag,
    CLOUDINARY_CLOUD_NAME: z
      .string()
      .regex(/^[\w-]+$/, 'must be the name of a cloud, such as dab1c2d3e')
      .optional(),
    /** An unsigned one: `npm run cloudinary:preset` makes it. */
    CLOUDINARY_UPLOAD_PRESET: z.string().min(1).optional(),
    CLOUDINARY_API_KEY: z.string().min(1).optional(),
    CLOUDINARY_API_SECRET: z.string().min(1).optional(),
    CLOUDINARY_API_URL: z
      .string()
      .default('https://api.cloudinary.com')
      .refine(
        (text) => origin(text) !== null,
        'must be an origin, such as https://api-eu.cloudinary.com, with no path',
      ),
    SMTP_HOST: z.string().min(1).optional(),
    SMTP_PORT: z.coerce.number(portRule).int(portRule).min(1, portRule).max(65_535, portRule).default(587),
    SMTP_SECURITY: z.enum(['tls', 'starttls', 'none'], 'must be tls, starttls or none').default('starttls'),
    SMTP_USERNAME: z.string().optional(),
    SMTP_PASSWORD: z.string().optional(),
    MAIL_FROM: z
      .string()
      .regex(/^(?:[^<>@\p{Cc}]*<)?[^\s<>@]+@[^\s<>@]+>?$/u, 'must be an address, such as Vizitka <hello@example.com>')
      .default('Vizitka <vizitka@localhost>'),
  })
  .refine((set) => (set.SMTP_USERNAME === undefined) === (set.SMTP_PASSWORD === undefined), {
    path: ['SMTP_USERNAME'],
    error: 'and SMTP_PASSWORD go together: set both or neither',
  })
  .refine((set) => (set.CLOUDINARY_CLOUD_NAME === undefined) === (set.CLOUDINARY_UPLOAD_PRESET === undefined), {
    path: ['CLOUDINARY_CLOUD_NAME'],
    error: 'and CLOUDINARY_UPLOAD_PRESET go together: set both or neither',
  })
  .refine((set) => (set.CLOUDINARY_API_KEY === undefined) === (set.CLOUDINARY_API_SECRET === undefined), {
    path: ['CLOUDINARY_API_KEY'],
    error: 'and CLOUDINARY_API_SECRET go together: set both or neither',
  })
  .refine((set) => set.ACCESS_TOKEN_TTL <= set.REFRESH_TOKEN_TTL, {
    path: ['ACCESS_TOKEN_TTL'],
    error: 'must not be longer than REFRESH_TOKEN_TTL',
  })
  .refine((set) => set.ACCESS_TOKEN_TTL <= set.SESSION_TTL, {
    path: ['ACCESS_TOKEN_TTL'],
    error: 'must not be longer than SESSION_TTL',
  })

/** Every variable that there is. */
export const variableNames: readonly string[] = Object.keys(variables.shape)

/** The checked variables: durations are seconds, lists are arrays. */
export type Configuration = z.output<typeof variables>

/** A variable is missing or wrong. The message names each one and how to mend it, and never shows a secret. */
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
  const fresh = configurationOf(bindings)
  checked.set(bindings, fresh)
  return fresh
}

/**
 * Checks variables before there is a deployment that has them. What is no text, or empty, is not set.
 * @throws ConfigurationError naming every variable that is missing or wrong, and the fix.
 */
export function configurationOf(values: object): Configuration {
  // An empty string is how a `.dev.vars` line without a value arrives: not set.
  const set = Object.fromEntries(
    Object.entries(values).filter(([, value]) => typeof value === 'string' && value !== ''),
  )
  const { success, data, error } = variables.safeParse(set)
  if (!success) {
    // One fault of a variable is enough: what is too short is often easy to guess as well.
    const faults = new Map<string, string>()
    for (const { path, message } of error.issues) {
      const name = String(path[0])
      if (!faults.has(name)) faults.set(name, `${name} ${message}`)
    }
    throw new ConfigurationError([...faults.values()])
  }
  return data
}
