/** The headers that every response must have, and those that it may have. */
import { expect } from 'vitest'

/** A page that CORS_ORIGINS of the tests names. */
export const origin = 'http://localhost:3000'

/** On every response, with exactly these values. */
const always = {
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=15552000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

/** The content security policies; responses other than pages have the first. */
const policies = {
  nothing: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  page: "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  '`/docs`':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; connect-src 'self'",
  '`/redoc`':
    "default-src 'none'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; connect-src 'self'; worker-src 'self' blob:",
  picture: "default-src 'none'; sandbox",
}

/** Other headers that a response may have; anything else discloses too much, such as the server software. */
const others = [
  ...['access-control-allow-origin', 'access-control-expose-headers', 'cache-control', 'content-security-policy'],
  ...['cross-origin-resource-policy', 'server-timing', 'vary', 'x-request-id'],
  ...['allow', 'content-disposition', 'content-length', 'content-type', 'etag', 'link', 'location', 'ratelimit'],
  ...['accept-encoding', 'accept-patch', 'ratelimit-policy', 'retry-after', 'www-authenticate', 'x-total-count'],
]
const ofPreflights = ['access-control-allow-headers', 'access-control-allow-methods', 'access-control-max-age']

/**
 * The varying headers of a response as a line of the table: its policy, its caching, what it varies by, who may embed
 * it.
 */
export function lineOf(response: Response): string {
  const output = (name: string) => response.headers.get(name) ?? '—'
  const policy = Object.entries(policies).find(([, text]) => text === output('content-security-policy'))?.[0]
  const cells = [policy ?? output('content-security-policy'), output('cache-control'), output('vary')]
  return [...cells, output('cross-origin-resource-policy')].map((cell) => cell || '—').join(' | ')
}

/** Checks the headers of a response. */
export function check(where: string, response: Response, isPreflight = false): void {
  const all = Object.fromEntries(response.headers)
  expect(all, where).toMatchObject(always)
  const allowed = [...Object.keys(always), ...others, ...(isPreflight ? ofPreflights : [])]
  expect(
    Object.keys(all).filter((name) => !allowed.includes(name)),
    where,
  ).toEqual([])
  expect(all['x-request-id'], where).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(all['server-timing'], where).toMatch(/^((gate|cache|db|total);dur=[\d.]+(;desc="[\w ]+")?(,|$))+$/)
  expect(all['access-control-allow-origin'], where).toBe(origin)
  // A response that depends on the origin must say so to every cache.
  expect(all.vary?.split(', '), where).toContain('Origin')
  const type = all['content-type'] ?? ''
  const isPage = type.startsWith('text/html')
  const isPicture = type.startsWith('image/')
  expect(Object.values(policies), where).toContain(all['content-security-policy'])
  if (isPage) expect(all['content-security-policy'], where).not.toBe(policies.nothing)
  // A problem at a page's URL has the page's policy.
  else if (!isPicture) expect([policies.nothing, policies.page], where).toContain(all['content-security-policy'])
  expect(all['content-security-policy'], where).not.toContain('unsafe')
  expect(all['cross-origin-resource-policy'], where).toBe(isPicture ? 'cross-origin' : 'same-origin')
  if (response.status === 204 || response.status === 304) expect(type, where).toBe('')
  else
    expect(type, where).toMatch(
      /^(application\/((problem\+)?json|jsonl; charset=utf-8)|text\/(html; charset=UTF-8|(vcard|calendar|csv); charset=utf-8)|image\/(png|svg\+xml))$/,
    )
  // No shared cache may store personal data; no error may be stored at all.
  if (response.status >= 400) expect(all['cache-control'], where).toBe('no-store')
  if (!isPicture && !where.includes('/openapi.json'))
    expect(all['cache-control'], where).toMatch(/^(no-store|private, no-cache)$/)
}
