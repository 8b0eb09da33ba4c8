import { createRoute } from '@hono/zod-openapi'
import { tokenHash } from '../platform/crypto/keys.ts'
import { limited } from '../platform/gate/limits.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { clientOf } from './client.ts'
import { invalidLink } from './confirm-email.ts'
import { findReset } from './email-token-store.ts'
import { requestReset } from './request-reset.ts'
import { requireSameAccount, resetPassword } from './reset-password.ts'
import { addressSchema, detailSchema, linkTokenParamSchema, resetConfirmationSchema, resetSchema } from './schema.ts'
import { issueResetConfirmation, readResetConfirmation } from './tokens.ts'
import { resetRequested } from './words.ts'

const tags = ['Accounts']

/** How long a reset confirmation is valid at most, so how long a person may take over a client's form. */
const confirmationSeconds = 15 * 60

/** Resets a forgotten password in three steps: request, open the link, choose. */
export const resetRoutes = createRouter()

resetRoutes.openapi(
  createRoute({
    ...limited('request-email', 'request-email-to'),
    tags,
    method: 'post',
    path: '/request-password-reset-email',
    operationId: 'requestPasswordReset',
    summary: 'Request a password reset',
    description:
      'Sends a letter with a link to whoever has an account with this address. Nothing about the account ' +
      'changes. The answer ' +
      'is the same whether the address is known or not.',
    request: { body: body(addressSchema) },
    responses: { 202: json('Sent, if there is such an account.', detailSchema), ...problems(...bodyProblems) },
  }),
  async (c) => {
    await requestReset(c.var.services, c.req.valid('json').email, clientOf(c))
    return c.json({ detail: resetRequested }, 202)
  },
)

resetRoutes.openapi(
  createRoute({
    ...limited('reset'),
    tags,
    method: 'get',
    path: '/reset-password/{token}',
    operationId: 'openPasswordReset',
    summary: 'Open a reset link',
    description: 'Changes nothing, and may be repeated while the link is valid: mail scanners follow links, too.',
    request: { params: linkTokenParamSchema },
    responses: { 200: json('Go on with this token.', resetConfirmationSchema), ...problems(404) },
  }),
  async (c) => {
    const hash = tokenHash(c.req.valid('param').token)
    const link = await findReset(c.var.db, hash)
    const remaining = link ? Math.floor((Date.parse(link.expiresAt) - Date.now()) / 1000) : 0
    const expires_in = Math.min(confirmationSeconds, remaining)
    if (!link || expires_in < 1) throw invalidLink()
    const reset_password_confirmation_token = await issueResetConfirmation(hash, expires_in, c.var.config)
    return c.json({ reset_password_confirmation_token, expires_in }, 200, { 'Cache-Control': 'no-store' })
  },
)

resetRoutes.openapi(
  createRoute({
    ...limited('reset'),
    tags,
    method: 'patch',
    path: '/reset-password-confirmation/{token}',
    operationId: 'resetPassword',
    summary: 'Choose the new password',
    description:
      'Sets the password of the account that the link was sent to, once. Its address counts as confirmed, every ' +
      'session ends, ' +
      'and so does every app password unless `end_app_passwords` is false; a letter tells the owner. An e-mail ' +
      'that is ' +
      'sent too must be that account’s; a username is ignored.',
    request: { params: linkTokenParamSchema, headers: untaggedConditions, body: body(resetSchema) },
    responses: { 200: json('Changed.', detailSchema), ...problems(...bodyProblems, 404, 409, 412) },
  }),
  async (c) => {
    const { password, email, end_app_passwords } = c.req.valid('json')
    const hash = await readResetConfirmation(c.req.valid('param').token, c.var.config)
    const link = hash === null ? undefined : await findReset(c.var.db, hash)
    if (!link) throw invalidLink()
    requireSameAccount(link, email)
    await resetPassword(c.var.services, {
      link,
      password,
      client: clientOf(c),
      endsAppPasswords: end_app_passwords,
      checkConditions: () => requireUntagged(c),
    })
    return c.json({ detail: 'Your password is changed: log in with it.' }, 200)
  },
)
