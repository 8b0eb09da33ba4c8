/** Requests of users about their accounts, each from its own address. */
import { and, eq } from 'drizzle-orm'
import { expect, vi } from 'vitest'
import { z } from 'zod'
import { emailTokens } from '../src/auth/table.ts'
import { call, read } from './client.ts'
import { database } from './database.ts'
import { confirmationToken, freshAddress, from, linkToken, type Person, password } from './people.ts'

const db = database()

/** The new password of a change. */
export const fresh = 'staple by staple 9'

export const login = (email: string, secret = password) =>
  call('POST', '/api/auth/login', { json: { email, password: secret }, headers: from(freshAddress()) })

export const refresh = (refresh_token: string) =>
  call('POST', '/api/auth/refresh', { json: { refresh_token }, headers: from(freshAddress()) })

export const signup = (email: string) =>
  call('POST', '/api/auth/signup', { json: { username: 'other', email, password }, headers: from(freshAddress()) })

export const changePassword = (person: Person, password: string, current_password = person.password) =>
  person.put('/api/users/me/password', { current_password, password })

// ---------------------------------------------------------------- what happened

export const eventList = z.array(
  z.looseObject({
    id: z.number(),
    kind: z.string(),
    device: z.string().nullable(),
    address: z.string().nullable(),
  }),
)
export const eventsOf = async (person: Person) => read(eventList, await person.get('/api/users/me/events?limit=100'))
export const kindsOf = async (person: Person) => (await eventsOf(person)).map(({ kind }) => kind)

// ---------------------------------------------------------------- another e-mail

export const askForEmail = (person: Person, email: string, current_password = person.password) =>
  person.post('/api/users/me/email', { email, current_password })
export const confirm = (token: string) =>
  call('POST', '/api/auth/confirm-email', { json: { token }, headers: from(freshAddress()) })
export const changeLinks = (person: Person) =>
  db
    .select()
    .from(emailTokens)
    .where(and(eq(emailTokens.user_id, person.id), eq(emailTokens.purpose, 'change-email')))

/** The link in a letter to a requested new address. */
export async function linkTo(person: Person, email: string): Promise<string> {
  const answer = await askForEmail(person, email)
  expect(answer.status, answer.text).toBe(202)
  return confirmationToken(email)
}

// ---------------------------------------------------------------- a new password

/** The new password of a reset. */
export const newPassword = 'quite another 9 words'

export const askForReset = (email: string) =>
  call('POST', '/api/auth/request-password-reset-email', { json: { email }, headers: from(freshAddress()) })
export const openReset = (token: string) =>
  call('GET', `/api/auth/reset-password/${token}`, { headers: from(freshAddress()) })
export const chooseNewPassword = (confirmation: string, json: object = { password: newPassword }) =>
  call('PATCH', `/api/auth/reset-password-confirmation/${confirmation}`, { json, headers: from(freshAddress()) })

export const confirmationSchema = z.object({ reset_password_confirmation_token: z.string(), expires_in: z.number() })
export const opened = async (token: string) =>
  read(confirmationSchema, await openReset(token)).reset_password_confirmation_token

/** The link in a requested reset letter. */
export async function linkFor(person: { email: string }): Promise<string> {
  expect((await askForReset(person.email)).status).toBe(202)
  return linkToken(person.email, 'reset-password')
}

// ---------------------------------------------------------------- time

/** Runs `go` as if `seconds` had passed. */
export async function later<T>(seconds: number, go: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  try {
    return await go()
  } finally {
    vi.useRealTimers()
  }
}
