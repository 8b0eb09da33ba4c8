import { z } from 'zod'
import type { Rule } from '../config/configuration.ts'
import { port } from '../config/kinds.ts'

export const mailVariables = {
  SMTP_HOST: z.string().min(1).optional(),
  SMTP_PORT: port.default(587),
  SMTP_SECURITY: z.enum(['tls', 'starttls', 'none'], 'must be tls, starttls or none').default('starttls'),
  SMTP_USERNAME: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  MAIL_FROM: z
    .string()
    .regex(/^(?:[^<>@\p{Cc}]*<)?[^\s<>@]+@[^\s<>@]+>?$/u, 'must be an address, such as Vizitka <hello@example.com>')
    .default('Vizitka <vizitka@localhost>'),
}

export const mailRules: readonly Rule[] = [
  {
    holds: (set) => (set.SMTP_USERNAME === undefined) === (set.SMTP_PASSWORD === undefined),
    variable: 'SMTP_USERNAME',
    error: 'and SMTP_PASSWORD go together: set both or neither',
  },
]

type Variables = z.output<z.ZodObject<typeof mailVariables>>

declare module '../config/configuration.ts' {
  interface Configuration extends Variables {}
}
