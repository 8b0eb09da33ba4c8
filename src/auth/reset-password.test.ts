import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { askForReset, chooseNewPassword, linkFor, login, newPassword, opened, openReset } from '../../test/accounts.ts'
import { call, pointersOf, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  awaitLetters,
  change,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  password,
  signedUp,
} from '../../test/people.ts'
import { events } from '../audit/table.ts'

const db = database()
describe('choosing a new password', () => {
  it('sets it, ends every session at once, and tells the owner by a letter', async () => {
    const ana = await signedUp('ana')
    const other = await ana.login()
    const confirmation = await opened(await linkFor(ana))
    expect((await chooseNewPassword(confirmation)).status).toBe(200)
    for (const token of [ana.access, other.access]) {
      expect(problemOf(await call('GET', '/api/users/me', { token }))).toBe('401 session-revoked')
    }
    const again = await call('POST', '/api/auth/refresh', { json: { refresh_token: other.refresh } })
    expect(problemOf(again)).toBe('401 session-revoked')
    expect(problemOf(await login(ana.email))).toBe('401 invalid-credentials')
    expect((await login(ana.email, newPassword)).status).toBe(200)
    const subjects = (await awaitLetters(ana.email, 3)).map(({ Subject }) => Subject)
    expect(subjects).toContain('Your password was changed')
    const kinds = (await db.select().from(events).where(eq(events.user_id, ana.id))).map(({ kind }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['reset-requested', 'password-reset']))
  })

  it('works once: it invalidates the link and all confirmations of the account', async () => {
    const ana = await signedUp('ana')
    const first = await linkFor(ana)
    const confirmations = [await opened(first), await opened(first)]
    expect((await askForReset(ana.email)).status).toBe(202)
    await awaitLetters(ana.email, 3)
    const second = await linkToken(ana.email, 'reset-password')
    expect(second).not.toBe(first)
    const third = await opened(second)
    expect((await chooseNewPassword(confirmations[0] ?? '')).status).toBe(200)
    for (const token of [confirmations[0], confirmations[1], third]) {
      expect(problemOf(await chooseNewPassword(token ?? '', { password: 'a third password 7' }))).toBe(
        '404 link-not-found',
      )
    }
    for (const token of [first, second]) expect(problemOf(await openReset(token))).toBe('404 link-not-found')
    expect((await login(ana.email, newPassword)).status).toBe(200)
  })

  it('changes the password of the token’s account only, and refuses a body that names another', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const confirmation = await opened(await linkFor(ana))
    const refused = await chooseNewPassword(confirmation, { password: newPassword, email: boris.email })
    expect(pointersOf(refused)).toEqual(['/email'])
    expect(pointersOf(await chooseNewPassword(confirmation, { password: newPassword, role: 'admin' }))).toEqual([
      '/role',
    ])
    expect((await login(boris.email)).status).toBe(200)
    expect((await login(ana.email)).status).toBe(200)
    const same = { password: newPassword, email: ` ${ana.email.toUpperCase()} `, username: 'ana' }
    expect((await chooseNewPassword(confirmation, same)).status).toBe(200)
    expect((await login(boris.email)).status).toBe(200)
    expect((await login(ana.email, newPassword)).status).toBe(200)
  })

  it.each(['boris', '', null, 7])('ignores a username, such as older clients send: %j', async (username) => {
    const ana = await signedUp('ana')
    const confirmation = await opened(await linkFor(ana))
    expect((await chooseNewPassword(confirmation, { password: newPassword, email: ana.email, username })).status).toBe(
      200,
    )
    const { body } = await login(ana.email, newPassword)
    const token = z.looseObject({ access_token: z.string() }).parse(body).access_token
    expect((await call('GET', '/api/users/me', { token })).body).toMatchObject({ username: 'ana' })
  })

  it('applies the same rules as signup, and a refused password leaves the link valid', async () => {
    const ana = await signedUp('ana')
    const confirmation = await opened(await linkFor(ana))
    for (const bad of ['short', 'x'.repeat(129), 'password1', ana.email, '']) {
      expect(pointersOf(await chooseNewPassword(confirmation, { password: bad })), bad).toEqual(['/password'])
    }
    expect(pointersOf(await chooseNewPassword(confirmation, {}))).toEqual(['/password'])
    expect((await login(ana.email)).status).toBe(200)
    expect((await chooseNewPassword(confirmation)).status).toBe(200)
  })

  it('confirms the address of an unconfirmed account', async () => {
    const email = freshEmail('late')
    const headers = from(freshAddress())
    // Somebody else signed up with this address, and chose the password.
    await call('POST', '/api/auth/signup', { json: { username: 'squatter', email, password }, headers })
    const confirmation = await opened(await linkFor({ email }))
    expect((await chooseNewPassword(confirmation)).status).toBe(200)
    const signedIn = await login(email, newPassword)
    expect(signedIn.status).toBe(200)
    expect(problemOf(await login(email))).toBe('401 invalid-credentials')
  })

  it('does not enable a disabled account', async () => {
    const ana = await signedUp('ana')
    const confirmation = await opened(await linkFor(ana))
    await change(ana, { disabled: true })
    expect((await chooseNewPassword(confirmation)).status).toBe(200)
    expect(problemOf(await login(ana.email, newPassword))).toBe('403 account-disabled')
  })
})
