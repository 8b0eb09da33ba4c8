import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { configuration } from '../config/configuration.ts'
import type { AppEnv } from './context.ts'

/**
 * Lets pages of the origins in `CORS_ORIGINS` call the service, errors included: an exact list, of any scheme, no
 * credentials, and an origin that is not on it gets no header at all. Set before anything that can fail, so that a
 * client reads a 429 or a 503 as such.
 */
export const corsHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.header('Origin') !== undefined) return forPages(c, next)
  // No page of another origin asks. That the answer depends on it is told all the same (RFC 9110, section 12.5.5).
  await next()
  c.res.headers.append('Vary', 'Origin')
}

const forPages: MiddlewareHandler<AppEnv> = cors({
  origin: (origin, c) => {
    try {
      return configuration(c.env).CORS_ORIGINS.includes(origin) ? origin : null
    } catch {
      // Not configured: the answer says so, and no origin is allowed yet.
      return null
    }
  },
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key'],
  exposeHeaders: [
    'ETag',
    'Link',
    'Location',
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'X-Total-Count',
    'Server-Timing',
    'X-Request-Id',
  ],
  maxAge: 86_400,
})
