import type { z } from 'zod'
import { secret } from '../config/kinds.ts'

export const cryptoVariables = {
  SECRET_KEY: secret,
  /** The previous key: what it signed is accepted until it expires. */
  SECRET_KEY_PREVIOUS: secret.optional(),
}

type Variables = z.output<z.ZodObject<typeof cryptoVariables>>

declare module '../config/configuration.ts' {
  interface Configuration extends Variables {}
}
