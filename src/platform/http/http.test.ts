import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { call, problemOf, read } from '../../../test/client.ts'
import { driver } from '../../../test/database.ts'
import { serve } from '../../../test/serving.ts'
import { app } from '../../app.ts'

const executionCtx = { waitUntil() {}, passThroughOnException() {}, props: {} }
const withEnv = (bindings: object, path = '/api/healthchecker') =>
  app.request(`https://vizitka.test${path}`, {}, { ...env, ...bindings }, executionCtx)

describe('every answer', () => {
  it('carries a request id, timings and security headers, errors too', async () => {
    for (const path of ['/', '/api/healthchecker', '/api/contacts', '/nowhere']) {
      const { headers } = await call('GET', path)
      expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('Server-Timing')).toMatch(/total;dur=/)
      expect(headers.get('Strict-Transport-Security')).toMatch(/max-age=/)
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('X-Frame-Options')).toBe('DENY')
    }
  })

  it('is a page under a policy that allows nothing inline and no frame, where it is a page', async () => {
    for (const path of ['/', '/docs', '/redoc', '/problems/not-found', '/confirm-email/x']) {
      const { headers, text } = await call('GET', path)
      const policy = headers.get('Content-Security-Policy') ?? ''
      expect(policy, path).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|https?:\/\/(?!vizitka\.test)/)
    }
  })
})

describe('a request id', () => {
  it('is the service’s own, whatever a client sends', async () => {
    const { headers } = await call('GET', '/api/healthchecker', { headers: { 'X-Request-Id': 'chosen-by-client' } })
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('a path', () => {
  it('answers with and without its trailing slash', async () => {
    for (const path of ['/api/healthchecker', '/docs', '/openapi.json']) {
      expect((await call('GET', path)).status).toBe(200)
      expect((await call('GET', `${path}/`)).status).toBe(200)
    }
  })

  it('that is nowhere is a 404 problem', async () => {
    const answer = await call('GET', '/api/nowhere')
    expect(problemOf(answer)).toBe('404 not-found')
    expect(answer.body).toMatchObject({
      type: 'https://vizitka.test/problems/not-found',
      title: 'Not found',
      status: 404,
    })
    expect(read(z.looseObject({ request_id: z.string() }), answer).request_id).toBe(answer.headers.get('X-Request-Id'))
  })

  it('that is nowhere, or fails, is a page for a person in a browser and never so under /api', async () => {
    const Accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const nowhere = await serve({}, '/nowhere', { headers: { Accept } })
    const limits = { RATE_LIMITS: 'confirm=1/60s' }
    const requested = () =>
      serve(limits, '/confirm-email/x', { headers: { Accept, 'CF-Connecting-IP': '192.0.2.191' } })
    await requested()
    const often = await requested()
    for (const [status, words, page] of [
      [404, 'leads nowhere', nowhere],
      [429, 'too often', often],
    ] as const) {
      expect(page.status).toBe(status)
      expect(page.headers.get('Content-Type')).toMatch(/^text\/html/)
      expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(await page.text()).toContain(words)
    }
    expect(often.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(often.headers.get('RateLimit')).toMatch(/^"confirm";r=0;t=\d+$/)
    const unset = await serve({ SECRET_KEY: '' }, '/', { headers: { Accept } })
    expect([unset.status, await unset.text()]).toEqual([503, expect.stringContaining('SECRET_KEY is missing')])
    const program = await serve({}, '/api/nowhere', { headers: { Accept } })
    expect(program.headers.get('Content-Type')).toBe('application/problem+json')
  })

  it('asked by another method says which it answers', async () => {
    const answer = await call('PUT', '/api/auth/login')
    expect(problemOf(answer)).toBe('405 method-not-allowed')
    expect(answer.headers.get('Allow')).toBe('POST')
    const contact = await call('POST', '/api/contacts/1')
    expect(problemOf(contact)).toBe('405 method-not-allowed')
    expect(contact.headers.get('Allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PATCH', 'PUT'])
  })
})

describe('a body', () => {
  it('over a megabyte is refused before it is read whole, with or without its length told', async () => {
    const raw = JSON.stringify({ email: 'a@example.com', password: 'x'.repeat(1_000_001) })
    const headers = { 'Content-Type': 'application/json' }
    expect(problemOf(await call('POST', '/api/auth/login', { raw, headers }))).toBe('413 too-large')
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    })
    expect(problemOf(await call('POST', '/api/auth/login', { raw: endless, headers }))).toBe('413 too-large')
  })
})

describe('the configuration', () => {
  it('that is missing or weak is refused by name, with the fix, and without the value', async () => {
    const problem = z.looseObject({ code: z.literal('not-configured'), detail: z.string() })
    for (const [variables, words] of [
      [{ SECRET_KEY: '' }, /SECRET_KEY is missing; make one with: openssl rand/],
      [{ SECRET_KEY: 'short-and-weak' }, /SECRET_KEY is too short/],
      [{ SECRET_KEY: 'a'.repeat(64) }, /SECRET_KEY is too easy to guess/],
      [{ SECRET_KEY: 'change-me-change-me-change-me-1234567' }, /SECRET_KEY is a placeholder/],
      [{ PUBLIC_URL: '' }, /PUBLIC_URL is missing/],
      [{ PUBLIC_URL: 'https://a.test/path' }, /PUBLIC_URL must be an origin/],
      [{ CORS_ORIGINS: '*' }, /CORS_ORIGINS must be exact origins/],
      [{ REFRESH_TOKEN_TTL: '999999999d' }, /REFRESH_TOKEN_TTL must be ten years or less/],
      [{ ACCESS_TOKEN_TTL: '8d' }, /ACCESS_TOKEN_TTL must not be longer than REFRESH_TOKEN_TTL/],
      [{ ACCESS_TOKEN_TTL: '15 minutes' }, /ACCESS_TOKEN_TTL must be a whole number and a unit/],
      [{ SMTP_PORT: 'smtp', SMTP_SECURITY: 'ssl' }, /SMTP_PORT must be a port number, .*; SMTP_SECURITY must be/],
    ] as const) {
      for (const path of ['/api/healthchecker', '/', '/api/contacts']) {
        const answer = await withEnv(variables, path)
        expect(answer.status).toBe(503)
        const { detail } = problem.parse(await answer.json())
        expect(detail).toMatch(words)
        for (const value of Object.values(variables)) if (value.length > 8) expect(detail).not.toContain(value)
      }
    }
    expect((await withEnv({})).status).toBe(200)
  })
})

describe('a database that fails', () => {
  it('is answered by a problem that says nothing of the inside', async () => {
    const fail = () => Promise.reject(new Error('D1_ERROR: secrets of the inside'))
    const statement = { bind: () => statement, all: fail, raw: fail, run: fail, first: fail }
    const failing = { prepare: () => statement, batch: fail }
    const unreachable = 'http://127.0.0.1:9/inside' // a port that is closed
    const broken = driver === 'D1' ? { DB: failing } : { DATABASE_URL: unreachable }
    const answer = await withEnv(broken, '/confirm-email/token')
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('inside')
  })
})
