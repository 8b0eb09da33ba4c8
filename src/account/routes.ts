import { createRoute } from '@hono/zod-openapi'
import type { Context, TypedResponse } from 'hono'
import { z } from 'zod'
import { eventSchema } from '../audit/schema.ts'
import { listEvents } from '../audit/store.ts'
import { toOwnEvent } from '../audit/view.ts'
import { requirePassword } from '../auth/check-password.ts'
import { clientOf } from '../auth/client.ts'
import { openToApps, type SessionEnv, signedIn } from '../auth/guard.ts'
import { detailSchema } from '../auth/schema.ts'
import { documentedLimits } from '../platform/gate/limits.ts'
import {
  conditionsOf,
  etagHeader,
  etagsOf,
  isConditional,
  matchesIfNoneMatch,
  notModified,
  readConditions,
  requireMatch,
  requireUntagged,
  untaggedConditions,
  writeConditions,
} from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { createRouter } from '../platform/http/router.ts'
import { type StoredPicture, storePicture } from '../platform/pictures/store.ts'
import { pictureBody, readUploadedPicture } from '../platform/pictures/upload.ts'
import { userChangesSchema, userSchema } from '../users/schema.ts'
import type { UserRow } from '../users/table.ts'
import { toUser } from '../users/view.ts'
import { changeAccount } from './change-account.ts'
import { requestEmailChange } from './change-email.ts'
import { changeOwnPassword } from './change-password.ts'
import { deleteUserAccount } from './delete-account.ts'
import { exportAccount } from './export.ts'
import {
  deletionSchema,
  type Export,
  emailChangeSchema,
  eventQuerySchema,
  exportSchema,
  passwordChangeSchema,
} from './schema.ts'
import { setUserAvatar } from './set-avatar.ts'

const tags = ['Me']
/** Limits of a wrong current password, which these routes count besides. */
const failures = ['login-failures', 'login-failures-hour', 'login-failures-email'] as const
/** Makes the ETag of an account at a revision. */
const userEtag = etagsOf(userSchema, { f8f5dada: 2 })
const me = { ...json('Your account.', userSchema), headers: etagHeader }
const tagged = (revision: number) => ({ 'Cache-Control': 'private, no-cache', ETag: userEtag(revision) })

export const accountRoutes = createRouter()

accountRoutes.openapi(
  createRoute({
    ...openToApps('api', 'account'),
    tags,
    method: 'get',
    path: '/me',
    operationId: 'getMe',
    summary: 'Who am I',
    description:
      'The account that the access token or the app password belongs to. With If-None-Match, 304 if nothing has changed.',
    request: { headers: readConditions },
    responses: {
      200: me,
      304: notModified,
      ...problems(401, 403, 412),
    },
  }),
  (c) => {
    const { user } = c.var
    requireMatch(conditionsOf(c), userEtag(user.revision))
    if (matchesIfNoneMatch(conditionsOf(c), userEtag(user.revision))) return c.body(null, 304, tagged(user.revision))
    return c.json(toUser(user, c.var.config), 200, tagged(user.revision))
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'patch',
    path: '/me',
    operationId: 'updateMe',
    summary: 'Change my username, language or letters',
    description:
      'Fields that you leave out stay as they are. With If-Match, the account changes only if it is the version that you have read.',
    request: { headers: writeConditions, body: body(userChangesSchema) },
    responses: { 200: me, ...problems(...bodyProblems, 401, 403, 409, 412) },
  }),
  async (c) => {
    const { services, user } = c.var
    requireMatch(conditionsOf(c), userEtag(user.revision))
    const changes = c.req.valid('json')
    const changed = await changeAccount(services, user, changes, { isConditional: isConditional(c) })
    return c.json(toUser(changed, c.var.config), 200, tagged(changed.revision))
  },
)

/** Sets the user's picture, or removes it if null, under the conditions of the request. */
const setAvatar = (c: Context<SessionEnv>, picture: StoredPicture | null): Promise<UserRow> =>
  setUserAvatar(c.var.services, {
    user: c.var.user,
    picture,
    sessionId: c.var.sessionId,
    expectedRevision: isConditional(c) ? c.var.user.revision : undefined,
  })

accountRoutes.openapi(
  createRoute({
    ...signedIn(['avatar', 'avatar-day']),
    tags,
    method: 'patch',
    path: '/avatar',
    operationId: 'setMyAvatar',
    summary: 'Set my picture',
    description:
      'Replaces the picture that was there. The place where it was taken and all other metadata are removed.',
    request: { headers: writeConditions, body: pictureBody },
    responses: { 200: me, ...problems(...bodyProblems, 401, 403, 409, 412) },
  }),
  async (c) => {
    requireMatch(conditionsOf(c), userEtag(c.var.user.revision))
    const picture = await storePicture(c.var.services, await readUploadedPicture(c.req.valid('form').file))
    const changed = await setAvatar(c, picture)
    return c.json(toUser(changed, c.var.config), 200, tagged(changed.revision))
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn(['avatar', 'avatar-day']),
    tags,
    method: 'delete',
    path: '/avatar',
    operationId: 'removeMyAvatar',
    summary: 'Remove my picture',
    description: 'A picture of your initials (or your Gravatar) is shown instead.',
    request: { headers: writeConditions },
    responses: { 200: me, ...problems(401, 403, 409, 412) },
  }),
  async (c) => {
    requireMatch(conditionsOf(c), userEtag(c.var.user.revision))
    const changed = await setAvatar(c, null)
    return c.json(toUser(changed, c.var.config), 200, tagged(changed.revision))
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    ...documentedLimits('account', ...failures),
    tags,
    method: 'put',
    path: '/me/password',
    operationId: 'changePassword',
    summary: 'Change my password',
    description:
      'Ends every other session, and every app password if `end_app_passwords` is true; tells you so by a letter.',
    request: { headers: untaggedConditions, body: body(passwordChangeSchema) },
    responses: { 204: { description: 'Changed.' }, ...problems(...bodyProblems, 401, 403, 409, 412) },
  }),
  async (c) => {
    const { current_password, password, end_app_passwords } = c.req.valid('json')
    await changeOwnPassword(c.var.services, {
      userId: c.var.user.id,
      sessionId: c.var.sessionId,
      currentPassword: current_password,
      password,
      client: clientOf(c),
      endsAppPasswords: end_app_passwords,
      checkConditions: () => requireUntagged(c),
    })
    return c.body(null, 204)
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn(['account', 'email-change']),
    ...documentedLimits('account', 'email-change', 'request-email-to', ...failures),
    tags,
    method: 'post',
    path: '/me/email',
    operationId: 'changeEmail',
    summary: 'Change my e-mail',
    description:
      'Sends a letter to the new address, whose link makes the change, and a notice to the old one. The answer is the same ' +
      'where another account uses the new address: its owner gets a letter that says so.',
    request: { body: body(emailChangeSchema) },
    responses: {
      202: json('A letter is on its way to the new address.', detailSchema),
      ...problems(...bodyProblems, 401, 403, 409),
    },
  }),
  async (c) => {
    const { email, current_password } = c.req.valid('json')
    const change = { userId: c.var.user.id, email, currentPassword: current_password, client: clientOf(c) }
    await requestEmailChange(c.var.services, change)
    return c.json({ detail: 'Open the link in the letter to the new address: then it is yours.' }, 202)
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'get',
    path: '/me/events',
    operationId: 'listMyEvents',
    summary: 'What happened to my account',
    description: 'Newest first, for 180 days: who logged in from where, who tried, and what was changed.',
    request: { query: eventQuerySchema },
    responses: {
      200: { ...json('A page of events.', z.array(eventSchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const { rows, next, total } = await listEvents(c.var.db, c.var.user.id, query, parseCursor(query, 'events'))
    setPageHeaders(c, next, total)
    return c.json(rows.map(toOwnEvent), 200, { 'Cache-Control': 'private, no-cache' })
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'get',
    path: '/me/export',
    operationId: 'exportMe',
    summary: 'Export everything about me',
    description: 'The account, its sessions, app passwords, letters and events, and every contact, as one JSON file.',
    responses: { 200: json('All of it.', exportSchema), ...problems(401, 403) },
  }),
  async (c) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Disposition': 'attachment; filename="vizitka-export.json"',
      'Cache-Control': 'no-store',
    }
    // The type cannot express that JSON of this shape is streamed.
    return c.body(
      await exportAccount(c.var.db, c.var.user, c.var.config, c.var.sessionId),
      200,
      headers,
    ) as unknown as TypedResponse<Export, 200, 'json'>
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    ...documentedLimits('account', ...failures),
    tags,
    method: 'delete',
    path: '/me',
    operationId: 'deleteMe',
    summary: 'Delete my account',
    description:
      'Deletes the account with its contacts, sessions and letters, at once and for good. The address can sign up again.',
    request: { headers: writeConditions, body: body(deletionSchema) },
    responses: { 204: { description: 'Gone.' }, ...problems(...bodyProblems, 401, 403, 409, 412) },
  }),
  async (c) => {
    requireMatch(conditionsOf(c), userEtag(c.var.user.revision))
    const { services } = c.var
    const { current_password } = c.req.valid('json')
    const user = await requirePassword(services, c.var.user.id, current_password, clientOf(c))
    // Checked again after hashing, which takes a while.
    requireMatch(conditionsOf(c), userEtag(user.revision))
    await deleteUserAccount(services, { user, requiresPassword: true })
    return c.body(null, 204)
  },
)
