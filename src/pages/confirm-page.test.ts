import { describe, expect, it } from 'vitest'
import { call } from '../../test/client.ts'
import { freshAddress, freshEmail, from, linkToken, type Person, password, signedUp } from '../../test/people.ts'

/** Returns the confirmation page for an account's new address. */
async function moving(person: Person, email: string): Promise<string> {
  const answer = await person.post('/api/users/me/email', { email, current_password: password })
  expect(answer.status, answer.text).toBe(202)
  return `/confirm-email/${await linkToken(email, 'confirm-email')}`
}

describe('the page that confirms a new address of an account', () => {
  it('shows the address, and changes it by the button, not by opening the link', async () => {
    const ana = await signedUp('ana')
    const email = freshEmail('moved')
    const path = await moving(ana, email)
    for (let time = 0; time < 2; time++) {
      const opened = await call('GET', path)
      expect(opened.status).toBe(200)
      expect(opened.text).toContain('<h1>Confirm your new email</h1>')
      expect(opened.text).toContain(`<strong>${email}</strong>`)
    }
    const ukrainian = await call('GET', path, { headers: { 'Accept-Language': 'uk' } })
    expect(ukrainian.text).toContain('<h1>Підтвердьте свою нову пошту</h1>')
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })

    for (const method of ['POST', 'POST', 'GET']) {
      const done = await call(method, path)
      expect(done.status).toBe(200)
      expect(done.text).toContain('Your address is confirmed')
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email })
  })

  it('says in the reader’s language that another account has the address by now', async () => {
    const ana = await signedUp('ana')
    const email = freshEmail('wanted')
    const path = await moving(ana, email)
    await call('POST', '/api/auth/signup', {
      json: { username: 'boris', email, password },
      headers: from(freshAddress()),
    })
    for (const [lang, words] of [
      ['en', 'This address is taken'],
      ['uk', 'Цю адресу вже зайнято'],
    ] as const) {
      const answer = await call('POST', path, { headers: { 'Accept-Language': lang } })
      expect(answer.status).toBe(409)
      expect(answer.text).toContain(`<h1>${words}</h1>`)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      expect(answer.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ email: ana.email })
  })
})
