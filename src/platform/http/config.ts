import { z } from 'zod'
import { isOrigin } from '../config/kinds.ts'

/**
 * `scheme://host[:port]`, as web views and extensions send it in `Origin`. The URL standard calls such origins opaque.
 */
const customOrigin = /^(?!https?:)[a-z][a-z\d+.-]*:\/\/(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/
const isPageOrigin = (text: string): boolean => isOrigin(text) || customOrigin.test(text)

export const httpVariables = {
  PUBLIC_URL: z
    .string({
      error: 'is missing; set it to the address people reach this service at, such as https://contacts.example.com',
    })
    .transform((text) => text.replace(/\/+$/, ''))
    .refine(isOrigin, 'must be an origin, such as https://contacts.example.com, with no path'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine(
      (origins) => origins.every(isPageOrigin),
      'must be exact origins separated by commas, such as https://app.example.com,capacitor://localhost',
    ),
}

type Variables = z.output<z.ZodObject<typeof httpVariables>>

declare module '../config/configuration.ts' {
  interface Configuration extends Variables {}
}
