import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { configuration } from '../config/configuration.ts'
import type { AppEnv } from './context.ts'

/**
 * Lets pages of the origins in `CORS_ORIGINS` call the service: an exact list, any scheme, no credentials. Other
 * origins get no CORS header. Runs before anything that can fail, so that a client can read a 429 or a 503.
 */
export const corsHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.header('Origin') !== undefined) return forPages(c, next)
  // Not a cross-origin request. The response still says that it depends on Origin (RFC 9110, section 12.5.5).
  await next()
  c.res.headers.append('Vary', 'Origin')
}

const forPages: MiddlewareHandler<AppEnv> = cors({
  origin: (origin, c) => {
    try {
      return configuration(c.env).CORS_ORIGINS.includes(origin) ? origin : null
    } catch {
      // Not configured: the response says so, and no origin is allowed yet.
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
