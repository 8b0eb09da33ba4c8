import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from './context.ts'

/** What no page of ours uses, and so no script that slipped into one may. */
const permissionsPolicy = {
  camera: false,
  displayCapture: false,
  geolocation: false,
  microphone: false,
  payment: false,
  usb: false,
}

/**
 * The security headers of every answer, as strict as for an answer that is no page at all: opened as one it loads
 * nothing, runs nothing and stands in no frame. Pages say what they need instead, and pictures that others may show
 * them: what is set stays.
 */
export const securityHeaders: MiddlewareHandler<AppEnv> = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  permissionsPolicy,
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  overwrite: false,
})

/** An answer that does not say how long it may be kept is kept by nobody. */
export const defaultNoStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
}
