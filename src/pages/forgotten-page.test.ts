import { describe, expect, it } from 'vitest'
import { type Call, call } from '../../test/client.ts'
import { askOnPage, faultOf, heading, loginStatus } from '../../test/pages.ts'
import { freshAddress, freshEmail, from, lettersTo, linkToken, password, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'

describe('the page for a forgotten password', () => {
  it('is an empty form', async () => {
    const answer = await call('GET', '/forgot-password?email=ana%40example.com')
    expect(answer.status).toBe(200)
    expect(heading(answer)).toBe('Forgot your password?')
    expect(answer.text).toContain('<form class="form" method="post">')
    expect(answer.text).not.toContain('value=')
    // With type="email", browsers would not send letters beyond ASCII before the @.
    expect(answer.text).toMatch(/<input id="email" name="email" type="text" inputmode="email"/)
    expect(answer.text).not.toContain('ana@')
    expect(faultOf(answer, 'email')).toBeUndefined()
  })

  it('sends a letter if there is an account, and shows the same text if there is none', async () => {
    const ana = await signedUp('ana')
    const stranger = freshEmail('stranger')
    const [existing, unknown] = [await askOnPage(`  ${ana.email.toUpperCase()} `), await askOnPage(stranger)]
    expect([existing.status, unknown.status]).toEqual([200, 200])
    expect(existing.text).toContain('If there is an account with this address, a letter is on its way.')
    expect(unknown.text).toBe(existing.text)
    expect(await linkToken(ana.email, 'reset-password')).toBeTruthy()
    expect(await lettersTo(stranger)).toEqual([])
    expect(await loginStatus(ana.email, password)).toBe(200)
  })

  it.each(['', 'ana', 'ana@example', '"><script>alert(1)</script>@example.com'])(
    'shows the form again for %j, with the error beside the field and what was typed in it',
    async (typed) => {
      const answer = await askOnPage(typed)
      expect(answer.status).toBe(422)
      expect(faultOf(answer, 'email')).toBe('Type an e-mail address, such as ana@example.com.')
      const escaped = typed.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      expect(answer.text).toContain(`value="${escaped}"`)
      expect(answer.text).not.toContain('<script')
      expect(answer.text).toContain('<title>Error: ')
    },
  )

  it('shows the form again for a body that is not a form', async () => {
    const bodies: Call[] = [
      {},
      { json: { email: 'ana@example.com' } },
      { raw: '{', headers: { 'Content-Type': 'application/json' } },
      { raw: 'email=ana@example.com', headers: { 'Content-Type': 'text/plain' } },
      {
        raw: 'email=a@example.com&email=b@example.com',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      },
      { form: {} },
    ]
    for (const body of bodies) {
      const answer = await call('POST', '/forgot-password', body)
      expect(answer.status).toBe(422)
      expect(faultOf(answer, 'email')).toBeTruthy()
    }
  })

  it('shares the limit of the route that does the same', async () => {
    const bindings = { RATE_LIMITS: 'request-email=2/60s' }
    const headers = from(freshAddress())
    const post = (path: string) => serve(bindings, path, { method: 'POST', headers, json: { email: 'no e-mail' } })
    expect((await post('/forgot-password')).status).toBe(422)
    expect((await post('/api/auth/request-password-reset-email')).status).toBe(422)
    expect((await post('/forgot-password')).status).toBe(429)
    expect((await serve(bindings, '/forgot-password', { headers })).status).toBe(200)
  })
})
