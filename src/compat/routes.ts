import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import { confirmEmail } from '../auth/confirm-email.ts'
import { signedIn } from '../auth/guard.ts'
import { requestConfirmation } from '../auth/request-confirmation.ts'
import { requestReset } from '../auth/request-reset.ts'
import { exchangeRefreshToken } from '../auth/routes.ts'
import { addressSchema, detailSchema } from '../auth/schema.ts'
import { bearerToken } from '../auth/strategies.ts'
import { confirmationRequested, confirmedDetail, resetRequested } from '../auth/words.ts'
import { birthdaysResponse } from '../birthdays/routes.ts'
import { birthdayQuerySchema, upcomingSchema } from '../birthdays/schema.ts'
import { contactResponse } from '../contacts/routes.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { findBestMatch } from '../contacts/search/list-store.ts'
import { findContact } from '../contacts/store.ts'
import { contactNotFound } from '../contacts/write.ts'
import { limited } from '../platform/gate/limits.ts'
import { notModified } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { cleanPasted } from '../platform/text/paste.ts'

/**
 * Paths of older clients. Each works like the route that it stands for (docs/compat.md). Our letters and the OpenAPI
 * document do not contain them.
 */
export const compatRoutes = createRouter()

const unsaved = { 'Cache-Control': 'no-store' }
const confirms = limited('confirm').middleware

compatRoutes.get('/api/auth/refresh_token', async (c) => {
  const token = bearerToken(c.req.header('Authorization'))
  if (!token) {
    throw new Problem(401, 'not-signed-in', 'Send the refresh token as a bearer token.', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    })
  }
  return c.json(await exchangeRefreshToken(c, token), 200, unsaved)
})

/** A route that takes an address and sends a letter: not in the document, but validated like those in it. */
const asksForLetter = <const P extends string>(path: P) =>
  createRoute({
    hide: true,
    ...limited('request-email'),
    method: 'post',
    path,
    request: { body: body(addressSchema) },
    responses: { 202: json('Sent, if there is such an account.', detailSchema), ...problems(...bodyProblems) },
  })

compatRoutes.openapi(asksForLetter('/api/auth/request_email'), async (c) => {
  await requestConfirmation(c.var.services, c.req.valid('json').email)
  return c.json({ detail: confirmationRequested }, 202)
})

compatRoutes.openapi(asksForLetter('/api/auth/reset_pwd'), async (c) => {
  await requestReset(c.var.services, c.req.valid('json').email, clientOf(c))
  return c.json({ detail: resetRequested }, 202)
})

// Older clients confirm by GET. Our own letters never link here, so no mail scanner follows.
for (const path of ['/api/auth/confirmed_email/:token', '/api/email/confirm/:token'] as const) {
  compatRoutes.get(path, confirms, async (c) => {
    await confirmEmail(c.var.services, c.req.param('token'), clientOf(c))
    return c.json({ detail: confirmedDetail }, 200)
  })
}

const { days, ...others } = birthdayQuerySchema.shape

compatRoutes.openapi(
  createRoute({
    hide: true,
    ...signedIn('contacts-read', 'contacts:read'),
    method: 'get',
    path: '/api/contacts/bd',
    request: { query: z.strictObject({ days_range: days, ...others }) },
    responses: { 200: json('Who has a birthday.', z.array(upcomingSchema)), ...problems(401, 403, 422) },
  }),
  (c) => {
    const { days_range, ...rest } = c.req.valid('query')
    return birthdaysResponse(c, { days: days_range, ...rest })
  },
)

/** Whether a text is a number in any spelling: 1.0, -1, +1, 1e3, 1,000. Such a text is neither an id nor a search. */
const isNumber = (text: string): boolean =>
  /^[+-]?\p{Nd}[\p{Nd}.,_]*(?:e[+-]?\p{Nd}+)?$|^[+-]?[.,]\p{Nd}+$|^0[box][\da-f]+$/iu.test(cleanPasted(text).trim())

// Digits alone are an id, for another route.
compatRoutes.openapi(
  createRoute({
    hide: true,
    ...signedIn('contacts-read', 'contacts:read'),
    method: 'get',
    path: '/api/contacts/:query{[0-9]*[^/0-9][^/]*}',
    responses: {
      200: json('The contact.', contactDetailsSchema),
      304: notModified,
      ...problems(401, 403, 404, 412),
    },
  }),
  async (c) => {
    const query = c.req.param('query')
    const { db, user } = c.var
    const found = isNumber(query) ? undefined : await findBestMatch(db, user.id, query)
    const row = found && (await findContact(db, user.id, found.id))
    if (!row) throw contactNotFound()
    return contactResponse(c, row)
  },
)
