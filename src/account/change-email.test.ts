import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { askForEmail, changeLinks, confirm, fresh, kindsOf, linkTo, login, signup } from '../../test/accounts.ts'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import {
  awaitLetters,
  freshEmail,
  from,
  lettersTo,
  linkToken,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { userCache } from '../auth/user-cache.ts'

/** Requests another e-mail with other bindings. */
const askUnder = (bindings: object, person: Person, email: string) =>
  serve(bindings, '/api/users/me/email', {
    method: 'POST',
    token: person.access,
    json: { email, current_password: password },
    headers: from(person.address),
  })

/**
 * Bindings with which something happens just before a letter to a new address is counted, while the request is in
 * progress.
 */
function meanwhile(happen: () => Promise<unknown>) {
  const GATE = new Proxy(env.GATE, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      if (name !== 'get') return method.bind(target)
      return (id: DurableObjectId) => {
        const gate = target.get(id) as unknown as Record<string, (...args: unknown[]) => unknown>
        return new Proxy(gate, {
          get: (stub, rpc) =>
            rpc === 'enter'
              ? async (limits: { name: string }[]) => {
                  if (limits[0]?.name === 'request-email-to-change') await happen()
                  return stub.enter?.(limits)
                }
              : (...args: unknown[]) => stub[String(rpc)]?.(...args),
        })
      }
    },
  })
  return { GATE }
}

describe('changing the e-mail', () => {
  it('changes nothing until the new address is confirmed, and notifies both addresses', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('Target.New')
    const answer = await askForEmail(ana, ` ${target} `)
    expect(answer.status).toBe(202)
    const [letter] = await awaitLetters(target)
    expect(letter?.Subject).toBe('Confirm your new email')
    const [notice] = await awaitLetters(ana.email, 2)
    expect(notice?.Subject).toBe('A new email for your account')
    expect(notice?.Text).toContain(target)
    expect(notice?.Text).not.toContain('/confirm-email/')
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
    expect((await login(ana.email)).status).toBe(200)
    expect(problemOf(await login(target))).toBe('401 invalid-credentials')
  })

  it('notifies the old address when it is done, and links of the old address stop working', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    expect((await confirm(await linkTo(ana, target))).status).toBe(200)
    await expect
      .poll(async () => (await lettersTo(ana.email)).map(({ Subject }) => Subject))
      .toContain('Your email was changed')
    const reported = (await lettersTo(ana.email)).find(({ Subject }) => Subject === 'Your email was changed')
    expect(reported?.Text).toContain(target)
    expect(reported?.Text).not.toMatch(/confirm-email|reset-password/)
  })

  it('takes effect everywhere at the next request after confirmation', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    const token = await linkTo(ana, target)
    const before = (await ana.get('/api/users/me')).headers.get('ETag') ?? ''
    expect((await confirm(token)).status).toBe(200)
    const after = await ana.get('/api/users/me', { headers: { 'If-None-Match': before } })
    expect(after.status).toBe(200)
    expect(after.body).toMatchObject({ id: ana.id, email: target, username: 'ana', confirmed: true })
    userCache.clear()
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: target })
    expect((await login(target.toUpperCase())).status).toBe(200)
    expect(problemOf(await login(ana.email))).toBe('401 invalid-credentials')
    expect((await kindsOf(ana)).filter((kind) => kind.startsWith('email-change'))).toEqual([
      'email-changed',
      'email-change-requested',
    ])
    // The old address is free again.
    expect((await signup(ana.email)).status).toBe(201)
  })

  it('can be confirmed repeatedly, also at once', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    const token = await linkTo(ana, target)
    for (const answer of await Promise.all([confirm(token), confirm(token), confirm(token)])) {
      expect(answer.status).toBe(200)
    }
    expect((await confirm(token)).status).toBe(200)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: target })
    expect(await kindsOf(ana)).toContain('email-changed')
  })

  it('uses the same confirmation page as signup, and needs its button', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    const path = `/confirm-email/${await linkTo(ana, target)}`
    const page = await call('GET', path)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<form method="post"')
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
    expect((await call('POST', path)).status).toBe(200)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: target })
    expect((await call('GET', path)).text).not.toContain('<form method="post"')
  })

  it('accepts another spelling of the present address', async () => {
    const ana = await signedUp('ana')
    const shouted = ana.email.toUpperCase()
    expect((await askForEmail(ana, shouted)).status).toBe(202)
    const letters = await awaitLetters(ana.email, 3)
    expect(letters.map(({ Subject }) => Subject)).not.toContain('You already have an account')
    const letter = letters.find(({ Subject }) => Subject === 'Confirm your new email')
    const token = letter?.Text.match(/confirm-email\/(\S+)/)?.[1] ?? 'none'
    expect((await confirm(token)).status).toBe(200)
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: shouted })
    for (const spelling of [ana.email, shouted]) expect((await login(spelling)).status).toBe(200)
  })

  it('refuses the identical address, an invalid one, and a wrong password', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    expect(pointersOf(await askForEmail(ana, ana.email))).toEqual(['/email'])
    expect(pointersOf(await askForEmail(ana, 'ana'))).toEqual(['/email'])
    expect(pointersOf(await ana.post('/api/users/me/email', { email: target }))).toEqual(['/current_password'])
    expect(problemOf(await askForEmail(ana, target, 'not the password'))).toBe('403 wrong-password')
    expect(await changeLinks(ana)).toEqual([])
    expect(await lettersTo(target)).toEqual([])
  })

  it('uses the address that was confirmed last, if several were requested', async () => {
    const ana = await signedUp('ana')
    const [first, second] = [freshEmail('first'), freshEmail('second')]
    const [one, two] = [await linkTo(ana, first), await linkTo(ana, second)]
    expect((await confirm(two)).status).toBe(200)
    expect(problemOf(await confirm(one))).toBe('404 link-not-found')
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: second })
    // Then the e-mail changes a third time: the earlier link no longer works.
    expect((await confirm(await linkTo(ana, freshEmail('third')))).status).toBe(200)
    expect(problemOf(await confirm(two))).toBe('404 link-not-found')
  })

  it('invalidates links that were sent to the old address', async () => {
    const ana = await signedUp('ana')
    const target = freshEmail('target')
    await call('POST', '/api/auth/request-password-reset-email', { json: { email: ana.email } })
    const reset = await linkToken(ana.email, 'reset-password')
    expect((await call('GET', `/api/auth/reset-password/${reset}`)).status).toBe(200)
    expect((await confirm(await linkTo(ana, target))).status).toBe(200)
    expect(problemOf(await call('GET', `/api/auth/reset-password/${reset}`))).toBe('404 link-not-found')
    expect((await login(target)).status).toBe(200)
  })

  it('is cancelled when its link expires', async () => {
    const ana = await signedUp('ana')
    const token = await linkTo(ana, freshEmail('target'))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (7 * 86_400 + 1) * 1000 })
    try {
      expect(problemOf(await confirm(token))).toBe('404 link-not-found')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a link to a new address', () => {
  it('is invalid after a change of the password', async () => {
    const ana = await signedUp('ana')
    const token = await linkTo(ana, freshEmail('target'))
    const json = { current_password: password, password: fresh }
    expect((await ana.put('/api/users/me/password', json)).status).toBe(204)
    expect(problemOf(await confirm(token))).toBe('404 link-not-found')
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
  })

  it('is not created by a request if the password changes meanwhile', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    for (const target of [freshEmail('target'), boris.email]) {
      const chosen = `${fresh} for ${target}`
      const bindings = meanwhile(async () => {
        const json = { current_password: ana.password, password: chosen }
        expect((await ana.put('/api/users/me/password', json)).status).toBe(204)
      })
      expect((await askUnder(bindings, ana, target)).status).toBe(202)
      expect(await changeLinks(ana)).toEqual([])
      expect(await kindsOf(ana)).not.toContain('email-change-requested')
      await ana.put('/api/users/me/password', { current_password: chosen, password: ana.password })
    }
  })
})

describe('the limits of changing the e-mail', () => {
  it('are three an hour for one account', async () => {
    const ana = await signedUp('ana')
    const answers = []
    for (let n = 0; n < 4; n++) answers.push(await askUnder({ RATE_LIMITS: '' }, ana, freshEmail(`target-${n}`)))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 429])
    expect(answers[3]?.headers.get('RateLimit-Policy')).toContain('"email-change";q=3;w=3600')
    expect(await answers[3]?.json()).toMatchObject({ violated_policies: ['email-change'] })
    expect((await ana.get('/api/users/me')).status).toBe(200)
  })

  it('are three letters an hour to one new address, whoever asks, and no response shows it', async () => {
    const target = freshEmail('flooded')
    const people = [await signedUp('ana'), await signedUp('boris')]
    const answers: Response[] = []
    for (const person of [...people, ...people, ...people]) {
      answers.push(await askUnder({ RATE_LIMITS: '' }, person, target))
    }
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(202))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    await awaitLetters(target, 3)
    // `serve` has waited for the work after the response, so no other letter is on its way.
    expect(await lettersTo(target)).toHaveLength(3)
    const made = [...(await changeLinks(people[0] as Person)), ...(await changeLinks(people[1] as Person))]
    expect(made).toHaveLength(3)
  })
})
