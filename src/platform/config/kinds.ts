import { z } from 'zod'

/** Ten years: more than any use, and within what a date can hold. */
const maxDurationSeconds = 3653 * 86_400

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** A duration such as `15m`, `7d`, `30s` or `1h`, in seconds. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, {
    error: 'must be a whole number and a unit, such as 30s, 15m, 1h or 7d',
    // Without it, the rules for several variables would run on an invalid duration.
    abort: true,
  })
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])
  .refine((seconds) => seconds <= maxDurationSeconds, 'must be ten years or less')

const makeOne = 'make one with: openssl rand -base64 48'

/** A secret of at least 32 characters that is not a placeholder. */
export const secret = z
  .string({ error: `is missing; ${makeOne}` })
  .min(32, `is too short (at least 32 characters); ${makeOne}`)
  .refine((key) => new Set(key).size >= 12, `is too easy to guess; ${makeOne}`)
  .refine((key) => !/change.?me|replace|secret.?key|example|password/i.test(key), `is a placeholder; ${makeOne}`)

/** `true` or `false`; `false` by default. */
export const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((text) => text === 'true')

/** Whether a text is an http or https origin (RFC 6454) with no path. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text
}

/**
 * Parses a list of `name=value` entries separated by commas, over defaults. `parseEntry` returns an entry's value, or
 * what is wrong with it.
 */
export function table<T>(
  defaults: Readonly<Record<string, T>>,
  parseEntry: (entry: string) => { readonly name: string; readonly value: T } | { readonly fault: string },
) {
  return z
    .string()
    .default('')
    .transform((text, context): Readonly<Record<string, T>> => {
      const values = { ...defaults }
      for (const entry of text.split(',').flatMap((part) => part.trim() || [])) {
        const parsed = parseEntry(entry)
        if ('fault' in parsed) {
          context.addIssue({ code: 'custom', message: `has an entry "${entry}" that ${parsed.fault}` })
          return z.NEVER
        }
        values[parsed.name] = parsed.value
      }
      return values
    })
}

const portRule = 'must be a port number, from 1 to 65535'

/** A TCP port. */
export const port = z.coerce.number(portRule).int(portRule).min(1, portRule).max(65_535, portRule)
