import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { z } from 'zod'
import { gateOf } from '../src/platform/gate/client.ts'
import { writeAtNewRevision } from '../src/platform/gate/write-at-new-revision.ts'
import type { Role } from '../src/users/config.ts'
import { users } from '../src/users/table.ts'
import { type Answer, type Call, call, read } from './client.ts'
import { database } from './database.ts'

/** A password nobody else would choose. */
export const password = 'пароль from the tests 7'

const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() })

export interface Tokens {
  access: string
  refresh: string
}

/** A user of the service. */
export interface Person extends Tokens {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly password: string
  readonly address: string
  /** Calls the service with this user's access token, from this user's address. */
  get(path: string, more?: Call): Promise<Answer>
  post(path: string, json?: unknown, more?: Call): Promise<Answer>
  put(path: string, json: unknown, more?: Call): Promise<Answer>
  patch(path: string, json: unknown, more?: Call): Promise<Answer>
  delete(path: string, more?: Call): Promise<Answer>
  /** Logs in again: the tokens of another session. */
  login(): Promise<Tokens>
}

/** An e-mail that no other test uses. */
export const freshEmail = (name: string): string => `${name}-${crypto.randomUUID().slice(0, 13)}@example.com`

/** An IP address that no other user of this run has (the test ranges of RFC 5737 and RFC 2544 are too small). */
export const freshAddress = (): string => `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 255)).join('.')}`

/** The header with which the platform passes the caller's address. */
export const from = (address: string): Record<string, string> => ({ 'CF-Connecting-IP': address })

/** Creates a user who has signed up, confirmed and logged in: over HTTP, with a real letter. */
export async function signedUp(name: string): Promise<Person> {
  const email = freshEmail(name)
  const address = freshAddress()
  const answer = await call('POST', '/api/auth/signup', {
    json: { username: name, email, password },
    headers: from(address),
  })
  expect(answer.status, answer.text).toBe(201)
  const { user } = read(z.looseObject({ user: z.looseObject({ id: z.number() }) }), answer)
  const token = await confirmationToken(email)
  const confirmed = await call('POST', '/api/auth/confirm-email', { json: { token }, headers: from(address) })
  expect(confirmed.status).toBe(200)
  const login = async (): Promise<Tokens> => {
    const signedIn = await call('POST', '/api/auth/login', { json: { email, password }, headers: from(address) })
    expect(signedIn.status, signedIn.text).toBe(200)
    const { access_token, refresh_token } = read(tokensSchema, signedIn)
    return { access: access_token, refresh: refresh_token }
  }
  const tokens = await login()
  const as = (method: string, path: string, more: Call = {}) =>
    call(method, path, { token: person.access, ...more, headers: { ...from(address), ...more.headers } })
  const person: Person = {
    id: user.id,
    email,
    username: name,
    password,
    address,
    ...tokens,
    login,
    get: (path, more) => as('GET', path, more),
    post: (path, json, more) => as('POST', path, { json, ...more }),
    put: (path, json, more) => as('PUT', path, { json, ...more }),
    patch: (path, json, more) => as('PATCH', path, { json, ...more }),
    delete: (path, more) => as('DELETE', path, more),
  }
  return person
}

/** Changes a user's cached data as the service does: a revision from the gate first, then both in one write. */
export async function change(person: Person, set: Partial<typeof users.$inferInsert>): Promise<void> {
  await writeAtNewRevision(gateOf(env, `user:${person.id}`), 0, async (revision) => {
    await database()
      .update(users)
      .set({ ...set, revision })
      .where(eq(users.id, person.id))
  })
}

/** Creates a user with a role. */
async function inRole(name: string, role: Role): Promise<Person> {
  const person = await signedUp(name)
  await change(person, { role })
  return person
}

/** Creates an admin. */
export const admin = (name: string): Promise<Person> => inRole(name, 'admin')

/** Creates a moderator. */
export const moderator = (name: string): Promise<Person> => inRole(name, 'moderator')

const foundSchema = z.looseObject({ messages: z.array(z.looseObject({ ID: z.string(), Subject: z.string() })) })
const letterSchema = z.looseObject({ Subject: z.string(), Text: z.string(), HTML: z.string() })

/** The letters that have arrived at an address, newest first. */
export async function lettersTo(email: string): Promise<z.infer<typeof letterSchema>[]> {
  const query = new URLSearchParams({ query: `to:${email}` })
  const found = foundSchema.parse(await (await fetch(`${env.TEST_INBOX}/api/v1/search?${query}`)).json())
  return Promise.all(
    found.messages.map(async ({ ID }) =>
      letterSchema.parse(await (await fetch(`${env.TEST_INBOX}/api/v1/message/${ID}`)).json()),
    ),
  )
}

/** Waits for something in the inbox. Asks again if the inbox drops a connection under load. */
async function awaited<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  let failure: unknown
  for (let tries = 0; tries < 200; tries++) {
    try {
      const found = await find()
      if (found !== undefined) return found
    } catch (error) {
      failure = error
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`${what} within five seconds.`, { cause: failure })
}

/** Waits until `count` letters have arrived at an address. */
export const awaitLetters = (email: string, count = 1) =>
  awaited(`No ${count} letters for ${email}`, async () => {
    const letters = await lettersTo(email)
    return letters.length >= count ? letters : undefined
  })

/** The token of the newest confirmation letter to an address. */
export async function confirmationToken(email: string, count = 1): Promise<string> {
  const [letter] = await awaitLetters(email, count)
  const token = letter && tokenIn(letter.Text, 'confirm-email')
  if (!token) throw new Error(`The letter to ${email} holds no link: ${letter?.Text}`)
  return token
}

/** Waits for the newest letter to an address that links to a page; returns the link's token. */
export function linkToken(email: string, page: 'confirm-email' | 'reset-password'): Promise<string> {
  return awaited(`No letter to ${email} led to /${page}`, async () => {
    for (const { Text } of await lettersTo(email)) {
      const token = tokenIn(Text, page)
      if (token) return token
    }
    return undefined
  })
}

const tokenIn = (text: string, page: string): string | undefined =>
  text.match(new RegExp(`https://vizitka\\.test/${page}/([A-Za-z0-9_-]+)`))?.[1]
