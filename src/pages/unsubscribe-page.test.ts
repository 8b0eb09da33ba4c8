import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { freshAddress, from, type Person, password, signedUp } from '../../test/people.ts'
import { issueUnsubscribeToken, readUnsubscribeToken } from '../auth/tokens.ts'
import { configuration } from '../config.ts'
import { findUser } from '../users/store.ts'

const urlOf = ({ id }: Person) => `/unsubscribe/${issueUnsubscribeToken(id, configuration(env))}`
const ask = (method: string, path: string, headers: Record<string, string> = {}, raw?: string) =>
  call(method, path, { headers: { ...from(freshAddress()), ...headers }, ...(raw === undefined ? {} : { raw }) })
const digestOf = async (person: Person) => (await person.get('/api/users/me')).body

/** A person who gets a letter each day. */
async function reader(): Promise<Person> {
  const person = await signedUp('ana')
  expect((await person.patch('/api/users/me', { birthday_digest: 'daily' })).status).toBe(200)
  return person
}

/** What a mail program sends (RFC 8058, section 3.2). */
const oneClick = { 'Content-Type': 'application/x-www-form-urlencoded' }

describe('the link that ends letters about birthdays', () => {
  it('opens a page with a button, in the reader’s language, and changes nothing', async () => {
    const ana = await reader()
    for (const [lang, words] of [
      ['en', 'Stop the letters about birthdays?'],
      ['uk', 'Більше не надсилати листів про дні народження?'],
    ] as const) {
      const opened = await ask('GET', urlOf(ana), { 'Accept-Language': lang })
      expect(opened.status).toBe(200)
      expect(opened.text).toContain(`<h1>${words}</h1>`)
      expect(opened.text).toContain('<form method="post">')
      expect(opened.text).not.toContain('<script')
      expect(opened.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(opened.headers.get('Cache-Control')).toBe('no-store')
    }
    expect(await digestOf(ana)).toMatchObject({ birthday_digest: 'daily' })
  })

  it('ends them by a mail program’s POST, without a login, from wherever it comes; a second time changes nothing', async () => {
    for (const headers of [{}, { Origin: 'https://mail.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
      const ana = await reader()
      // Copies of the account must not show the old setting.
      expect(await digestOf(ana)).toMatchObject({ birthday_digest: 'daily' })
      for (let time = 0; time < 2; time++) {
        const done = await ask('POST', urlOf(ana), { ...oneClick, ...headers }, 'List-Unsubscribe=One-Click')
        expect(done.status).toBe(200)
        expect(done.text).toContain('You will get no more of these letters')
      }
      expect(await digestOf(ana)).toMatchObject({ birthday_digest: null })
      expect(await findUser(database(), ana.id)).toMatchObject({ next_digest_at: null })
    }
  })

  it('ends them by the page’s button, which sends an empty form', async () => {
    const ana = await reader()
    expect((await ask('POST', urlOf(ana), { ...oneClick, 'Sec-Fetch-Site': 'same-origin' }, '')).status).toBe(200)
    expect(await digestOf(ana)).toMatchObject({ birthday_digest: null })
  })

  it('works after the letters were turned on again, and after the account is gone', async () => {
    const ana = await reader()
    await ask('POST', urlOf(ana))
    await ana.patch('/api/users/me', { birthday_digest: 'weekly' })
    expect((await ask('POST', urlOf(ana))).status).toBe(200)
    expect(await digestOf(ana)).toMatchObject({ birthday_digest: null })
    await ana.delete('/api/users/me', { json: { current_password: password } })
    expect((await ask('POST', urlOf(ana))).status).toBe(200)
  })

  it('is a page with 404 if it is forged, incomplete, or another person’s', async () => {
    const [ana, boris] = [await reader(), await reader()]
    const [, seal] = urlOf(ana).split('.')
    for (const path of [`/unsubscribe/${boris.id}.${seal}`, urlOf(ana).replace(/.$/, ''), '/unsubscribe/x']) {
      for (const method of ['GET', 'POST']) {
        const answer = await ask(method, path, { 'Accept-Language': 'uk' })
        expect([answer.status, answer.headers.get('Content-Type')], path).toEqual([404, 'text/html; charset=UTF-8'])
        expect(answer.text).toContain('<h1>Це посилання не діє</h1>')
      }
    }
    for (const person of [ana, boris]) expect(await digestOf(person)).toMatchObject({ birthday_digest: 'daily' })
  })

  it('still works after SECRET_KEY was replaced', async () => {
    const ana = await reader()
    const former = crypto.randomUUID() + crypto.randomUUID()
    const token = issueUnsubscribeToken(ana.id, configuration({ ...env, SECRET_KEY: former }))
    const rotated = configuration({ ...env, SECRET_KEY_PREVIOUS: former })
    expect(readUnsubscribeToken(token, rotated)).toBe(ana.id)
    expect(readUnsubscribeToken(token, configuration(env))).toBeNull()
  })
})
