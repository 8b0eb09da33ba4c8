import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

/** For pages with a secret or with data that changes quickly. */
export const noStore = { 'Cache-Control': 'no-store' }

/** A page may load its own style sheet and pictures, and no script. */
const strict = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
}

/** The documentation's pages run their own scripts and call this API. */
const scripted = { ...strict, scriptSrc: ["'self'"], connectSrc: ["'self'"] }

/** The Content-Security-Policy of plain pages. */
export const pagePolicy: MiddlewareHandler = headers(strict)

/** The Content-Security-Policy of Swagger UI's page. */
export const docsPolicy: MiddlewareHandler = headers(scripted)

/**
 * The Content-Security-Policy of Redoc's page. Redoc writes one style element at run time, allowed by these hashes
 * (empty, and its first rule).
 */
export const redocPolicy: MiddlewareHandler = headers({
  ...scripted,
  styleSrc: [
    "'self'",
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
  ],
  // Redoc creates its search worker from a blob, even though search is off.
  workerSrc: ["'self'", 'blob:'],
})

function headers(contentSecurityPolicy: NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']) {
  return secureHeaders({
    contentSecurityPolicy: contentSecurityPolicy ?? {},
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'DENY',
  })
}
