import { describe, expect, it } from 'vitest'
import { signedUp } from '../../../test/people.ts'
import { serve } from '../../../test/serving.ts'

const allowed = 'http://localhost:3000'
const corsOf = ({ headers }: Response) => ({
  origin: headers.get('Access-Control-Allow-Origin'),
  credentials: headers.get('Access-Control-Allow-Credentials'),
  varies: headers.get('Vary')?.includes('Origin') ?? false,
})

describe('an allowed origin', () => {
  it('may read every response: a list of contacts, an error, a 429, a 503', async () => {
    const ana = await signedUp('ana')
    const asks = (path: string, bindings: object = {}, init: Parameters<typeof serve>[2] = {}) =>
      serve(bindings, path, { token: ana.access, ...init, headers: { Origin: allowed } })
    const limits = { RATE_LIMITS: 'contacts-create=1/60s' }
    const create = { method: 'POST', json: { first_name: 'Once' } }
    const answers: [number, Response][] = [
      [200, await asks('/api/contacts')],
      [201, await asks('/api/contacts', limits, create)],
      [429, await asks('/api/contacts', limits, create)],
      [401, await asks('/api/contacts', {}, { token: 'x' })],
      [404, await asks('/api/nowhere')],
      [405, await asks('/api/contacts', {}, { method: 'PUT' })],
      [422, await asks('/api/contacts?limit=0')],
      [503, await asks('/api/contacts', { GATE: undefined }, create)],
    ]
    for (const [status, answer] of answers) {
      expect(answer.status).toBe(status)
      expect(corsOf(answer), String(status)).toEqual({ origin: allowed, credentials: null, varies: true })
    }
    const exposed = answers[2]?.[1].headers.get('Access-Control-Expose-Headers')?.split(',')
    expect(exposed).toEqual([
      'ETag',
      'Link',
      'Location',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'X-Total-Count',
      'Server-Timing',
      'X-Request-Id',
    ])
  })

  it('learns by a preflight what it may send', async () => {
    const preflight = await serve({}, '/api/contacts/1', {
      method: 'OPTIONS',
      headers: {
        Origin: allowed,
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'authorization,content-type,if-match',
      },
    })
    expect(preflight.status).toBe(204)
    expect(corsOf(preflight)).toEqual({ origin: allowed, credentials: null, varies: true })
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD,POST,PUT,PATCH,DELETE')
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe(
      'Authorization,Content-Type,If-Match,If-None-Match,Idempotency-Key',
    )
    expect(preflight.headers.get('Access-Control-Max-Age')).toBe('86400')
  })
})

describe('an origin of a web view or an extension', () => {
  const views = ['capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'app://Notes.example:8080']
  const extension = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'
  const listed = { CORS_ORIGINS: [...views, extension, 'https://app.example.com'].join(', ') }

  it.each([...views, extension])('may be on the list, exactly as browsers send it: %s', async (origin) => {
    const seen = await serve(listed, '/api/healthchecker', { headers: { Origin: origin } })
    expect([seen.status, corsOf(seen)]).toEqual([200, { origin, credentials: null, varies: true }])
    const preflight = await serve(listed, '/api/contacts', {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    })
    expect([preflight.status, corsOf(preflight).origin]).toEqual([204, origin])
    const headers = { Origin: origin, 'Sec-Fetch-Site': 'cross-site' }
    const json = { email: 'nobody@example.com', password: 'not the password' }
    expect((await serve(listed, '/api/auth/login', { method: 'POST', json, headers })).status).toBe(401)
    expect((await serve({}, '/api/auth/login', { method: 'POST', json, headers })).status).toBe(403)
  })

  it('allows no other scheme, host, port or case', async () => {
    for (const origin of [
      'ionic://localhost:80',
      'capacitor://localhos',
      'tauri://LOCALHOST',
      'app://Notes.example',
      'null',
    ]) {
      const answer = await serve(listed, '/api/healthchecker', { headers: { Origin: origin } })
      expect(corsOf(answer).origin, origin).toBeNull()
    }
  })

  it.each([
    ...['*', 'null', 'capacitor:', 'capacitor://', 'capacitor://localhost/', 'capacitor://localhost/x', 'localhost'],
    ...[
      'capacitor://*',
      'capacitor://a@localhost',
      'HTTPS://app.example.com',
      'https://app.example.com/',
      'https://app.example.com:443',
    ],
  ])('is refused in CORS_ORIGINS if no browser would send it: %s', async (origin) => {
    const answer = await serve({ CORS_ORIGINS: origin }, '/api/healthchecker')
    expect(answer.status).toBe(503)
    expect(await answer.text()).toContain('CORS_ORIGINS must be exact origins separated by commas')
  })
})

describe('any other origin', () => {
  it('is named in no response, however similar to an allowed one', async () => {
    for (const origin of [
      'http://localhost:3001',
      'https://localhost:3000',
      'http://localhost:3000.evil.test',
      'http://LOCALHOST:3000',
      'null',
      '*',
      '',
    ]) {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await serve({}, '/api/healthchecker', { method, headers: { Origin: origin } })
        expect(corsOf(answer), origin).toEqual({ origin: null, credentials: null, varies: true })
      }
    }
  })

  it('includes every one if the list is empty', async () => {
    const answer = await serve({ CORS_ORIGINS: '' }, '/api/healthchecker', { headers: { Origin: allowed } })
    expect(corsOf(answer)).toEqual({ origin: null, credentials: null, varies: true })
  })
})
