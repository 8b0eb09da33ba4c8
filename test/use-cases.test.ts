import { describe, expect, it } from 'vitest'
import { requestEmailChange } from '../src/account/change-email.ts'
import { deleteUserAccount } from '../src/account/delete-account.ts'
import { confirmEmail } from '../src/auth/confirm-email.ts'
import { findReset } from '../src/auth/email-token-store.ts'
import { requestReset } from '../src/auth/request-reset.ts'
import { resetPassword } from '../src/auth/reset-password.ts'
import { signIn } from '../src/auth/sign-in.ts'
import { signUp } from '../src/auth/sign-up.ts'
import { createContact } from '../src/contacts/create.ts'
import { removeContact } from '../src/contacts/remove.ts'
import { setFavorite } from '../src/contacts/set-favorite.ts'
import { findContact } from '../src/contacts/store.ts'
import { patchContact, replaceContact } from '../src/contacts/update.ts'
import { contactEtag } from '../src/contacts/view.ts'
import { tokenHash } from '../src/platform/crypto/keys.ts'
import { findUser } from '../src/users/store.ts'
import type { UserRow } from '../src/users/table.ts'
import { errorOf } from './database.ts'
import { confirmationToken, freshAddress, freshEmail, linkToken, password } from './people.ts'
import { services as createServices } from './use-cases.ts'

const client = { device: 'a test', address: freshAddress() }

/** Signs up and confirms, without HTTP. */
async function confirmedUser() {
  const { services, settle } = createServices()
  const email = freshEmail('ana')
  const user = await signUp(services, { username: 'ana', email, password, locale: 'en', client })
  await settle()
  await confirmEmail(services, await confirmationToken(email), client)
  return { services, settle, email, user }
}

const present = async (user: UserRow, db: Parameters<typeof findUser>[0]): Promise<UserRow> => {
  const row = await findUser(db, user.id)
  if (!row) throw new Error('The account is gone.')
  return row
}

describe('without HTTP', () => {
  it('an account is signed up, confirmed and signed in to', async () => {
    const { services, email, user } = await confirmedUser()
    expect(await signIn(services, { email, password, client })).toMatchObject({ userId: user.id, generation: 1 })
    expect(await errorOf(signIn(services, { email, password: 'another one', client }))).toMatchObject({
      status: 401,
      code: 'invalid-credentials',
    })
    expect(await errorOf(signUp(services, { username: 'ana', email, password, locale: 'en', client }))).toMatchObject({
      status: 409,
      code: 'email-taken',
    })
  })

  it('a forgotten password is replaced', async () => {
    const { services, settle, email, user } = await confirmedUser()
    await requestReset(services, email, client)
    await settle()
    const link = await findReset(services.db, tokenHash(await linkToken(email, 'reset-password')))
    if (!link) throw new Error('There is no link.')
    await resetPassword(services, { link, password: 'seven brand new words', client, endsAppPasswords: true })
    expect(await signIn(services, { email, password: 'seven brand new words', client })).toMatchObject({
      userId: user.id,
    })
    expect(
      await errorOf(
        resetPassword(services, { link, password: 'eight brand new words', client, endsAppPasswords: true }),
      ),
    ).toMatchObject({
      code: 'link-not-found',
    })
  })

  it('an e-mail is changed', async () => {
    const { services, settle, user } = await confirmedUser()
    const email = freshEmail('moved')
    const change = { userId: user.id, email, currentPassword: password, client }
    expect(await errorOf(requestEmailChange(services, { ...change, currentPassword: 'wrong' }))).toMatchObject({
      code: 'wrong-password',
    })
    await requestEmailChange(services, change)
    await settle()
    await confirmEmail(services, await confirmationToken(email), client)
    expect(await signIn(services, { email, password, client })).toMatchObject({ userId: user.id })
  })

  it('an account is deleted', async () => {
    const { services, settle, user } = await confirmedUser()
    const row = await present(user, services.db)
    await deleteUserAccount(services, { user: row })
    await settle()
    expect(await findUser(services.db, user.id)).toBeUndefined()
    expect(await errorOf(deleteUserAccount(services, { user: row }))).toMatchObject({
      code: 'session-revoked',
    })
  })

  it('a contact is created only once by its key, changed, made a favourite and removed', async () => {
    const { services, user } = await confirmedUser()
    const creation = { ownerId: user.id, input: { first_name: 'Олена', phone: '+380 44' }, idempotencyKey: 'k' }
    const { id } = await createContact(services, creation)
    expect(await createContact(services, creation)).toMatchObject({ id })
    const target = { ownerId: user.id, id, author: { kind: 'session' as const, id: 1, name: null } }
    const at = (revision: number) => {
      const conditions = { isRead: false, ifMatch: contactEtag(revision), ifNoneMatch: undefined }
      return { ...target, conditions }
    }
    expect(await patchContact(services, at(1), { last_name: 'Пчілка' })).toMatchObject({
      first_name: 'Олена',
      last_name: 'Пчілка',
    })
    expect(await replaceContact(services, at(2), { first_name: 'Леся' })).toMatchObject({ phone: null, revision: 3 })
    expect(await errorOf(patchContact(services, { ...target, ownerId: user.id + 1 }, {}))).toMatchObject({
      status: 404,
    })
    expect(await errorOf(removeContact(services, at(2)))).toMatchObject({
      status: 412,
      code: 'changed-meanwhile',
    })
    expect(await setFavorite(services, target, true)).toMatchObject({ favorite: true, revision: 4 })
    await removeContact(services, at(4))
    expect(await findContact(services.db, user.id, id)).toBeUndefined()
  })
})
