import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from './context.ts'

/** Browser features that none of our pages uses, so that no injected script can use them. */
const permissionsPolicy = {
  camera: false,
  displayCapture: false,
  geolocation: false,
  microphone: false,
  payment: false,
  usb: false,
}

/**
 * Sets the security headers of every response, as strict as possible: opened as a page, it loads nothing, runs nothing,
 * and cannot be framed. Pages and pictures may set less strict values, which stay.
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

/** Sets `Cache-Control: no-store` unless the handler set its own. */
export const defaultNoStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
}
