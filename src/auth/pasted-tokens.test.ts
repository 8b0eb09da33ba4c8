import { expect, it } from 'vitest'
import { chooseNewPassword, linkFor, newPassword, opened, openReset, refresh } from '../../test/accounts.ts'
import { call } from '../../test/client.ts'
import { confirmationToken, freshAddress, freshEmail, from, password, signedUp } from '../../test/people.ts'

/** What copying may add around a token; in a path, percent-encoded. */
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

it('accepts a confirmation token with the characters that copying adds', async () => {
  for (const [before, after] of around) expect((await confirm(before + (await waiting()) + after)).status).toBe(200)
  // Word processors turn a hyphen into a dash.
  expect((await confirm((await waiting()).replaceAll('-', '\u2011'))).status).toBe(200)
})

it.each(['/api/auth/confirmed_email/', '/api/email/confirm/', '/confirm-email/'])(
  'accepts it in the path %s, too',
  async (path) => {
    for (const [before, after] of around) {
      const token = encodeURIComponent(before + (await waiting()) + after)
      expect((await call('GET', path + token, { headers: from(freshAddress()) })).status).toBe(200)
    }
  },
)

it.each(around)('accepts the tokens of a reset between %j and %j', async (before, after) => {
  const ana = await signedUp('ana')
  const written = (token: string) => encodeURIComponent(before + token + after)
  const link = await linkFor(ana)
  expect((await openReset(written(link))).status).toBe(200)
  expect((await call('GET', `/reset-password/${written(link)}`)).status).toBe(200)
  const confirmation = await opened(written(link))
  expect((await chooseNewPassword(written(confirmation), { password: newPassword })).status).toBe(200)
})

it('accepts a refresh token with such characters', async () => {
  for (const [before, after] of around) {
    const ana = await signedUp('ana')
    expect((await refresh(before + ana.refresh + after)).status).toBe(200)
  }
})

it('refuses a token that is incomplete, or has blanks inside', async () => {
  const token = await waiting()
  for (const wrong of [token.slice(1), `${token.slice(0, 9)} ${token.slice(9)}`, ' ', '\u200b']) {
    expect((await confirm(wrong)).status, wrong).toBe(404)
  }
})
