import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { defaultLimits } from '../src/config.ts'
import { addressOf } from '../src/platform/gate/limits.ts'
import { awaitLetters, freshAddress, freshEmail, from, lettersTo, password, signedUp } from './people.ts'
import { serve } from './serving.ts'

/** The service with its default limits. */
const strict = { RATE_LIMITS: '' }
const problem = z.looseObject({ code: z.string(), detail: z.string(), violated_policies: z.array(z.string()) })
const policiesOf = (response: Response) => response.headers.get('RateLimit-Policy')
const stateOf = (response: Response) => response.headers.get('RateLimit')

afterEach(() => {
  vi.useRealTimers()
})

const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

async function violatedBy(response: Response): Promise<string[]> {
  expect(response.status).toBe(429)
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
  const { code, violated_policies } = problem.parse(await response.json())
  expect(code).toBe('too-many-requests')
  return violated_policies
}

const login = (email: string, address: string, secret: string, bindings: object = strict) =>
  serve(bindings, '/api/auth/login', { method: 'POST', json: { email, password: secret }, headers: from(address) })

describe('the limits by default', () => {
  it('are those of the document, on every limited route', async () => {
    const limits = z.array(z.object({ policy: z.string(), quota: z.number(), window_seconds: z.number() }))
    const operations = z.record(z.string(), z.looseObject({ 'x-rate-limits': limits.optional() }))
    const document = z.looseObject({ paths: z.record(z.string(), operations) })
    const tableOf = async (bindings: object) => {
      const { paths } = document.parse(await (await serve(bindings, '/openapi.json')).json())
      return Object.fromEntries(
        Object.entries(paths).flatMap(([path, methods]) =>
          Object.entries(methods).map(([method, operation]) => [
            `${method} ${path.replace(/(?<=.)\/$/, '')}`,
            operation['x-rate-limits'],
          ]),
        ),
      )
    }
    const by = (...policies: (keyof typeof defaultLimits)[]) =>
      policies.map((policy) => ({
        policy,
        quota: defaultLimits[policy].quota,
        window_seconds: defaultLimits[policy].windowSeconds,
      }))
    const failures = ['login-failures', 'login-failures-hour', 'login-failures-email'] as const
    expect(await tableOf(strict)).toEqual({
      'post /api/auth/signup': by('signup'),
      'post /api/auth/verification-email': by('request-email', 'request-email-to'),
      'post /api/auth/confirm-email': by('confirm'),
      'post /api/auth/login': by('login', 'login-failures', 'login-failures-hour', 'login-failures-email'),
      'post /api/auth/refresh': by('refresh'),
      'post /api/auth/logout': by('account'),
      'get /api/auth/sessions': by('account'),
      'delete /api/auth/sessions': by('account'),
      'delete /api/auth/sessions/{id}': by('account'),
      'post /api/auth/request-password-reset-email': by('request-email', 'request-email-to'),
      'get /api/auth/reset-password/{token}': by('reset'),
      'patch /api/auth/reset-password-confirmation/{token}': by('reset'),
      'get /api/users/me': by('account'),
      'patch /api/users/me': by('account'),
      'patch /api/users/avatar': by('avatar', 'avatar-day'),
      'delete /api/users/avatar': by('avatar', 'avatar-day'),
      'put /api/users/me/password': by('account', ...failures),
      'post /api/users/me/email': by('account', 'email-change', 'request-email-to', ...failures),
      'get /api/users/me/app-passwords': by('account'),
      'post /api/users/me/app-passwords': by('account'),
      'delete /api/users/me/app-passwords/{id}': by('account'),
      'get /api/users/me/events': by('account'),
      'get /api/users/me/export': by('account'),
      'delete /api/users/me': by('account', ...failures),
      'get /api/admin/users': by('account'),
      'get /api/admin/users/{id}': by('account'),
      'patch /api/admin/users/{id}': by('account'),
      'delete /api/admin/users/{id}': by('account'),
      'get /api/admin/users/{id}/events': by('account'),
      'get /api/admin/outbox': by('account'),
      'post /api/admin/outbox/{id}/resend': by('account'),
      'get /api/contacts/birthdays': by('contacts-read'),
      'get /api/contacts': by('contacts-read'),
      'get /feeds/birthdays/{token}.ics': by('feed'),
      'get /api/labels': by('contacts-read'),
      'patch /api/labels/{name}': by('contacts-write'),
      'delete /api/labels/{name}': by('contacts-write'),
      'get /api/books': by('contacts-read'),
      'post /api/books': by('contacts-write'),
      'patch /api/books/{slug}': by('contacts-write'),
      'delete /api/books/{slug}': by('contacts-write'),
      'get /api/contacts/changes': by('contacts-read'),
      'post /api/contacts/batch': by('contacts-batch'),
      'post /api/imports': by('imports'),
      'get /api/imports': by('contacts-read'),
      'get /api/imports/{id}': by('contacts-read'),
      'post /api/imports/{id}/continue': by('imports'),
      'post /api/imports/{id}/undo': by('imports'),
      'get /api/exports/contacts.vcf': by('exports'),
      'get /api/exports/contacts.csv': by('exports'),
      'get /api/exports/contacts.jsonl': by('exports'),
      'get /api/contacts/duplicates': by('contacts-read'),
      'post /api/contacts/duplicates/dismiss': by('contacts-write'),
      'post /api/contacts/merge': by('contacts-write'),
      'get /api/contacts/{id}/history': by('contacts-read'),
      'post /api/contacts/{id}/history/{revision}/restore': by('contacts-write'),
      'get /api/trash': by('contacts-read'),
      'post /api/trash/{id}/restore': by('contacts-write'),
      'delete /api/trash/{id}': by('contacts-write'),
      'delete /api/trash': by('contacts-write'),
      'post /api/contacts': by('contacts-create'),
      'get /api/contacts/{id}': by('contacts-read'),
      'get /api/contacts/{id}.vcf': by('contacts-read'),
      'put /api/contacts/{id}': by('contacts-write'),
      'patch /api/contacts/{id}': by('contacts-write'),
      'patch /api/contacts/{id}/favorite': by('contacts-write'),
      'delete /api/contacts/{id}': by('contacts-write'),
      'patch /api/contacts/{id}/avatar': by('avatar', 'avatar-day'),
      'delete /api/contacts/{id}/avatar': by('avatar', 'avatar-day'),
      'get /api/healthchecker': undefined,
    })
    // The document has the configured limits.
    expect((await tableOf({ RATE_LIMITS: 'refresh=7/1h' }))['post /api/auth/refresh']).toEqual([
      { policy: 'refresh', quota: 7, window_seconds: 3600 },
    ])
  })

  it('admit exactly two of 200 simultaneous creates, and lose or double none', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        serve(strict, '/api/contacts', { method: 'POST', token: ana.access, json: { first_name: `No ${index}` } }),
      ),
    )
    const made = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 429)
    expect([made.length, refused.length]).toEqual([2, 198])
    for (const response of answers) expect(policiesOf(response)).toBe('"contacts-create";q=2;w=5')
    expect(made.map(stateOf).sort()).toEqual([
      expect.stringMatching(/^"contacts-create";r=0;t=5$/),
      expect.stringMatching(/^"contacts-create";r=1;t=5$/),
    ])
    for (const response of refused) {
      expect(stateOf(response)).toMatch(/^"contacts-create";r=0;t=[1-5]$/)
      expect(response.headers.get('Retry-After')).toMatch(/^[1-5]$/)
      expect(await violatedBy(response)).toEqual(['contacts-create'])
    }
    const listed = z.array(z.looseObject({ id: z.number() })).parse((await ana.get('/api/contacts?limit=100')).body)
    const reported = await Promise.all(
      made.map(async (response) => z.looseObject({ id: z.number() }).parse(await response.json()).id),
    )
    expect(listed.map(({ id }) => id).sort()).toEqual(reported.sort())
    // A client that waits as told is admitted, and a refusal has not made the wait longer.
    later(5)
    const again = await serve(strict, '/api/contacts', {
      method: 'POST',
      token: ana.access,
      json: { first_name: 'Again' },
    })
    expect(again.status).toBe(201)
  })

  it('count reading and writing separately, and all contacts together', async () => {
    const ana = await signedUp('ana')
    const limits = { RATE_LIMITS: 'contacts-read=3/60s,contacts-write=2/60s,contacts-create=1/60s' }
    const call = (method: string, path: string, json?: unknown) =>
      serve(limits, path, { method, token: ana.access, json })
    expect((await call('POST', '/api/contacts', { first_name: 'One' })).status).toBe(201)
    expect(await violatedBy(await call('POST', '/api/contacts/', { first_name: 'Two' }))).toEqual(['contacts-create'])
    // A path parameter does not create a separate limit; 404 and 422 count, too.
    expect((await call('GET', '/api/contacts/1000001')).status).toBe(404)
    expect((await call('GET', '/api/contacts/1000002')).status).toBe(404)
    expect((await call('GET', '/api/contacts?limit=0')).status).toBe(422)
    expect(await violatedBy(await call('GET', '/api/contacts/birthdays'))).toEqual(['contacts-read'])
    expect((await call('DELETE', '/api/contacts/1000003')).status).toBe(404)
    const second = await call('PUT', '/api/contacts/1000004', { first_name: 'X' })
    expect([second.status, stateOf(second)]).toEqual([404, expect.stringMatching(/^"contacts-write";r=0;t=\d+$/)])
    expect(await violatedBy(await call('PATCH', '/api/contacts/1000005', {}))).toEqual(['contacts-write'])
    // The limit of the account's own routes is not affected, and neither is another user.
    expect((await call('GET', '/api/users/me')).status).toBe(200)
    const boris = await signedUp('boris')
    expect((await serve(limits, '/api/contacts', { token: boris.access })).status).toBe(200)
  })

  it('count requests without a login by the platform’s address, not by a client’s header', async () => {
    const address = freshAddress()
    const signup = (headers: Record<string, string>) =>
      serve(strict, '/api/auth/signup', { method: 'POST', json: { username: 'x' }, headers })
    expect((await signup(from(address))).status).toBe(422)
    expect(
      (await signup({ ...from(address), 'X-Forwarded-For': '203.0.113.7', 'X-Real-IP': '203.0.113.8' })).status,
    ).toBe(422)
    const third = await signup({ ...from(address), 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=203.0.113.9' })
    expect(await violatedBy(third)).toEqual(['signup'])
    expect((await signup(from(freshAddress()))).status).toBe(422)
  })

  it('count an IPv6 subscriber by the /64', () => {
    const of = (address: string) => addressOf({ req: { header: () => address } })
    expect(of('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(of('2001:0DB8:0001:0002:ffff::1')).toBe('2001:db8:1:2::/64')
    expect(of('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
    expect(of('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect(of('::1')).toBe('0:0:0:0::/64')
    expect(of('1:2:3::192.0.2.1')).toBe('1:2:3:0::/64')
    expect(of('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(of('192.0.2.1')).toBe('192.0.2.1')
  })

  it('limit refreshing with tokens of ended sessions, by address, and nobody else there', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    expect((await ana.post('/api/auth/logout')).status).toBe(204)
    const [here, elsewhere] = [freshAddress(), freshAddress()]
    const refresh = (refresh_token: string, address: string) =>
      serve({ RATE_LIMITS: 'refresh=2/60s' }, '/api/auth/refresh', {
        method: 'POST',
        json: { refresh_token },
        headers: from(address),
      })
    const statuses = []
    for (let times = 0; times < 2; times++) statuses.push((await refresh(ana.refresh, here)).status)
    expect(statuses).toEqual([401, 401])
    expect(await violatedBy(await refresh(ana.refresh, here))).toEqual(['refresh'])
    expect((await refresh(ana.refresh, elsewhere)).status).toBe(401)
    expect((await refresh(boris.refresh, here)).status).toBe(200)
  })

  it('limit the refreshing of one user, over all sessions', async () => {
    const ana = await signedUp('ana')
    const refresh = () =>
      serve({ RATE_LIMITS: 'refresh=2/60s' }, '/api/auth/refresh', {
        method: 'POST',
        json: { refresh_token: ana.refresh },
      })
    expect([(await refresh()).status, (await refresh()).status]).toEqual([200, 200])
    expect(await violatedBy(await refresh())).toEqual(['refresh'])
  })

  it('send at most three letters an hour to one address, silently', async () => {
    const email = freshEmail('flooded')
    await serve({}, '/api/auth/signup', {
      method: 'POST',
      json: { username: 'flooded', email, password },
      headers: from(freshAddress()),
    })
    await awaitLetters(email)
    const answers = []
    for (let requested = 0; requested < 5; requested++) {
      answers.push(
        await serve(strict, '/api/auth/verification-email', {
          method: 'POST',
          json: { email },
          headers: from(freshAddress()),
        }),
      )
    }
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(202))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    expect(policiesOf(answers[4] as Response)).toBe('"request-email";q=2;w=60')
    expect(await awaitLetters(email, 4)).toHaveLength(4)
    expect(await lettersTo(email)).toHaveLength(4)
  })
})

describe('failed logins', () => {
  it('are limited from one address, without counting right passwords', async () => {
    const ana = await signedUp('ana')
    const address = freshAddress()
    for (let round = 0; round < 2; round++) expect((await login(ana.email, address, password)).status).toBe(200)
    for (let failure = 0; failure < 5; failure++) expect((await login(ana.email, address, 'wrong')).status).toBe(401)
    const sixth = await login(ana.email, address, password)
    expect(policiesOf(sixth)).toContain('"login";q=10;w=60')
    expect(policiesOf(sixth)).toContain('"login-failures";q=5;w=300')
    expect(await violatedBy(sixth)).toEqual(['login-failures'])
    // The same for an address without an account: the responses do not differ.
    const nobody = freshEmail('nobody')
    const other = freshAddress()
    for (let failure = 0; failure < 5; failure++) expect((await login(nobody, other, 'wrong')).status).toBe(401)
    expect(await violatedBy(await login(nobody, other, 'wrong'))).toEqual(['login-failures'])
  })

  it('from all addresses do not lock the owner out of an address that logged in before', async () => {
    const limits = { RATE_LIMITS: 'login-failures-email=4/3600s' }
    const ana = await signedUp('ana')
    for (let stranger = 0; stranger < 4; stranger++) {
      expect((await login(ana.email.toUpperCase(), freshAddress(), 'guess', limits)).status).toBe(401)
    }
    // From here on, strangers are refused without a check, even with the right password…
    expect(await violatedBy(await login(ana.email, freshAddress(), password, limits))).toEqual(['login-failures-email'])
    // …but the owner is not, at an address from which they have logged in.
    expect((await login(ana.email, ana.address, password, limits)).status).toBe(200)
    // That address is exempt for 90 days, but its own failures still count.
    for (let failure = 0; failure < 5; failure++) {
      expect((await login(ana.email, ana.address, 'typo', limits)).status).toBe(401)
    }
    expect(await violatedBy(await login(ana.email, ana.address, password, limits))).toEqual(['login-failures'])
  })

  it('of one stranger never use up what the owner needs to log in from a new address', async () => {
    const ana = await signedUp('ana')
    const stranger = freshAddress()
    let heard = 0
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    // A patient stranger makes one guess a minute for two hours.
    for (let minute = 0; minute < 120; minute++) {
      vi.setSystemTime(Date.now() + 60_000)
      const guess = await login(ana.email, stranger, 'guess')
      if (guess.status === 401) heard += 1
    }
    expect(heard).toBeLessThanOrEqual(20)
    expect((await login(ana.email, freshAddress(), password)).status).toBe(200)
  }, 60_000)

  it('from an address that knew the old password count as a stranger’s after the password changes', async () => {
    const ana = await signedUp('ana')
    const thief = freshAddress()
    const strictly = { RATE_LIMITS: 'login=1000/1s,login-failures=5/300s,login-failures-email=1/3600s' }
    expect((await login(ana.email, thief, password, strictly)).status).toBe(200)
    const json = { current_password: password, password: 'the thief does not know' }
    expect((await ana.put('/api/users/me/password', json)).status).toBe(204)
    const answers = []
    for (let times = 0; times < 3; times++) answers.push((await login(ana.email, thief, password, strictly)).status)
    expect(answers).toEqual([401, 429, 429])
    // The owner is not locked out by that: the session is active, although the new password was used nowhere yet.
    expect((await ana.get('/api/users/me')).status).toBe(200)
  })

  it('are no longer exempt from an address after 90 days', async () => {
    const limits = { RATE_LIMITS: 'login-failures-email=1/7d' }
    const ana = await signedUp('ana')
    later(90 * 86_400 + 60)
    expect((await login(ana.email, freshAddress(), 'guess', limits)).status).toBe(401)
    expect(await violatedBy(await login(ana.email, ana.address, password, limits))).toEqual(['login-failures-email'])
  })

  it('leave no password or e-mail in a gate’s name', async () => {
    const seen: string[] = []
    const GATE = new Proxy(env.GATE, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          if (typeof args[0] === 'string') seen.push(args[0])
          return Reflect.apply(method, target, args)
        }
      },
    })
    await login('someone@example.com', '192.0.2.77', 'wrong', { GATE })
    expect(seen).toEqual(['address:192.0.2.77', expect.stringMatching(/^email:[\w-]{43}$/)])
  })
})

describe('signing up with somebody’s e-mail', () => {
  it('does not delay the owner: nothing is hashed in their gate', async () => {
    const ana = await signedUp('ana')
    const requested: string[] = []
    const GATE = new Proxy(env.GATE, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          if (typeof args[0] === 'string') requested.push(args[0])
          return Reflect.apply(method, target, args)
        }
      },
    })
    const json = { username: 'mallory', email: ana.email, password }
    const taken = await serve({ GATE }, '/api/auth/signup', { method: 'POST', json, headers: from('192.0.2.78') })
    expect(taken.status).toBe(409)
    expect(requested).toEqual(['address:192.0.2.78', 'address:192.0.2.78'])
  })
})

describe('the pages of confirmation', () => {
  it('share the limit of the corresponding route', async () => {
    const limits = { RATE_LIMITS: 'confirm=3/60s' }
    const headers = from(freshAddress())
    expect((await serve(limits, '/confirm-email/none', { headers })).status).toBe(404)
    expect((await serve(limits, '/confirm-email/none', { method: 'POST', headers })).status).toBe(404)
    const json = { token: 'none' }
    expect((await serve(limits, '/api/auth/confirm-email', { method: 'POST', json, headers })).status).toBe(404)
    expect(await violatedBy(await serve(limits, '/confirm-email/none', { headers }))).toEqual(['confirm'])
    expect(await violatedBy(await serve(limits, '/confirm-email/none', { method: 'POST', headers }))).toEqual([
      'confirm',
    ])
  })
})

describe('DEADLINES', () => {
  it('names the entry that is wrong, and why', async () => {
    for (const [text, words] of [
      ['database', /"database" that is not of the form/],
      ['database=5', /"database=5" that is not of the form/],
      ['cache=0ms', /"cache=0ms" that is not of the form/],
      ['gate=1s,disk=1s', /"disk=1s" that names no part; there are gate, hash, cache, database/],
      ['database=61s', /"database=61s" that is longer than 60s/],
      ['constructor=1s', /names no part/],
    ] as const) {
      const response = await serve({ DEADLINES: text }, '/api/healthchecker')
      expect(response.status).toBe(503)
      expect(z.looseObject({ detail: z.string() }).parse(await response.json()).detail).toMatch(words)
    }
  })
})

describe('RATE_LIMITS', () => {
  it('names the entry that is wrong, and why', async () => {
    for (const [text, words] of [
      ['contacts-create=2', /"contacts-create=2" that is not of the form/],
      ['contacts-create=0/5s', /"contacts-create=0\/5s" that is not of the form/],
      ['contacts-read=5/60s,contact-read=1/1s', /"contact-read=1\/1s" that names no policy/],
      ['login=1001/1s', /"login=1001\/1s" that is out of bounds/],
      ['login=1/8d', /"login=1\/8d" that is out of bounds/],
      ['constructor=1/1s', /names no policy/],
    ] as const) {
      const response = await serve({ RATE_LIMITS: text }, '/api/healthchecker')
      expect(response.status).toBe(503)
      expect(z.looseObject({ detail: z.string() }).parse(await response.json()).detail).toMatch(words)
    }
  })
})
