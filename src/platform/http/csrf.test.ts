import { describe, expect, it } from 'vitest'
import { freshAddress, from, password, signedUp } from '../../../test/people.ts'
import { serve } from '../../../test/serving.ts'

const evil = 'https://evil.test'

/** The headers of a browser's cross-site request. */
const elsewhere = { Origin: evil, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }
const ownForm = { Origin: 'null', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' }

const send = (path: string, headers: Record<string, string>, form: Record<string, string> = {}, bindings = {}) =>
  serve(bindings, path, { method: 'POST', body: new URLSearchParams(form), headers })

const codeOf = async (response: Response): Promise<string> => {
  const { code } = await response.json<{ code: string }>()
  return `${response.status} ${code}`
}

describe('a page of another site', () => {
  it('cannot lock its visitor out by failing to log in from their address', async () => {
    const ana = await signedUp('ana')
    const here = from(ana.address)
    const wrong = { username: ana.email, password: 'a guess of theirs' }
    // Enough for the one login that signing up used, and one more.
    const limits = { RATE_LIMITS: 'login=2/60s,login-failures=1/60s' }
    for (let n = 0; n < 8; n++) {
      expect(await codeOf(await send('/api/auth/login', { ...here, ...elsewhere }, wrong, limits))).toBe(
        '403 foreign-page',
      )
    }
    expect((await send('/api/auth/login', here, { username: ana.email, password }, limits)).status).toBe(200)
  })

  it('cannot send our forms, and uses up none of its visitor’s limits', async () => {
    const here = from(freshAddress())
    const limits = { RATE_LIMITS: 'request-email=1/60s,signup=1/60s,confirm=1/60s,reset=1/60s' }
    const paths = [
      '/forgot-password',
      '/confirm-email/x',
      '/reset-password/x',
      '/api/auth/signup',
      '/api/auth/verification-email',
      '/api/auth/reset_pwd',
    ]
    for (const path of [...paths, ...paths]) {
      const answer = await send(path, { ...here, ...elsewhere }, { email: 'ana@example.com' }, limits)
      expect(await codeOf(answer), path).toBe('403 foreign-page')
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull()
      expect(answer.headers.get('RateLimit')).toBeNull()
    }
    const own = await send('/forgot-password', { ...here, ...ownForm }, { email: 'ana@example.com' }, limits)
    expect(own.status).toBe(200)
  })

  it('is recognized by browser headers, also of old browsers, and by nothing that a program has to send', async () => {
    const refused = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.vizitka.test' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' },
      { 'Sec-Fetch-Site': 'of a kind yet to come', Origin: evil },
      { Origin: evil },
      { Origin: 'http://vizitka.test' },
    ]
    const taken = [
      {},
      ownForm,
      { 'Sec-Fetch-Site': 'none' },
      { Origin: 'null' },
      { Origin: 'https://vizitka.test' },
      // Of CORS_ORIGINS.
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://localhost:3000' },
    ]
    const status = async (headers: Record<string, string>) =>
      (await send('/api/auth/login', { ...from(freshAddress()), ...headers }, { username: 'a@b.test', password }))
        .status
    expect(await Promise.all(refused.map(status))).toEqual(refused.map(() => 403))
    expect(await Promise.all(taken.map(status))).toEqual(taken.map(() => 401))
  })

  it('may still link here: a link from elsewhere opens a page', async () => {
    for (const path of ['/', '/docs', '/forgot-password', '/confirm-email/x']) {
      const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', ...from(freshAddress()) }
      expect([200, 404]).toContain((await serve({}, path, { headers })).status)
    }
  })
})
