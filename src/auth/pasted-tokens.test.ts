import { expect, it } from 'vitest'
import { chooseAnew, linkFor, newPassword, opened, openReset, refresh } from '../../test/accounts.ts'
import { call } from '../../test/client.ts'
import { confirmationToken, freshAddress, freshEmail, from, password, signedUp } from '../../test/people.ts'

/** What copying adds to a token; in a path, percent-encoded. */
const around = [
  ['', '\n'],
  [' \t', '\r\n'],
  ['\u200b', '\ufeff'],
  ['\u00a0', '\u202c\u00ad '],
] as const

const confirm = (token: string) =>
  call('POST', '/api/auth/confirm-email', { json: { token }, headers: from(freshAddress()) })

async function waiting(): Promise<string> {
  const email = freshEmail('waiting')
  const json = { username: 'waiting', email, password }
  expect((await call('POST', '/api/auth/signup', { json, headers: from(freshAddress()) })).status).toBe(201)
  return confirmationToken(email)
}

it('takes the token of a confirmation with what copying adds to it', async () => {
  for (const [before, after] of around) expect((await confirm(before + (await waiting()) + after)).status).toBe(200)
  // Word processors make a dash of a hyphen.
  expect((await confirm((await waiting()).replaceAll('-', '\u2011'))).status).toBe(200)
})

it.each(['/api/auth/confirmed_email/', '/api/email/confirm/', '/confirm-email/'])(
  'takes it so in the path %s, too',
  async (path) => {
    for (const [before, after] of around) {
      const token = encodeURIComponent(before + (await waiting()) + after)
      expect((await call('GET', path + token, { headers: from(freshAddress()) })).status).toBe(200)
    }
  },
)

it.each(around)('takes the tokens of a reset so: between %j and %j', async (before, after) => {
  const ana = await signedUp('ana')
  const written = (token: string) => encodeURIComponent(before + token + after)
  const link = await linkFor(ana)
  expect((await openReset(written(link))).status).toBe(200)
  expect((await call('GET', `/reset-password/${written(link)}`)).status).toBe(200)
  const confirmation = await opened(written(link))
  expect((await chooseAnew(written(confirmation), { password: newPassword })).status).toBe(200)
})

it('takes a refresh token so', async () => {
  for (const [before, after] of around) {
    const ana = await signedUp('ana')
    expect((await refresh(before + ana.refresh + after)).status).toBe(200)
  }
})

it('takes no token that lacks a part of it, or has blanks inside', async () => {
  const token = await waiting()
  for (const wrong of [token.slice(1), `${token.slice(0, 9)} ${token.slice(9)}`, ' ', '\u200b']) {
    expect((await confirm(wrong)).status, wrong).toBe(404)
  }
})
