import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { z } from 'zod'
import {
  documentedLimits,
  enforceLimit,
  limited,
  limitOf,
  setRateLimitHeaders,
  tooManyRequests,
} from '../platform/gate/limits.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { languageOf } from '../platform/http/language.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { invalidValues } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { toUser } from '../users/view.ts'
import { clientOf } from './client.ts'
import { confirmEmail } from './confirm-email.ts'
import { requestConfirmation } from './request-confirmation.ts'
import {
  addressSchema,
  detailSchema,
  loginFormSchema,
  loginHeadersSchema,
  loginSchema,
  refreshSchema,
  signedUpSchema,
  signupSchema,
  tokenSchema,
  tokensSchema,
} from './schema.ts'
import { findRefreshSession, issueTokens, refresh, sessionEnded, type Tokens } from './session.ts'
import { signIn } from './sign-in.ts'
import { signUp } from './sign-up.ts'
import { bearerToken } from './strategies.ts'
import { confirmationRequested, confirmedDetail } from './words.ts'

const tags = ['Accounts']
const noStore = { 'Cache-Control': 'no-store' }

export const authRoutes = createRouter()

authRoutes.openapi(
  createRoute({
    ...limited('signup'),
    tags,
    method: 'post',
    path: '/signup',
    operationId: 'signUp',
    summary: 'Sign up',
    description: 'Creates an account and sends a letter to confirm its address.',
    request: { body: body(signupSchema) },
    responses: {
      201: { ...json('The account; a letter is on its way.', signedUpSchema), headers: location },
      ...problems(...bodyProblems, 409),
    },
  }),
  async (c) => {
    const { username, email, password, locale = languageOf(c) } = c.req.valid('json')
    const user = await signUp(c.var.services, { username, email, password, locale, client: clientOf(c) })
    const detail = 'We have sent you a letter: open its link to confirm your address, then log in.'
    return c.json({ user: toUser(user, c.var.config), detail }, 201, { Location: '/api/users/me' })
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('request-email', 'request-email-to'),
    tags,
    method: 'post',
    path: '/verification-email',
    operationId: 'requestVerificationEmail',
    summary: 'Send the confirmation letter again',
    description: 'The answer is the same whether the address is known, unknown or confirmed already.',
    request: { body: body(addressSchema) },
    responses: { 202: json('Sent, if the address needs it.', detailSchema), ...problems(...bodyProblems) },
  }),
  async (c) => {
    await requestConfirmation(c.var.services, c.req.valid('json').email)
    return c.json({ detail: confirmationRequested }, 202)
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('confirm'),
    tags,
    method: 'post',
    path: '/confirm-email',
    operationId: 'confirmEmail',
    summary: 'Confirm an address',
    description: 'With the token from the letter. Confirming twice is fine.',
    request: { body: body(tokenSchema) },
    responses: { 200: json('Confirmed.', detailSchema), ...problems(...bodyProblems, 404, 409) },
  }),
  async (c) => {
    await confirmEmail(c.var.services, c.req.valid('json').token, clientOf(c))
    return c.json({ detail: confirmedDetail }, 200)
  },
)

authRoutes.openapi(
  createRoute({
    ...limited('login', 'login-failures', 'login-failures-hour', 'login-failures-email'),
    tags,
    method: 'post',
    path: '/login',
    operationId: 'logIn',
    summary: 'Log in',
    'x-requires-body': true,
    description: 'With JSON, or with the form of OAuth 2.0’s password grant, where `username` is the e-mail.',
    request: {
      headers: loginHeadersSchema,
      // Not `required`, which would demand both forms at once; src/pages/docs.ts sets it in the document.
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
    const form: Partial<z.infer<typeof loginFormSchema>> = c.req.valid('form')
    const credentials: Partial<z.infer<typeof loginSchema>> = c.req.valid('json')
    const email = form.username ?? credentials.email
    const password = form.password ?? credentials.password
    if (email === undefined || password === undefined) {
      throw invalidValues([
        { pointer: '', detail: 'Send your e-mail and password, as JSON or as an OAuth2 password form.' },
      ])
    }
    const session = await signIn(c.var.services, { email, password, client: clientOf(c) })
    return c.json(await issueTokens(session, c.var.config), 200, noStore)
  },
)

authRoutes.openapi(
  createRoute({
    ...documentedLimits('refresh'),
    tags,
    method: 'post',
    path: '/refresh',
    operationId: 'refreshTokens',
    summary: 'Get new tokens',
    description:
      'Exchanges a refresh token, in the body or as a bearer token, for new ones. Used again within 30 s it gets the same ' +
      'successor; used later it counts as stolen, and the session ends.',
    request: { body: { content: { 'application/json': { schema: refreshSchema } } } },
    responses: { 200: json('New tokens.', tokensSchema), ...problems(...bodyProblems, 401, 409) },
  }),
  async (c) => {
    const token = c.req.valid('json').refresh_token?.trim() || bearerToken(c.req.header('Authorization'))
    if (!token)
      throw invalidValues([{ pointer: '/refresh_token', detail: 'Send the refresh token here, or as a bearer token.' }])
    return c.json(await exchangeRefreshToken(c, token), 200, noStore)
  },
)

/**
 * Exchanges a refresh token for new tokens, within the user's limit. A token of an ended session counts against the
 * address.
 * @throws Problem 401 `invalid-refresh-token` or `session-revoked`, 429
 */
export async function exchangeRefreshToken(c: Context<AppEnv>, token: string): Promise<Tokens> {
  const { db, config, services } = c.var
  const claims = await findRefreshSession(db, token, config)
  if (!claims) {
    // This cost a query, and no user can be charged for it, so it counts against the address.
    await enforceLimit(c, 'refresh')
    throw sessionEnded()
  }
  const gate = services.gate(`user:${claims.userId}`)
  const { standings, violated } = await gate.enter([limitOf('refresh', config)])
  setRateLimitHeaders(c, standings)
  if (violated.length > 0) throw tooManyRequests(standings, violated)
  return refresh(db, gate, claims, clientOf(c), config)
}
