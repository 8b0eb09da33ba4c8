/** App passwords of users, over HTTP. */
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { z } from 'zod'
import { listAppPasswords } from '../src/auth/app-password-store.ts'
import type { Scope } from '../src/auth/credential.ts'
import { appPasswords } from '../src/auth/table.ts'
import { call, read } from './client.ts'
import { database } from './database.ts'
import { freshAddress, from, linkToken, type Person } from './people.ts'
import { serve } from './serving.ts'

export const path = '/api/users/me/app-passwords'

export const madeSchema = z.looseObject({ id: z.int(), name: z.string(), scope: z.string(), password: z.string() })

/** Creates an app password for a user. */
export async function appPasswordOf(person: Person, scope: Scope = 'api', name = 'iPhone') {
  const answer = await person.post(path, { name, scope })
  expect(answer.status, answer.text).toBe(201)
  return read(madeSchema, answer)
}

/** Sends a request as a phone does: with an app password, from its own address. */
export const ask = (
  token: string,
  method = 'GET',
  url = '/api/contacts',
  { json, address = freshAddress(), bindings = {} }: { json?: unknown; address?: string; bindings?: object } = {},
) => serve(bindings, url, { method, token, headers: from(address), ...(json === undefined ? {} : { json }) })

/** A made-up app password for a user's id. */
export const forged = ({ id }: { readonly id: number }, n: number): string =>
  `vz${id}${n
    .toString(5)
    .replace(/\d/g, (digit) => 'abcde'[Number(digit)] ?? '')
    .padStart(26, 'z')}`

/** The app passwords of a user in the database. */
export const rowsOf = ({ id }: { readonly id: number }) =>
  database().select().from(appPasswords).where(eq(appPasswords.user_id, id))

export const namesOf = async ({ id }: { readonly id: number }) =>
  (await listAppPasswords(database(), id)).map(({ name }) => name)

/** Resets a user's password by the link of a letter. */
export async function resetPassword(email: string, body: object = {}): Promise<void> {
  await call('POST', '/api/auth/request-password-reset-email', { json: { email } })
  const opened = await call('GET', `/api/auth/reset-password/${await linkToken(email, 'reset-password')}`)
  const confirmation = read(z.looseObject({ reset_password_confirmation_token: z.string() }), opened)
  const url = `/api/auth/reset-password-confirmation/${confirmation.reset_password_confirmation_token}`
  expect((await call('PATCH', url, { json: { password: 'a new one, chosen', ...body } })).status).toBe(200)
}
