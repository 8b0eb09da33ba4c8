import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Bindings, Configuration } from '../env.ts'
import { randomToken, tokenHash } from '../platform/crypto/keys.ts'
import { passwordFault } from '../platform/crypto/password.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { rootMessage } from '../platform/db/errors.ts'
import { type GateClient, gateOf } from '../platform/gate/client.ts'
import {
  addressOf,
  documentedLimits,
  emailGate,
  limited,
  limitOf,
  tellStandings,
  tooMany,
} from '../platform/gate/limits.ts'
import { revise } from '../platform/gate/revise.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { invalid, Problem } from '../platform/http/problem.ts'
import { type AppEnv, createRouter } from '../platform/http/router.ts'
import { deliver, mailerOf } from '../platform/mail/outbox.ts'
import { findUserByEmail, toUser } from '../users/store.ts'
import { emailKey } from '../users/table.ts'
import { bearerToken, signedIn } from './authenticate.ts'
import { confirmEmailLetter } from './mails.ts'
import {
  addressSchema,
  detailSchema,
  loginFormSchema,
  loginSchema,
  refreshSchema,
  signedUpSchema,
  signupSchema,
  tokenSchema,
  tokensSchema,
} from './schema.ts'
import { ownerOf, refresh, tokensFor } from './session.ts'
import {
  confirmUser,
  createAccount,
  endOldestSessions,
  endSession,
  findConfirmation,
  type LinkLetter,
  renewConfirmation,
  replaceHash,
  startSession,
  unconfirmedSeconds,
} from './store.ts'

const tags = ['Accounts']
const unsaved = { 'Cache-Control': 'no-store' }

export const authRoutes = createRouter()

authRoutes.openapi(
  createRoute({
    ...limited('signup'),
    tags,
    method: 'post',
    path: '/signup',
    summary: 'Sign up',
    description: 'Makes an account and sends a letter to confirm its address.',
    request: { body: body(signupSchema) },
    responses: {
      201: { ...json('The account; a letter is on its way.', signedUpSchema), headers: location },
      ...problems(...bodyProblems, 409),
    },
  }),
  async (c) => {
    const { username, email, password, locale = 'en' } = c.req.valid('json')
    const fault = passwordFault(password, { email, username })
    if (fault) throw invalid([{ pointer: '/password', detail: fault }])
    // Hashed in the caller's own gate, where it keeps no other request waiting: in the e-mail's it could keep its owner out.
    const own = gateOf(c.env, `address:${addressOf(c)}`)
    const passwordHash = await c.var.clock.time('gate', () => own.hash(password))
    const link = confirmationLink(email, locale, c.var.config)
    const made = await createAccount(c.var.db, { username, email, passwordHash, locale }, link)
    if (made === 'email-taken') {
      throw new Problem(409, 'email-taken', 'An account already uses this address: log in, or ask for a new password.')
    }
    sendNow(c, made.letterId)
    const detail = 'We have sent you a letter: open its link to confirm your address, then log in.'
    return c.json({ user: toUser(made.user), detail }, 201, { Location: '/api/users/me' })
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('request-email', 'request-email-to'),
    tags,
    method: 'post',
    path: '/verification-email',
    summary: 'Send the confirmation letter again',
    description: 'The answer is the same whether the address is known, unknown or confirmed already.',
    request: { body: body(addressSchema) },
    responses: { 202: json('Sent, if the address needs it.', detailSchema), ...problems(...bodyProblems) },
  }),
  async (c) => {
    const { email } = c.req.valid('json')
    const { db, config } = c.var
    const { violated } = await c.var.clock.time('gate', () =>
      gateOfEmail(c, email).enter([limitOf('request-email-to', config)]),
    )
    const user = await findUserByEmail(db, email)
    // Unconfirmed accounts are deleted a week after signup: no link outlives its account.
    const remaining = user ? (Date.parse(user.created_at) - Date.now()) / 1000 + unconfirmedSeconds : 0
    const ttl = Math.min(config.VERIFICATION_LINK_TTL, Math.floor(remaining))
    if (user && !user.confirmed_at && ttl > 0 && violated.length === 0) {
      const link = confirmationLink(user.email, user.locale, config, ttl)
      // Written after the answer, so that its time does not tell who has an account.
      afterwards(c, async () => {
        const letterId = await renewConfirmation(db, user.id, link)
        if (letterId !== undefined) await deliver(db, mailerOf(config), letterId)
      })
    }
    return c.json({ detail: 'If an account waits for this address to be confirmed, a letter is on its way.' }, 202)
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('confirm'),
    tags,
    method: 'post',
    path: '/confirm-email',
    summary: 'Confirm an address',
    description: 'With the token from the letter. Confirming twice is fine.',
    request: { body: body(tokenSchema) },
    responses: { 200: json('Confirmed.', detailSchema), ...problems(...bodyProblems, 404, 409) },
  }),
  async (c) => {
    await confirmEmail(c, c.req.valid('json').token)
    return c.json({ detail: 'Your address is confirmed: you can log in.' }, 200)
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('login', 'login-failures', 'login-failures-hour', 'login-failures-email'),
    tags,
    method: 'post',
    path: '/login',
    summary: 'Log in',
    description: 'With JSON, or with the form of OAuth 2.0’s password grant, where `username` is the e-mail.',
    request: {
      // Not `required`, which would demand both forms at once: the handler refuses a body that is neither.
      body: {
        content: {
          'application/json': { schema: loginSchema },
          'application/x-www-form-urlencoded': { schema: loginFormSchema },
        },
      },
    },
    responses: { 200: json('Signed in.', tokensSchema), ...problems(...bodyProblems, 401, 403, 409) },
  }),
  async (c) => {
    const { config } = c.var
    const form: Partial<z.infer<typeof loginFormSchema>> = c.req.valid('form')
    const given: Partial<z.infer<typeof loginSchema>> = c.req.valid('json')
    const email = form.username ?? given.email
    const password = form.password ?? given.password
    if (email === undefined || password === undefined) {
      throw invalid([{ pointer: '', detail: 'Send your e-mail and password, as JSON or as an OAuth2 password form.' }])
    }
    const signedInAs = (await signIn(c, email, password)) ?? (await signIn(c, email, password))
    if (!signedInAs) throw wrongCredentials()
    const tokens = await tokensFor(signedInAs, config)
    return c.json(tokens, 200, unsaved)
  },
)

authRoutes.openapi(
  createRoute({
    ...documentedLimits('refresh'),
    tags,
    method: 'post',
    path: '/refresh',
    summary: 'Get new tokens',
    description:
      'Exchanges a refresh token, in the body or as a bearer token, for new ones. Used again within 30 s it gets the same ' +
      'successor; used later it counts as stolen, and the session ends.',
    request: { body: { content: { 'application/json': { schema: refreshSchema } } } },
    responses: { 200: json('New tokens.', tokensSchema), ...problems(...bodyProblems, 401, 409) },
  }),
  async (c) => {
    const token = c.req.valid('json').refresh_token ?? bearerToken(c.req.header('Authorization'))
    if (!token)
      throw invalid([{ pointer: '/refresh_token', detail: 'Send the refresh token here, or as a bearer token.' }])
    const { db, config, clock } = c.var
    const claims = await ownerOf(db, token, config)
    const gate = gateOf(c.env, `user:${claims.userId}`)
    const { standings, violated } = await clock.time('gate', () => gate.enter([limitOf('refresh', config)]))
    tellStandings(c, standings)
    if (violated.length > 0) throw tooMany(standings, violated)
    return c.json(await refresh(db, gate, claims, config), 200, unsaved)
  },
)

authRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'post',
    path: '/logout',
    summary: 'Log out',
    description: 'Ends this session: its access and refresh tokens are refused from the next request on.',
    responses: { 204: { description: 'Ended.' }, ...problems(401, 409) },
  }),
  async (c) => {
    const { db, user, sessionId, gate } = c.var
    await revise(gate, user.revision, (revision) => endSession(db, user.id, sessionId, revision))
    return c.body(null, 204)
  },
)

/**
 * Verifies a password in the e-mail's gate and begins a session. Undefined when the hash was replaced between the two: by another
 * login, which hashed the same password anew, or by a change of it. Then the password has to be verified once more.
 * @throws Problem 401 `invalid-credentials` or `email-not-confirmed`, 403 `account-disabled`, 429
 */
async function signIn(c: Context<AppEnv>, email: string, password: string) {
  const { db, config } = c.var
  const address = addressOf(c)
  const user = await findUserByEmail(db, email)
  const { right, rehashed, standings, violated } = await c.var.clock.time('gate', () =>
    gateOfEmail(c, email).attempt({
      password,
      phc: user?.password_hash ?? null,
      address,
      accountId: user?.confirmed_at && !user.disabled ? user.id : null,
      pairLimit: limitOf('login-failures', config),
      shareLimit: limitOf('login-failures-hour', config),
      emailLimit: limitOf('login-failures-email', config),
    }),
  )
  if (violated.length > 0) {
    tellStandings(c, standings)
    throw tooMany(standings, violated)
  }
  if (!user || !right) throw wrongCredentials()
  if (!user.confirmed_at) {
    throw new Problem(
      401,
      'email-not-confirmed',
      'Confirm your address first: open the link in our letter, or ask for a new one.',
      challenged,
    )
  }
  if (user.disabled)
    throw new Problem(403, 'account-disabled', 'This account has been disabled: ask who runs the service.')
  const hash = rehashed ?? user.password_hash
  if (rehashed && !(await replaceHash(db, user.id, user.password_hash, rehashed))) return undefined
  const session = await startSession(db, user.id, hash, {
    device: c.req.header('User-Agent')?.slice(0, 200) ?? null,
    address,
  })
  if (!session) return undefined
  if (session.crowded) {
    const gate = gateOf(c.env, `user:${user.id}`)
    await revise(gate, user.revision, (revision) => endOldestSessions(db, user.id, revision))
  }
  return { userId: user.id, sessionId: session.id, generation: session.generation }
}

const challenged = { headers: { 'WWW-Authenticate': 'Bearer' } }

/** The same words whether the account is unknown or the password wrong. */
const wrongCredentials = (): Problem =>
  new Problem(401, 'invalid-credentials', 'The e-mail or the password is wrong.', challenged)

/**
 * Confirms the address that a link was sent to.
 * @throws Problem 404 `link-not-found` when there is no such link, or it has expired
 */
export async function confirmEmail(c: Serving, token: string): Promise<void> {
  const { db } = c.var
  const found = await findConfirmation(db, tokenHash(token))
  if (!found) throw new Problem(404, 'link-not-found', 'This link is unknown or has expired: ask for a new letter.')
  if (found.confirmed) return
  const gate = gateOf(c.env, `user:${found.userId}`)
  await revise(gate, found.revision, (revision) => confirmUser(db, found.userId, revision))
}

/** As much of a request's context as these functions need. */
interface Serving {
  readonly env: Bindings
  readonly var: { readonly db: Database; readonly config: Configuration }
}

const gateOfEmail = (c: Serving, email: string): GateClient => gateOf(c.env, emailGate(emailKey(email), c.var.config))

function confirmationLink(
  email: string,
  locale: 'en' | 'uk',
  config: Configuration,
  ttlSeconds = Math.min(config.VERIFICATION_LINK_TTL, unconfirmedSeconds),
): LinkLetter {
  const token = randomToken()
  const url = `${config.PUBLIC_URL}/confirm-email/${token}`
  return {
    tokenHash: tokenHash(token),
    expiresAt: timestamp(Date.now() + ttlSeconds * 1000),
    letter: confirmEmailLetter(email, locale, url, ttlSeconds),
  }
}

/** Tries a letter at once, after the answer; what fails is the sweep's. */
function sendNow(c: Context<AppEnv>, letterId: number | undefined): void {
  if (letterId !== undefined) afterwards(c, () => deliver(c.var.db, mailerOf(c.var.config), letterId))
}

/** Does something after the answer. What fails there is logged, in words that hold no SQL and no parameters. */
function afterwards(c: Context<AppEnv>, work: () => Promise<void>): void {
  const { requestId } = c.var
  c.executionCtx.waitUntil(
    work().catch((error: unknown) => {
      console.error(JSON.stringify({ level: 'error', request_id: requestId, afterwards: rootMessage(error) }))
    }),
  )
}
