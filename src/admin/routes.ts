import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { accountNotFound, deleteUserAccount } from '../account/delete-account.ts'
import { eventQuerySchema } from '../account/schema.ts'
import { eventSchema } from '../audit/schema.ts'
import { listEvents } from '../audit/store.ts'
import { toEvent } from '../audit/view.ts'
import { clientOf } from '../auth/client.ts'
import { signedIn } from '../auth/guard.ts'
import { sendNow } from '../auth/letters.ts'
import { isPermitted, notPermitted } from '../auth/policy.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { findLetter, listLetters, resend } from '../platform/mail/outbox-store.ts'
import { idInPath } from '../platform/text/fields.ts'
import { findUser } from '../users/store.ts'
import { changeUserAccess } from './manage-user.ts'
import { letterQuerySchema, letterSchema, managedUserSchema, userManagementSchema, userQuerySchema } from './schema.ts'
import { listUsers } from './store.ts'
import { toLetter, toManagedUser } from './view.ts'

const tags = ['Admin']
const noCache = { 'Cache-Control': 'private, no-cache' }
const params = z.object({ id: idInPath })
const noLetter = (): Problem => new Problem(404, 'not-found', 'There is no letter with this id.')

export const adminRoutes = createRouter()

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'users:read'),
    tags,
    method: 'get',
    path: '/users',
    operationId: 'listUsers',
    summary: 'List accounts',
    description:
      'The oldest first, a page at a time: searched by e-mail or username, by role, or by whether they are disabled.',
    request: { query: userQuerySchema },
    responses: {
      200: { ...json('A page of accounts, the oldest first.', z.array(managedUserSchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const { rows, next, total } = await listUsers(c.var.db, query, parseCursor(query, 'users'))
    setPageHeaders(c, next, total)
    return c.json(
      rows.map((row) => toManagedUser(row, c.var.config)),
      200,
      noCache,
    )
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'users:read'),
    tags,
    method: 'get',
    path: '/users/{id}',
    operationId: 'getUser',
    summary: 'Read an account',
    description: 'Shows the role of the account and whether it is disabled, but no contacts.',
    request: { params },
    responses: { 200: json('The account.', managedUserSchema), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const user = await findUser(c.var.db, c.req.valid('param').id)
    if (!user) throw accountNotFound()
    return c.json(toManagedUser(user, c.var.config), 200, noCache)
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'users:disable', 'users:role'),
    tags,
    method: 'patch',
    path: '/users/{id}',
    operationId: 'updateUser',
    summary: 'Change an account’s role, disable or enable it',
    description:
      'Takes effect at the next request, everywhere. Disabling ends every session. Without `users:role` you ' +
      'cannot change ' +
      'an admin. The last admin cannot be demoted or disabled.',
    request: { params, headers: untaggedConditions, body: body(userManagementSchema) },
    responses: { 200: json('As it is now.', managedUserSchema), ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { services, user, config } = c.var
    const changes = c.req.valid('json')
    const { id } = c.req.valid('param')
    if (changes.role !== undefined && !isPermitted(user.role, 'users:role', config)) throw notPermitted(['users:role'])
    if (changes.disabled !== undefined && !isPermitted(user.role, 'users:disable', config))
      throw notPermitted(['users:disable'])
    const manager = { id: user.id, overAdmins: isPermitted(user.role, 'users:role', config), ...clientOf(c) }
    const change = { id, changes, manager, checkConditions: () => requireUntagged(c) }
    return c.json(toManagedUser(await changeUserAccess(services, change), config), 200, noCache)
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'users:delete'),
    tags,
    method: 'delete',
    path: '/users/{id}',
    operationId: 'deleteUser',
    summary: 'Delete an account',
    description:
      'Deletes the account with its contacts, sessions and letters, at once and for good. Without `users:role` ' +
      'you cannot delete an admin.',
    request: { params, headers: untaggedConditions },
    responses: { 204: { description: 'Gone.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { db, user, config } = c.var
    const target = await findUser(db, c.req.valid('param').id)
    if (!target) throw accountNotFound()
    const overAdmins = isPermitted(user.role, 'users:role', config)
    if (target.role === 'admin' && !overAdmins) throw notPermitted(['users:role'])
    requireUntagged(c)
    const actor = target.id === user.id ? {} : { actor: { actorId: user.id, ...clientOf(c) } }
    await deleteUserAccount(c.var.services, { user: target, sparesAdmins: !overAdmins, ...actor })
    return c.body(null, 204)
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'events:read'),
    tags,
    method: 'get',
    path: '/users/{id}/events',
    operationId: 'listUserEvents',
    summary: 'What happened to an account',
    description: 'Newest first, for 180 days. Of a deleted account, only its deletion remains.',
    request: { params, query: eventQuerySchema },
    responses: {
      200: { ...json('A page of events.', z.array(eventSchema)), headers: pageHeaders },
      ...problems(401, 403, 404, 422),
    },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    const query = c.req.valid('query')
    const { rows, next, total } = await listEvents(c.var.db, id, query, parseCursor(query, 'events'))
    if (rows.length === 0 && !(await findUser(c.var.db, id))) throw accountNotFound()
    setPageHeaders(c, next, total)
    return c.json(rows.map(toEvent), 200, noCache)
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'outbox:manage'),
    tags,
    method: 'get',
    path: '/outbox',
    operationId: 'listLetters',
    summary: 'List letters',
    description:
      'Letters that are waiting, were sent or have failed, newest first. The text of a letter is never shown.',
    request: { query: letterQuerySchema },
    responses: {
      200: { ...json('A page of letters.', z.array(letterSchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const { state, ...query } = c.req.valid('query')
    const { rows, next, total } = await listLetters(c.var.db, state, query, parseCursor(query, 'letters'))
    setPageHeaders(c, next, total)
    return c.json(rows.map(toLetter), 200, noCache)
  },
)

adminRoutes.openapi(
  createRoute({
    ...signedIn('account', 'outbox:manage'),
    tags,
    method: 'post',
    path: '/outbox/{id}/resend',
    operationId: 'resendLetter',
    summary: 'Resend a failed letter',
    description:
      'Tries to send the letter at once, and keeps trying as with a new one. 409 for a letter that is waiting or ' +
      'was sent.',
    request: { params },
    responses: { 202: json('The letter, which is tried at once.', letterSchema), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    const letter = await resend(c.var.db, id)
    if (!letter) {
      if (!(await findLetter(c.var.db, id))) throw noLetter()
      throw new Problem(409, 'letter-not-failed', 'This letter has not failed: it is waiting to be sent, or was sent.')
    }
    sendNow(c.var.services, letter.id)
    return c.json(toLetter(letter), 202, noCache)
  },
)
