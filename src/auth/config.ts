import { z } from 'zod'
import type { Permission, Rule } from '../platform/config/configuration.ts'
import { duration, flag } from '../platform/config/kinds.ts'
import { type Role, roles } from '../users/config.ts'

const strings = z.array(z.string())

/** `{"user": ["contacts:read"], …}`: the permissions of each named role, replacing those in src/auth/policy.ts. */
export const rolePermissions = (permissions: readonly string[]) =>
  z
    .string()
    .default('{}')
    .transform((text, context): Partial<Record<Role, readonly Permission[]>> => {
      const refuse = (message: string) => {
        context.addIssue({ code: 'custom', message })
        return z.NEVER
      }
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        return refuse('is not JSON')
      }
      const { success, data } = z.record(z.string(), strings).safeParse(value)
      if (!success) return refuse('must be an object of lists, such as {"user":["contacts:read","contacts:create"]}')
      for (const [role, allowed] of Object.entries(data)) {
        if (!roles.some((name) => name === role))
          return refuse(`names no role: "${role}"; there are ${roles.join(', ')}`)
        const odd = allowed.find((one) => !permissions.some((name) => name === one))
        if (odd !== undefined) return refuse(`names no permission: "${odd}"; there are ${permissions.join(', ')}`)
      }
      return data as Partial<Record<Role, Permission[]>>
    })

export const authVariables = {
  ACCESS_TOKEN_TTL: duration.default(15 * 60),
  REFRESH_TOKEN_TTL: duration.default(7 * 86_400),
  SESSION_TTL: duration.default(90 * 86_400),
  VERIFICATION_LINK_TTL: duration.default(7 * 86_400),
  RESET_LINK_TTL: duration.default(3600),
  /** Lock the password when a reset is requested. A stranger can then lock anyone out: see docs/security.md. */
  RESET_LOCKS_PASSWORD: flag,
  /** The account with this confirmed address becomes an admin. */
  ADMIN_EMAIL: z
    .string()
    .trim()
    .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
    .optional(),
}

export const authRules: readonly Rule[] = [
  {
    holds: (set) => set.ACCESS_TOKEN_TTL <= set.REFRESH_TOKEN_TTL,
    variable: 'ACCESS_TOKEN_TTL',
    error: 'must not be longer than REFRESH_TOKEN_TTL',
  },
  {
    holds: (set) => set.ACCESS_TOKEN_TTL <= set.SESSION_TTL,
    variable: 'ACCESS_TOKEN_TTL',
    error: 'must not be longer than SESSION_TTL',
  },
]

export const authLimits = {
  signup: { quota: 2, windowSeconds: 60 },
  login: { quota: 10, windowSeconds: 60 },
  'login-failures': { quota: 5, windowSeconds: 300 },
  'login-failures-hour': { quota: 10, windowSeconds: 3600 },
  'login-failures-email': { quota: 50, windowSeconds: 3600 },
  'app-password-failures': { quota: 20, windowSeconds: 300 },
  refresh: { quota: 10, windowSeconds: 60 },
  'request-email': { quota: 2, windowSeconds: 60 },
  'request-email-to': { quota: 3, windowSeconds: 3600 },
  confirm: { quota: 10, windowSeconds: 60 },
  reset: { quota: 10, windowSeconds: 60 },
}

type Variables = z.output<z.ZodObject<typeof authVariables>>

declare module '../platform/config/configuration.ts' {
  interface Configuration extends Variables {
    readonly ROLE_PERMISSIONS: Partial<Record<Role, readonly Permission[]>>
  }
  interface Policies extends Record<keyof typeof authLimits, true> {}
}
