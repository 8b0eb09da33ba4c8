import type { MiddlewareHandler } from 'hono'
import { configuration } from '../config/configuration.ts'
import type { AppEnv } from './context.ts'
import { Problem } from './problem.ts'

const changesNothing = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what a page of another site sends by its visitor's browser, before it counts as the visitor's: or such a page
 * could fail to log in until its visitor is kept out, or ask for letters from ever new addresses. It holds no token,
 * and reads no answer, but a form can be sent anywhere. Browsers say where a request comes from (Fetch Metadata; older
 * ones, by Origin); programs say nothing, and pages of `CORS_ORIGINS` may.
 */
export const csrfProtection: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!changesNothing.has(c.req.method) && isCrossSite(c.req.raw) && !isAllowed(c.req.header('Origin'), c.env)) {
    throw new Problem(
      403,
      'foreign-page',
      'A page of another site sent this, and whoever runs the service has not allowed that: use our own pages.',
    )
  }
  await next()
}

function isCrossSite({ headers, url }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('Origin')
  // `null` is what older browsers say of our own forms, whose pages send no referrer.
  return origin !== null && origin !== 'null' && origin !== new URL(url).origin
}

const isAllowed = (origin: string | undefined, bindings: AppEnv['Bindings']): boolean => {
  const { CORS_ORIGINS, PUBLIC_URL } = configuration(bindings)
  return origin !== undefined && (origin === PUBLIC_URL || CORS_ORIGINS.includes(origin))
}
