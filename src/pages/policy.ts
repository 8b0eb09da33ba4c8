import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

/** For pages that hold a secret, or what was so a moment ago. */
export const noStore = { 'Cache-Control': 'no-store' }

/** What a page may load: its own style sheet and pictures, no script at all. */
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

/** That of Redoc's: it writes one style element at run time, known by these hashes (empty, and its first rule). */
export const redocPolicy: MiddlewareHandler = headers({
  ...scripted,
  styleSrc: [
    "'self'",
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
  ],
  // It searches in a worker that it makes of a blob; search is off, the worker is made all the same.
  workerSrc: ["'self'", 'blob:'],
})

function headers(contentSecurityPolicy: NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']) {
  return secureHeaders({
    contentSecurityPolicy: contentSecurityPolicy ?? {},
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'DENY',
  })
}
