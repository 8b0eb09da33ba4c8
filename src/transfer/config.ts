import { z } from 'zod'

export const transferVariables = {
  /**
   * How many pieces of a file, of 50 cards each, one request imports. Each takes up to 30 of the 50 queries that a
   * request may run on Cloudflare's free plan.
   */
  IMPORT_PIECES: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(200, 'must be 200 or less')
    .default(1),
}

export const transferLimits = {
  imports: { quota: 30, windowSeconds: 60 },
  exports: { quota: 10, windowSeconds: 60 },
}

type Variables = z.output<z.ZodObject<typeof transferVariables>>

declare module '../platform/config/configuration.ts' {
  interface Configuration extends Variables {}
  interface Policies extends Record<keyof typeof transferLimits, true> {}
}
