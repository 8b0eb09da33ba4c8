import type { MiddlewareHandler } from 'hono'
import { configuration } from '../config/configuration.ts'
import type { AppEnv } from './context.ts'
import { Problem } from './problem.ts'

const changesNothing = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests from pages of other sites, before they count as the visitor's. They carry no token, and the page
 * cannot read the response, but a form can be sent anywhere: such a page could fail to log in until its visitor is
 * locked out, or request letters from ever new addresses. Browsers say where a request comes from (Fetch Metadata;
 * older ones, Origin); programs do not. Pages of `CORS_ORIGINS` are allowed.
 */
export const csrfProtection: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!changesNothing.has(c.req.method) && isCrossSite(c.req.raw) && !isAllowed(c.req.header('Origin'), c.env)) {
    throw new Problem(
      403,
      'foreign-page',
      'A page of another site sent this, and the service does not allow that site: use our own pages.',
    )
  }
  await next()
}

function isCrossSite({ headers, url }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('Origin')
  // `null` is what older browsers send for our own forms, whose pages send no referrer.
  return origin !== null && origin !== 'null' && origin !== new URL(url).origin
}

const isAllowed = (origin: string | undefined, bindings: AppEnv['Bindings']): boolean => {
  const { CORS_ORIGINS, PUBLIC_URL } = configuration(bindings)
  return origin !== undefined && (origin === PUBLIC_URL || CORS_ORIGINS.includes(origin))
}
